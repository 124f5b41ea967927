"""Many scans: in one process or several, one bad scan not stopping the rest, done ones not done again."""

from __future__ import annotations

import signal
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Literal

from ichor.atomic import write_whole
from ichor.errors import IchorError
from ichor.read.base import ReadOptions
from ichor.screen.findings import Findings
from ichor.screen.inputs import name_scans
from ichor.screen.pipeline import Job, Screener, earlier_findings, is_foreign, read_findings, screen_scan
from ichor.write.summary import row_of, write_summary

SUMMARY, ERRORS = "summary.csv", "errors.log"

MakeMethod = Callable[[], Screener]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one scan.

    Attributes:
        job: the scan.
        status: done now, skipped since it had been done before, or failed.
        findings: what was found; None where it failed.
        reason: why it failed, in one line.
        crash: where in the code an unforeseen error arose; empty for an input that could not be read.
        traceback: the same with the error's message, where that was asked for.
    """

    job: Job
    status: Literal["done", "skipped", "failed"]
    findings: Findings | None = None
    reason: str = ""
    crash: str = ""
    traceback: str = ""


def plan(
    paths: Sequence[Path],
    out: Path,
    options: ReadOptions,
    *,
    probability: bool = False,
    method_sha256: str | None = None,
    operating_point: str | None = None,
) -> list[Job]:
    """A job for each scan, each with a folder of its own under `out`, and no name of what is no result of ours."""
    taken = {folder.name: found.made_by.path_sha256 for folder, found in _results_in(out)}
    taken |= {one.name: "" for one in (out.iterdir() if out.is_dir() else ()) if is_foreign(one)}
    taken |= {SUMMARY: "", ERRORS: ""}
    names = name_scans(paths, taken)
    return [Job(path, out / name, options, probability, method_sha256, operating_point) for path, name in names.items()]


def screen_batch(
    jobs: Sequence[Job],
    make_method: MakeMethod,
    *,
    workers: int = 1,
    force: bool = False,
    debug: bool = False,
) -> Iterator[Outcome]:
    """Screen every job, yielding each outcome as it comes: first those done before, then the rest.

    `make_method` is called once in each process that screens, and not at all where nothing is left to do;
    with more than one worker it has to be picklable. Closing the iterator, or Ctrl-C, lets no further scan
    begin. With `debug` the whole traceback of an unforeseen error is kept, its message too, which may quote
    the file.
    """
    waiting = []
    for job in jobs:
        earlier = None if force else earlier_findings(job)
        if earlier is None:
            waiting.append(job)
        else:
            yield Outcome(job, "skipped", earlier)
    if workers > 1 and len(waiting) > 1:
        yield from _in_processes(waiting, make_method, min(workers, len(waiting)), debug)
    elif waiting:
        method = make_method()
        for job in waiting:
            yield _screened(job, method, debug)


def write_batch(out: Path, outcomes: Sequence[Outcome]) -> None:
    """Write summary.csv over everything in `out`, and errors.log where something unforeseen happened.

    Scans of earlier runs into the same folder stay in the summary.
    """
    rows = {}
    for one in outcomes:
        name = one.job.folder.name
        rows[name] = row_of(name, one.status, one.findings, one.reason)
    for folder, found in _results_in(out):
        rows.setdefault(folder.name, row_of(folder.name, "skipped", found))
    write_summary(out / SUMMARY, (rows[name] for name in sorted(rows)))
    crashes = [f"{one.job.folder.name}: {one.reason}\n{one.crash}" for one in outcomes if one.crash]
    if crashes:
        write_whole(out / ERRORS, "\n".join(crashes))
    else:
        (out / ERRORS).unlink(missing_ok=True)


def _results_in(out: Path) -> Iterator[tuple[Path, Findings]]:
    for folder in sorted(out.iterdir()) if out.is_dir() else ():
        if not folder.name.startswith(".") and (found := read_findings(folder)) is not None:
            yield folder, found


def _screened(job: Job, method: Screener, debug: bool) -> Outcome:
    try:
        return Outcome(job, "done", screen_scan(job, method))
    except IchorError as error:
        return Outcome(job, "failed", reason=_one_line(str(error)))
    except Exception as error:
        whole = traceback.format_exc() if debug else ""
        return Outcome(job, "failed", reason=_unforeseen(error), crash=_frames(error), traceback=whole)


def _unforeseen(error: Exception) -> str:
    """One line that repeats nothing the error says, since that may quote the file."""
    if isinstance(error, OSError) and error.strerror:
        return f"could not be read or written: {error.strerror}"
    return f"an error of Ichor's own ({type(error).__name__}); where it arose is in {ERRORS}"


def _frames(error: BaseException) -> str:
    """Where an error arose, without its message."""
    frames = traceback.extract_tb(error.__traceback__)
    lines = [f"  {frame.filename}:{frame.lineno} in {frame.name}" for frame in frames]
    return "\n".join([*lines, f"  {type(error).__name__}", ""])


def _one_line(text: str) -> str:
    return " ".join(text.split())


_method: Screener | None = None


def _start_worker() -> None:
    """Ctrl-C is for the parent to heed: the scan under way is finished."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _screen_in_worker(job: Job, make_method: MakeMethod, debug: bool) -> Outcome:
    """Screen with the worker's own method, loaded for its first scan."""
    global _method  # noqa: PLW0603 (a worker keeps its method from one scan to the next)
    _method = _method or make_method()
    return _screened(job, _method, debug)


def _in_processes(jobs: Sequence[Job], make_method: MakeMethod, workers: int, debug: bool) -> Iterator[Outcome]:
    lost = []
    with _pool(workers) as pool:
        under_way = {pool.submit(_screen_in_worker, job, make_method, debug): job for job in jobs}
        for future in as_completed(under_way):
            try:
                yield future.result()
            except BrokenProcessPool:
                lost.append(under_way[future])
    # A worker that dies takes all scans under way and waiting with it. Each of them is tried again alone,
    # so that only the one that killed its worker fails.
    for job in lost:
        with _pool(1) as pool:
            try:
                yield pool.submit(_screen_in_worker, job, make_method, debug).result()
            except BrokenProcessPool:
                reason = "its worker process died, perhaps for want of memory: try fewer --workers"
                yield Outcome(job, "failed", reason=reason)


@contextmanager
def _pool(workers: int) -> Iterator[ProcessPoolExecutor]:
    """Fresh processes; at the end, wanted or not, scans under way are finished and no other begins."""
    pool = ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_start_worker)
    try:
        yield pool
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
