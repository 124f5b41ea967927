"""The outcome of screening a scan in a batch."""

from __future__ import annotations

import traceback as tracebacks
from dataclasses import dataclass, replace
from typing import Literal

from ichor.errors import Code, IchorError
from ichor.findings.schema import Findings
from ichor.screening.job import Job

# The file, next to the results, that lists where in the code unexpected errors occurred.
ERRORS = "errors.log"


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome for one scan.

    Attributes:
        job: the scan.
        status: done now, skipped because it had been done before, or failed.
        findings: the findings; None if it failed.
        reason: why it failed, in one line.
        code: why it failed, for tables; None if it did not.
        crash: where in the code an unexpected error occurred; empty for an input that could not be read.
        traceback: if requested, the full traceback with causes, which may quote the file.
    """

    job: Job
    status: Literal["done", "skipped", "failed"]
    findings: Findings | None = None
    reason: str = ""
    crash: str = ""
    traceback: str = ""
    code: Code | None = None

    def brief(self) -> Outcome:
        """The same without what the findings say of slices and lesions: many outcomes fit into memory."""
        if self.findings is None:
            return self
        hemorrhage = self.findings.hemorrhage.model_copy(update={"lesions": ()})
        return replace(self, findings=self.findings.model_copy(update={"slices": (), "hemorrhage": hemorrhage}))


def failed(job: Job, error: BaseException, debug: bool = False) -> Outcome:
    """The outcome of a scan that failed with this error; with `debug`, the full traceback is kept."""
    whole = "".join(tracebacks.format_exception(error)) if debug else ""
    if isinstance(error, IchorError):
        return Outcome(job, "failed", reason=" ".join(str(error).split()), traceback=whole, code=error.code)
    is_access = isinstance(error, OSError) and error.strerror
    code = Code.NO_ACCESS if is_access else Code.INTERNAL
    return Outcome(job, "failed", reason=_unforeseen(error), crash=_frames(error), traceback=whole, code=code)


def _unforeseen(error: BaseException) -> str:
    """One line without the error's message, which may quote the file."""
    if isinstance(error, OSError) and error.strerror:
        return f"could not be read: {error.strerror}"
    return f"an internal error of Ichor ({type(error).__name__}); {ERRORS} lists where it occurred"


def _frames(error: BaseException) -> str:
    """Where an error occurred, without its message."""
    frames = tracebacks.extract_tb(error.__traceback__)
    lines = [f"  {frame.filename}:{frame.lineno} in {frame.name}" for frame in frames]
    return "\n".join([*lines, f"  {type(error).__name__}", ""])
