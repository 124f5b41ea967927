"""How the command line ends."""

from __future__ import annotations

import os
import sys

ENGINES = ("openvino", "onnxruntime")


def leave(code: int | str | None) -> None:
    """End the process with `code`, as `sys.exit` does, but without taking an engine apart where one was loaded.

    When the interpreter ends, an engine frees its networks and threads one by one, which takes as long as reading a
    scan; the system frees them all at once. All that a command writes is written by now, and its child processes have
    ended.
    Where torch was loaded, too, the interpreter ends in the usual way: training has loaders and loggers to close.
    """
    if not isinstance(code, int | None) or "torch" in sys.modules or not any(name in sys.modules for name in ENGINES):
        sys.exit(code)
    if "ichor.read.pool" in sys.modules:
        sys.modules["ichor.read.pool"].SHARED.end_idle()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:  # nobody reads what is left to say
        code = code or 1
    os._exit(code or 0)
