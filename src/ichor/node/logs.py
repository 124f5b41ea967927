"""The node's log: one line per event, without patient data or anything that an unknown peer could choose.

Studies are named by the first digits of a digest, and senders by their AE title if it is configured. Errors are logged
by type and place, because their messages may quote data.
"""

from __future__ import annotations

import json
import logging
import sys
import threading
import traceback
import warnings
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ichor.errors import IchorError
from ichor.node.queue.analysis import KEY_DIGITS

if TYPE_CHECKING:
    from types import TracebackType

log = logging.getLogger("ichor.node")
FIELDS = "ichor_fields"
# These libraries log what they receive.
QUIET = (
    "pydicom",
    "pynetdicom",
    "pylibjpeg",
    "openjpeg",
    "rle",
    "highdicom",
    "dicomweb_client",
    "urllib3",
    "retrying",
    "asyncio",
    "hl7",
)


class JsonLines(logging.Formatter):
    """Each event as one line with a JSON object; `event` is the message before its values are put in."""

    def format(self, record: logging.LogRecord) -> str:
        """The line of one event."""
        said = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": str(record.msg),
            "message": record.getMessage(),
        }
        return json.dumps({**said, **getattr(record, FIELDS, {})}, ensure_ascii=False)


def fields(study: str = "", **values: Any) -> dict[str, Any]:
    """For the `extra` of a call to the log: values that JSON lines contain beside the message."""
    return {FIELDS: {**({"study": short(study)} if study else {}), **values}}


def log_to_stderr(form: Literal["text", "json"] = "text") -> None:
    """Log the node's events to stderr, but nothing from libraries that handle patient data."""
    handler = logging.StreamHandler(sys.stderr)
    text = logging.Formatter("%(asctime)s %(levelname)s %(message)s")
    handler.setFormatter(JsonLines() if form == "json" else text)
    for one in (log, logging.getLogger("ichor.serving")):
        one.addHandler(handler)
        one.setLevel(logging.INFO)
        one.propagate = False
    keep_quiet()
    threading.excepthook = lambda failed: log_error(
        f"thread {failed.thread.name if failed.thread else ''}", failed.exc_value
    )
    sys.excepthook = _logged


def keep_quiet() -> None:
    """Make the DICOM libraries lenient and silent in every thread of this process."""
    import pydicom.config

    for name in QUIET:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    warnings.simplefilter("ignore")
    pydicom.config.settings.reading_validation_mode = pydicom.config.IGNORE
    pydicom.config.settings.writing_validation_mode = pydicom.config.IGNORE


def log_error(doing: str, error: BaseException | None) -> None:
    """Log an error by its type and place."""
    reason = safe_reason(error)
    log.error("%s: %s", doing, reason, extra=fields(doing=doing, reason=reason))


def safe_reason(error: BaseException | None) -> str:
    """An error in one line that quotes no data: the message of Ichor's own errors, the type and place of others."""
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
