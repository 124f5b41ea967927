"""Ends the process of the command line."""

from __future__ import annotations

import os
import sys

ENGINES = ("openvino", "onnxruntime")


def leave(code: int | str | None) -> None:
    """End the process with `code`, like `sys.exit`, but without shutting down the engine if one was loaded.

    When the interpreter ends, an engine frees its networks and threads one by one, which takes as long as reading a
    scan; the system frees them all at once. By now the command has written all its files, and its child processes have
    ended. If torch was loaded, the interpreter ends in the usual way, since training has loaders and loggers to close.
    """
    if not isinstance(code, int | None) or "torch" in sys.modules or not any(name in sys.modules for name in ENGINES):
        sys.exit(code)
    if "ichor.read.pool" in sys.modules:
        sys.modules["ichor.read.pool"].SHARED.end_idle()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:  # nobody reads the remaining output
        code = code or 1
    os._exit(code or 0)
