"""What became of a scan of a batch."""

from __future__ import annotations

import traceback as tracebacks
from dataclasses import dataclass
from typing import Literal

from ichor.errors import IchorError
from ichor.findings.schema import Findings
from ichor.screening.job import Job

# Where in the code unforeseen errors arose, beside the results.
ERRORS = "errors.log"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one scan.

    Attributes:
        job: the scan.
        status: done now, skipped since it had been done before, or failed.
        findings: what was found; None if it failed.
        reason: why it failed, in one line.
        crash: where in the code an unforeseen error arose; empty for an input that could not be read.
        traceback: the whole traceback with the causes, which may quote the file, where that was asked for.
    """

    job: Job
    status: Literal["done", "skipped", "failed"]
    findings: Findings | None = None
    reason: str = ""
    crash: str = ""
    traceback: str = ""


def failed(job: Job, error: BaseException, debug: bool = False) -> Outcome:
    """The outcome of a scan that ended in this error; the whole traceback is kept where it is asked for."""
    whole = "".join(tracebacks.format_exception(error)) if debug else ""
    if isinstance(error, IchorError):
        return Outcome(job, "failed", reason=" ".join(str(error).split()), traceback=whole)
    return Outcome(job, "failed", reason=_unforeseen(error), crash=_frames(error), traceback=whole)


def _unforeseen(error: BaseException) -> str:
    """One line that repeats nothing the error says, since that may quote the file."""
    if isinstance(error, OSError) and error.strerror:
        return f"could not be read: {error.strerror}"
    return f"an error of Ichor's own ({type(error).__name__}); where it arose is in {ERRORS}"


def _frames(error: BaseException) -> str:
    """Where an error arose, without its message."""
    frames = tracebacks.extract_tb(error.__traceback__)
    lines = [f"  {frame.filename}:{frame.lineno} in {frame.name}" for frame in frames]
    return "\n".join([*lines, f"  {type(error).__name__}", ""])
