"""Ichor finds and delineates intracranial hemorrhage on head CT.

Research use only; not a medical device.

The Python API is what `__all__` lists; docs/reference/python.md explains it. Each name is imported when it is first
used, so that `import ichor` takes no time.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from ichor.version import __version__

if TYPE_CHECKING:
    from ichor.errors import BadConfig, IchorError, OutputFailed, UnreadableInput
    from ichor.findings.schema import Findings
    from ichor.read import ReadOptions, find_scans, open_scan
    from ichor.scan import Scan
    from ichor.screening.screener import Screener, screen
    from ichor.segmentation import Segmentation
    from ichor.windows import GrayWindow
    from ichor.write.result import Result

__all__ = [
    "BadConfig",
    "Findings",
    "GrayWindow",
    "IchorError",
    "OutputFailed",
    "ReadOptions",
    "Result",
    "Scan",
    "Screener",
    "Segmentation",
    "UnreadableInput",
    "__version__",
    "find_scans",
    "open_scan",
    "screen",
]

_MODULES = {
    "ichor.errors": ("BadConfig", "IchorError", "OutputFailed", "UnreadableInput"),
    "ichor.findings.schema": ("Findings",),
    "ichor.read": ("ReadOptions", "find_scans", "open_scan"),
    "ichor.scan": ("Scan",),
    "ichor.screening.screener": ("Screener", "screen"),
    "ichor.segmentation": ("Segmentation",),
    "ichor.windows": ("GrayWindow",),
    "ichor.write.result": ("Result",),
}
_PLACES = {name: module for module, names in _MODULES.items() for name in names}


if not TYPE_CHECKING:  # a type checker would take any name for one that is there

    def __getattr__(name: str) -> object:
        if name not in _PLACES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        found = globals()[name] = getattr(import_module(_PLACES[name]), name)
        return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
