"""Everything that segments, behind one protocol. `get` finds a method by its name, `load_method` a trained one."""

from ichor.methods.base import Method
from ichor.methods.loading import load_method
from ichor.methods.registry import METHODS, get

__all__ = ["METHODS", "Method", "get", "load_method"]
