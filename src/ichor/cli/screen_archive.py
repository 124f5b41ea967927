"""`ichor screen --cluster`: the same on Dask, with lists, addresses, a manifest and a table of results."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from ichor.cli.screen_messages import close, reporting_what_is_left
from ichor.cli.screen_progress import progress
from ichor.errors import IchorError, OutputFailed
from ichor.interruption import undisturbed

if TYPE_CHECKING:
    from ichor.archive.books import Books
    from ichor.archive.cluster import Where
    from ichor.archive.listed import Listed
    from ichor.archive.work import Work
    from ichor.screening.job import Job
    from ichor.screening.outcome import Outcome

# As in ichor.archive, which is not imported without --cluster.
LISTS, PROTOCOLS = (".csv", ".parquet"), ("s3://", "gs://", "http://", "https://")


@dataclass(frozen=True, slots=True)
class Archive:
    """What a user asks for, by the options of the command."""

    inputs: list[str]
    out: str
    cluster: str
    model: str
    operating_point: str | None
    threads: int | None
    series: str | None
    force: bool
    debug: bool


def refuse_archives(inputs: Sequence[str], out: str) -> None:
    """Raises IchorError for a list or an address, which need `--cluster`."""
    for one in (*inputs, out):
        if one.startswith(PROTOCOLS) or (one != out and one.lower().endswith(LISTS)):
            raise IchorError(f"{one}: expected --cluster for an address or such a list, as in --cluster local")


def screen_archive(asked: Archive, planned: Callable[..., list[Job]]) -> int:
    """Screen all scans on the cluster; returns the exit code. `planned` plans the jobs of scans and a folder."""
    from ichor.archive.cluster import connected, require_packages, where, workers_here

    to = where(asked.cluster)
    require_packages()
    if to.address is not None and asked.threads is not None:
        raise IchorError("--threads: expected none with a cluster, whose workers set it (dask worker --nthreads)")
    from ichor.archive.listed import list_scans
    from ichor.archive.run import cleared, screen_on_cluster
    from ichor.archive.store import is_address
    from ichor.screening.out_folder import RESULTS, summed_up

    store = asked.out if is_address(asked.out) else None
    folder = Path(asked.out).absolute() if store is None else _standing_for(store)
    _check_out(folder, store)
    listed = list_scans(asked.inputs, None if store else folder, asked.series)
    jobs, books = _planned(listed, folder, store, planned)
    workers = 0 if to.address else workers_here(to.count, len(jobs))
    work = _work(asked, to, workers, None if store else folder, store)
    notify = partial(typer.echo, err=True)
    outcomes: list[Outcome] = []
    with (
        reporting_what_is_left(len(jobs), outcomes),
        nullcontext() if store else summed_up(folder, outcomes),
        _kept(books),
        cleared(work.out),
        connected(to, workers, notify) as client,
        closing(screen_on_cluster(client, jobs, work, notify=notify)) as batch,
        progress(len(jobs), with_pace=True) as show,
    ):
        for outcome in batch:
            books.enter(outcome)
            outcomes.append(outcome.brief() if len(jobs) > 1 else outcome)
            show(outcome)
    if asked.debug:
        typer.echo("".join(one.traceback for one in outcomes), err=True, nl=False)
    return close(outcomes, asked.out, listing=RESULTS, by_kind=True)


def _standing_for(store: str) -> Path:
    """The path that stands for an address in names."""
    from ichor.screening.job import Origin

    return Origin(store).path


def _check_out(folder: Path, store: str | None) -> None:
    from ichor.archive.store import check_writable
    from ichor.screening.out_folder import make_out_folder

    if store is None:
        make_out_folder(folder)
    else:
        check_writable(store)


def _planned(
    listed: Listed, folder: Path, store: str | None, planned: Callable[..., list[Job]]
) -> tuple[list[Job], Books]:
    """The jobs, and the tables in which they are entered."""
    from ichor.archive.books import Books

    books = Books(store or folder, list(listed.columns.values()), listed.values)
    jobs = planned(listed.scans, folder, origins=listed.origins, taken=books.taken() if store else None)
    books.queue(jobs)
    return jobs, books


def _work(asked: Archive, to: Where, workers: int, out: Path | None, store: str | None) -> Work:
    """How workers screen: here they share the threads that the user gives, elsewhere each uses its own."""
    import os
    from uuid import uuid4

    from ichor.archive.work import Work, load
    from ichor.models.package import find_package
    from ichor.screening.inputs import content_sha256

    package = find_package(asked.model)
    is_shipped = package != Path(asked.model)
    return Work(
        partial(
            load,
            asked.model if is_shipped else str(package.absolute()),
            content_sha256(package),
            asked.operating_point,
        ),
        uuid4().hex,
        threads=None if to.address else max(1, (asked.threads or os.cpu_count() or 1) // workers),
        out=out,
        store=store,
        force=asked.force,
        debug=asked.debug,
    )


@contextmanager
def _kept(books: Books) -> Iterator[None]:
    """Write the tables at the end of the block, however it ends."""
    try:
        yield
    except BaseException:
        with undisturbed(), suppress(OutputFailed):  # the error that ended the block takes precedence
            books.write()
        raise
    books.write()
