"""Screens many scans in one or several processes; a bad scan does not stop the rest, and finished ones are skipped.

Several commands may write into one folder at the same time. Each scan is locked while it is screened: another command
goes on with the next one, comes back to it at the end, and takes the result that it finds then, if it is the same that
it would have made. So the commands share the work, and no result mixes files of two commands.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from ichor.atomic import clear_left_overs, reporting_disk_errors
from ichor.errors import OutputFailed
from ichor.interruption import check, undisturbed
from ichor.locks import Busy
from ichor.read import read_ahead
from ichor.read.base import ReadOptions, ScanPath
from ichor.screening.inputs import path_sha256
from ichor.screening.job import Job, Origin, Shown
from ichor.screening.names import full_path, name_scans
from ichor.screening.one import Screened, screen_one
from ichor.screening.out_folder import TABLES, failed_in, results_in
from ichor.screening.outcome import Outcome, failed
from ichor.screening.pipeline import earlier_findings
from ichor.screening.screener import Screener
from ichor.screening.workers import Died, Workers
from ichor.write.folder import is_foreign

MakeScreener = Callable[[], Screener]


@dataclass(frozen=True, slots=True)
class _Task:
    """A scan to screen; with `wait`, until another command that is screening it has finished."""

    job: Job
    wait: bool = False


Notify = Callable[[str], None]
MakeWork = Callable[[], Callable[[_Task], Screened]]


def plan(
    scans: Sequence[ScanPath | Path],
    out: Path,
    options: ReadOptions,
    *,
    outputs: tuple[str, ...] | None = None,
    method_sha256: str | None = None,
    operating_point: str | None = None,
    show: Shown | None = None,
    origins: Mapping[Path, Origin] | None = None,
    taken: Mapping[str, str] | None = None,
) -> list[Job]:
    """Plan a job for each scan, each with a folder of its own under `out`, avoiding the names of foreign files.

    A Path stands for the only scan there. A scan that already has a result, or a recorded failure, in `out` keeps its
    name. `origins` has the origin of each scan whose path only stands for it. `taken` are the names in use in `out`,
    each with the hash of its scan's path; without it, they are looked up there.

    Raises OutputFailed if `out` cannot be read.
    """
    places, origins = [_scan_path(scan) for scan in scans], origins or {}
    if taken is None:
        taken = _taken_in(out, {_shown(scan, origins): path_sha256(scan.path, scan.label) for scan in places})
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
            origin=origins.get(scan.path),
        )
        for scan, name in name_scans(places, {**taken, **dict.fromkeys(TABLES, "")}).items()
    ]


def _taken_in(out: Path, by_path: Mapping[str, str]) -> dict[str, str]:
    """The names in use in `out`, each with the hash of its scan's path, or "" for anything else.

    `by_path` has the hashes of the paths of scans that are to be screened.
    """
    with reporting_disk_errors(out):
        taken = {name: by_path.get(path, "") for name, path in failed_in(out).items()}
        taken |= {folder.name: found.made_by.path_sha256 for folder, found in results_in(out)}
        taken |= {one.name: "" for one in (out.iterdir() if out.is_dir() else ()) if is_foreign(one)}
    return taken


def _shown(scan: ScanPath, origins: Mapping[Path, Origin]) -> str:
    origin = origins.get(scan.path)
    return full_path(scan) if origin is None else origin.address


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
    clear_folders(folders)
    try:
        yield from _each(jobs, partial(_make_work, make_screener, force, debug), workers, force, notify)
    finally:
        with undisturbed(), suppress(OutputFailed):
            clear_folders(folders)  # of workers that died


def clear_folders(folders: Iterable[Path]) -> None:
    """Remove what killed processes left in these folders of results. Raises OutputFailed if that is not possible."""
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


def _settled(task: _Task, result: Screened, waiting: deque[_Task], notify: Notify) -> Iterator[Outcome]:
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


def _make_work(make_screener: MakeScreener, force: bool, debug: bool) -> Callable[[_Task], Screened]:
    screener = make_screener()
    return partial(_screen, screener=lambda: screener, force=force, debug=debug)


def _screen(task: _Task, *, screener: Callable[[], Screener], force: bool, debug: bool) -> Screened:
    return screen_one(task.job, screener, wait=task.wait, force=force, debug=debug)
