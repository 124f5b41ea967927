"""Model packages: those that ship lie here, one folder each; `load_method` opens any of them."""

from ichor.models.package import DEFAULT_MODEL, load_method

__all__ = ["DEFAULT_MODEL", "load_method"]
