"""Ichor finds and delineates intracranial hemorrhage on head CT.

Research use only; not a medical device.
"""

from ichor.version import __version__

__all__ = ["__version__"]
