"""Slow imports made quicker."""

from __future__ import annotations

import importlib
import sys
import threading
from importlib.machinery import ModuleSpec
from typing import Any


def nibabel() -> Any:
    """nibabel (not typed), without what it imports for NIfTI headers that quote a DICOM one, and Ichor never reads.

    pydicom brings every decoder of pixels that is installed, which takes longer than all the rest of nibabel.
    """
    if "nibabel" in sys.modules or "pydicom" in sys.modules:
        return importlib.import_module("nibabel")
    hidden = _Hidden("pydicom")
    sys.meta_path.insert(0, hidden)
    try:
        return importlib.import_module("nibabel")
    finally:
        sys.meta_path.remove(hidden)


class _Hidden:
    """Makes a module look as if it were not installed, to this thread alone."""

    def __init__(self, name: str) -> None:
        self._name, self._thread = name, threading.get_ident()

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:  # noqa: ARG002
        """Part of the import system's protocol for finders."""
        if name == self._name and threading.get_ident() == self._thread:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return None
