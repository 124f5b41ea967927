"""Everything that segments, behind one protocol. `get(name)` finds a method by its name."""

from ichor.methods.base import Method
from ichor.methods.registry import METHODS, get

__all__ = ["METHODS", "Method", "get"]
