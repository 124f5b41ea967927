"""Screens many scans in one or several processes; a bad scan does not stop the rest, and finished ones are skipped.

Several commands may write into one folder at the same time. Each scan is locked while it is screened: another command
goes on with the next one, comes back to it at the end, and takes the result that it finds then, if it is the same that
it would have made. So the commands share the work, and no result mixes files of two commands.
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
    """A scan to screen; with `wait`, until another command that is screening it has finished."""

    job: Job
    wait: bool = False


# The result of a task: Busy if another command is screening the scan, OutputFailed if nothing can be written any more.
_Result = Outcome | Busy | OutputFailed
Notify = Callable[[str], None]
MakeWork = Callable[[], Callable[[_Task], _Result]]


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
    """Plan a job for each scan, each with a folder of its own under `out`, avoiding the names of foreign files.

    A Path stands for the only scan there. A scan that already has a result, or a recorded failure, in `out` keeps its
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
    notify: Notify = lambda _: None,
) -> Generator[Outcome]:
    """Screen every job, yielding each outcome as soon as it is known: first those done before, then the rest.

    `make_screener` is called once in each screening process, and not at all if nothing is left to do; with more than
    one worker it must be picklable. After the iterator is closed, or Ctrl-C, no further scan is started. With `debug`,
    the full traceback of a failed scan is kept, including that of the reading process; it may quote the file.
    `notify` receives messages about what is being waited for.

    Raises OutputFailed if the disk is full or gone, since the remaining scans would fail, too, and IchorError if the
    screener cannot be made.
    """
    folders = {job.folder.parent for job in jobs}
    _clear(folders)
    try:
        yield from _each(jobs, partial(_make_work, make_screener, force, debug), workers, force, notify)
    finally:
        with undisturbed(), suppress(OutputFailed):
            _clear(folders)  # of workers that died


def _clear(folders: Iterable[Path]) -> None:
    for out in folders:
        with reporting_disk_errors(out):
            if out.is_dir():
                clear_left_overs(out)


def _each(jobs: Sequence[Job], make_work: MakeWork, workers: int, force: bool, notify: Notify) -> Iterator[Outcome]:
    waiting: deque[_Task] = deque()
    for job in jobs:
        earlier = None if force else earlier_findings(job)
        if earlier is None:
            waiting.append(_Task(job))
        else:
            yield Outcome(job, "skipped", earlier)
    if workers > 1 and len(waiting) > 1:
        yield from _in_processes(waiting, make_work, min(workers, len(waiting)), notify)
    elif waiting:
        read_ahead(waiting[0].job.path, waiting[0].job.options)  # while the engine starts
        work = make_work()
        while waiting:
            check()
            task = waiting.popleft()
            yield from _settled(task, work(task), waiting, notify)


def _settled(task: _Task, result: _Result, waiting: deque[_Task], notify: Notify) -> Iterator[Outcome]:
    """The outcome, if there is one; a scan that another command is screening is moved to the end of the queue."""
    if isinstance(result, OutputFailed):
        raise result
    if isinstance(result, Busy):
        notify(f"{task.job.folder.name}: another command is screening it; coming back to it at the end")
        waiting.append(replace(task, wait=True))
    else:
        yield result


def _in_processes(waiting: deque[_Task], make_work: MakeWork, count: int, notify: Notify) -> Iterator[Outcome]:
    again: deque[_Task] = deque()
    with Workers(make_work, count, notify) as workers:
        for task, result in workers.each(waiting):
            if isinstance(result, Died):
                again.append(task)
            else:
                yield from _settled(task, result, waiting, notify)
    # When memory runs out, the system kills the process that uses most of it: each such scan is tried once more, alone.
    with Workers(make_work, 1, notify) as workers:
        for task, result in workers.each(again):
            if isinstance(result, Died):
                yield failed(task.job, result)
            else:
                yield from _settled(task, result, again, notify)


def _make_work(make_screener: MakeScreener, force: bool, debug: bool) -> Callable[[_Task], _Result]:
    return partial(_screen, screener=make_screener(), force=force, debug=debug)


def _screen(task: _Task, *, screener: Screener, force: bool, debug: bool) -> _Result:
    """Screen one scan. Any error becomes its outcome, except requests to end the process."""
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
    except BaseException as error:  # native decoders raise errors that are not Exceptions
        return failed(job, error, debug)


@contextmanager
def _locked(job: Job, wait: bool) -> Iterator[Job]:
    """Lock the job's folder against other commands; changes the folder if it holds a result of another input."""
    with ExitStack() as stack:
        with reporting_disk_errors(job.folder):
            make_folder(job.folder.parent, private=True)
            stack.enter_context(one_at_a_time(job.folder, wait=wait))
            existing = read_findings(job.folder)
            if existing is not None and existing.made_by.path_sha256 != path_sha256(job.path, job.label):
                # Since the name was chosen, another command has given it to another scan.
                job = replace(job, folder=job.folder.with_name(name_with_hash(job.scan)))
                stack.enter_context(one_at_a_time(job.folder, wait=wait))
        yield job
