"""Many scans: in one process or several, one bad scan not stopping the rest, done ones not done again.

Several commands may write into one folder at the same time. Each scan is locked while it is made: another command goes
on with the next one, comes back to it at the end, and takes what it finds then, if it is what it would have made. So
they share the work, and no folder holds the files of two.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from ichor.atomic import clear_left_overs, make_folder, reporting_disk_errors
from ichor.errors import OutputFailed
from ichor.interruption import check, undisturbed
from ichor.locks import Busy, one_at_a_time
from ichor.read import read_ahead
from ichor.read.base import ReadOptions, ScanPath
from ichor.screening.inputs import path_sha256
from ichor.screening.job import Job, Shown
from ichor.screening.names import full_path, name_scans, name_with_hash
from ichor.screening.out_folder import SUMMARY, failed_in, results_in
from ichor.screening.outcome import ERRORS, Outcome, failed
from ichor.screening.pipeline import earlier_findings, screen_scan
from ichor.screening.screener import Screener
from ichor.screening.workers import Died, Workers
from ichor.write.folder import is_foreign, read_findings

MakeScreener = Callable[[], Screener]


@dataclass(frozen=True, slots=True)
class _Task:
    """A scan to screen; `wait` is for one that another command was at before."""

    job: Job
    wait: bool = False


# What became of a task: Busy where another command is at it, OutputFailed where nothing can be written any more.
_Answer = Outcome | Busy | OutputFailed
Say = Callable[[str], None]
MakeWork = Callable[[], Callable[[_Task], _Answer]]


def plan(
    scans: Sequence[ScanPath | Path],
    out: Path,
    options: ReadOptions,
    *,
    outputs: tuple[str, ...] | None = None,
    method_sha256: str | None = None,
    operating_point: str | None = None,
    show: Shown | None = None,
) -> list[Job]:
    """A job for each scan, each with a folder of its own under `out`, and no name of what is no result of ours.

    A path is a scan that is alone there. A scan that `out` has a result of, or whose failure it tells of, keeps its
    name.

    Raises OutputFailed if `out` cannot be read.
    """
    places = [_scan_path(scan) for scan in scans]
    by_path = {full_path(scan): path_sha256(scan.path, scan.label) for scan in places}
    with reporting_disk_errors(out):
        taken = {name: by_path.get(path, "") for name, path in failed_in(out).items()}
        taken |= {folder.name: found.made_by.path_sha256 for folder, found in results_in(out)}
        taken |= {one.name: "" for one in (out.iterdir() if out.is_dir() else ()) if is_foreign(one)}
    taken |= {SUMMARY: "", ERRORS: ""}
    return [
        Job(
            path=scan.path,
            folder=out / name,
            options=scan.options(options),
            outputs=outputs,
            method_sha256=method_sha256,
            operating_point=operating_point,
            label=scan.label,
            show=show or Shown(),
        )
        for scan, name in name_scans(places, taken).items()
    ]


def _scan_path(scan: ScanPath | Path) -> ScanPath:
    return scan if isinstance(scan, ScanPath) else ScanPath(scan)


def screen_batch(
    jobs: Sequence[Job],
    make_screener: MakeScreener,
    *,
    workers: int = 1,
    force: bool = False,
    debug: bool = False,
    say: Say = lambda _: None,
) -> Generator[Outcome]:
    """Screen every job, yielding each outcome as it comes: first those done before, then the rest.

    `make_screener` is called once in each process that screens, and not at all where nothing is left to do;
    with more than one worker it has to be picklable. Closing the iterator, or Ctrl-C, lets no further scan
    begin. With `debug` the whole traceback of a scan that failed is kept, with what the process says that read
    it; it may quote the file. `say` is told what it waits for.

    Raises OutputFailed if the disk is full or gone: the scans that are left would only take their time to fail, too.
    Raises IchorError if the screener cannot be made.
    """
    folders = {job.folder.parent for job in jobs}
    _clear(folders)
    try:
        yield from _each(jobs, partial(_make_work, make_screener, force, debug), workers, force, say)
    finally:
        with undisturbed(), suppress(OutputFailed):
            _clear(folders)  # of workers that died


def _clear(folders: Iterable[Path]) -> None:
    for out in folders:
        with reporting_disk_errors(out):
            if out.is_dir():
                clear_left_overs(out)


def _each(jobs: Sequence[Job], make_work: MakeWork, workers: int, force: bool, say: Say) -> Iterator[Outcome]:
    waiting: deque[_Task] = deque()
    for job in jobs:
        earlier = None if force else earlier_findings(job)
        if earlier is None:
            waiting.append(_Task(job))
        else:
            yield Outcome(job, "skipped", earlier)
    if workers > 1 and len(waiting) > 1:
        yield from _in_processes(waiting, make_work, min(workers, len(waiting)), say)
    elif waiting:
        read_ahead(waiting[0].job.path, waiting[0].job.options)  # while the engine starts
        work = make_work()
        while waiting:
            check()
            task = waiting.popleft()
            yield from _settled(task, work(task), waiting, say)


def _settled(task: _Task, answer: _Answer, waiting: deque[_Task], say: Say) -> Iterator[Outcome]:
    """The outcome, where there is one; a scan that another command is at goes behind all others."""
    if isinstance(answer, OutputFailed):
        raise answer
    if isinstance(answer, Busy):
        say(f"{task.job.folder.name}: another command is at it; this one comes back to it at the end")
        waiting.append(replace(task, wait=True))
    else:
        yield answer


def _in_processes(waiting: deque[_Task], make_work: MakeWork, count: int, say: Say) -> Iterator[Outcome]:
    again: deque[_Task] = deque()
    with Workers(make_work, count, say) as workers:
        for task, answer in workers.each(waiting):
            if isinstance(answer, Died):
                again.append(task)
            else:
                yield from _settled(task, answer, waiting, say)
    # Where memory ends, the system kills whichever process has most of it: each is tried once more, alone.
    with Workers(make_work, 1, say) as workers:
        for task, answer in workers.each(again):
            if isinstance(answer, Died):
                yield failed(task.job, answer)
            else:
                yield from _settled(task, answer, again, say)


def _make_work(make_screener: MakeScreener, force: bool, debug: bool) -> Callable[[_Task], _Answer]:
    return partial(_screen, screener=make_screener(), force=force, debug=debug)


def _screen(task: _Task, *, screener: Screener, force: bool, debug: bool) -> _Answer:
    """Screen one scan. Whatever goes wrong with it is its outcome: only what asks the process to end gets out."""
    job = task.job
    try:
        with _locked(job, task.wait) as job:
            earlier = None if force else earlier_findings(job)
            if earlier is not None:  # by another command, in the meantime
                return Outcome(job, "skipped", earlier)
            return Outcome(job, "done", screen_scan(job, screener))
    except Busy as busy:
        return busy
    except OutputFailed as error:
        return error if error.for_good else failed(job, error, debug)
    except (KeyboardInterrupt, SystemExit, GeneratorExit):
        raise
    except BaseException as error:  # decoders in other languages raise what is no Exception
        return failed(job, error, debug)


@contextmanager
def _locked(job: Job, wait: bool) -> Iterator[Job]:
    """The job in a folder that no other command writes meanwhile, and that holds no result of another input."""
    with ExitStack() as stack:
        with reporting_disk_errors(job.folder):
            make_folder(job.folder.parent, private=True)
            stack.enter_context(one_at_a_time(job.folder, wait=wait))
            there = read_findings(job.folder)
            if there is not None and there.made_by.path_sha256 != path_sha256(job.path, job.label):
                # Another command gave it the same name since this one chose it.
                job = replace(job, folder=job.folder.with_name(name_with_hash(job.scan)))
                stack.enter_context(one_at_a_time(job.folder, wait=wait))
        yield job
