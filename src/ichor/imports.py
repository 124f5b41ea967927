"""Imports of packages that are slow, or that an installation may lack."""

from __future__ import annotations

import importlib
import sys
import threading
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from typing import Any

from ichor.errors import IchorError


def require_extra(extra: str, *packages: str, used_by: str, error: type[IchorError] = IchorError) -> None:
    """Raise `error`, naming what to install, if one of the packages of an extra is missing; none is imported.

    `packages` are the names by which they are imported; `used_by` begins the message.
    """
    for package in packages:
        if find_spec(package) is None:
            raise error(
                f"{used_by}: expected the package {package}, found none; "
                f"install it with pip install 'ichor-ct[{extra}]'"
            )


def nibabel() -> Any:
    """nibabel (untyped), without its import of pydicom, which it needs only for headers that Ichor never reads.

    pydicom imports every installed pixel decoder, which takes longer than the rest of nibabel.
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
    """Makes a module appear not to be installed, in this thread only."""

    def __init__(self, name: str) -> None:
        self._name, self._thread = name, threading.get_ident()

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:  # noqa: ARG002
        """Part of the import system's protocol for finders."""
        if name == self._name and threading.get_ident() == self._thread:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return None
