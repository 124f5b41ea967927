"""What the node logs: one line for each event, with nothing of a patient and nothing that a stranger chose.

Studies are named by the first digits of a digest, senders by their AE title only if it is configured. Errors are logged
by their kind and place, since their messages may quote data.
"""

from __future__ import annotations

import logging
import sys
import threading
import traceback
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from ichor.errors import IchorError
from ichor.node.queue.analyses import KEY_DIGITS

if TYPE_CHECKING:
    from types import TracebackType

log = logging.getLogger("ichor.node")
# They log what they receive.
QUIET = ("pydicom", "pynetdicom", "pylibjpeg", "openjpeg", "rle", "highdicom", "dicomweb_client", "urllib3", "retrying")


def log_to_stderr() -> None:
    """Log the node's events to stderr, and nothing of the libraries that handle patients' data."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    log.propagate = False
    keep_quiet()
    threading.excepthook = lambda failed: log_error(
        f"thread {failed.thread.name if failed.thread else ''}", failed.exc_value
    )
    sys.excepthook = _logged


def keep_quiet() -> None:
    """Read leniently and silence the libraries, in every thread of this process."""
    import pydicom.config

    for name in QUIET:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    warnings.simplefilter("ignore")
    pydicom.config.settings.reading_validation_mode = pydicom.config.IGNORE
    pydicom.config.settings.writing_validation_mode = pydicom.config.IGNORE


def log_error(doing: str, error: BaseException | None) -> None:
    """Log an error by its kind and place."""
    log.error("%s: %s", doing, told(error))


def told(error: BaseException | None) -> str:
    """An error in one line that quotes nothing: the message of our own, the kind and place of others."""
    if error is None:
        return "an unknown error"
    if isinstance(error, IchorError):
        return " ".join(str(error).split())
    frames = traceback.extract_tb(error.__traceback__)
    place = f" in {Path(frames[-1].filename).name}, line {frames[-1].lineno}" if frames else ""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}{place}"
    return f"{type(error).__name__}{place}"


def short(study: str) -> str:
    """A study's name in the log."""
    return study[:KEY_DIGITS]


def _logged(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:  # noqa: ARG001
    log_error("the node", error)
