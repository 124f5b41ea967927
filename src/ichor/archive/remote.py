"""Screens a copy of a scan, or writes a copy of its result, if either is in an object store instead of a folder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from ichor.archive.store import copy_of_result, download, files_at, hash_of, join, upload_result
from ichor.errors import Code, UnreadableInput
from ichor.read import find_scans
from ichor.read.temporary import private_folder
from ichor.screening.job import Job
from ichor.screening.one import Screened
from ichor.screening.outcome import Outcome, failed
from ichor.screening.pipeline import earlier_findings


def screen_copy(
    job: Job, store: str | None, screen: Callable[[Job], Screened], *, force: bool, debug: bool
) -> Screened:
    """Screen a job by `screen`, with its scan copied here from its origin, and its result to the address `store`.

    Either may be absent. Nothing is copied if the result is there already, unless `force`. The outcome is that of the
    job itself. Any error becomes an outcome.
    """
    try:
        with private_folder() as temporary:
            return _screen_copy(job, store, screen, temporary, force=force, debug=debug)
    except Exception as error:  # no temporary folder
        return failed(job, error, debug)


def _screen_copy(
    job: Job, store: str | None, screen: Callable[[Job], Screened], temporary: Path, *, force: bool, debug: bool
) -> Screened:
    local = job
    try:
        if store is not None:
            local = replace(local, folder=temporary / "out" / job.name)
            copy_of_result(join(store, job.name), local.folder)
        files = []
        if job.origin is not None:
            files = files_at(job.origin.address)
            local = replace(local, origin=replace(job.origin, sha256=hash_of(job.origin.address, files)))
        earlier = None if force else earlier_findings(local)
        if earlier is not None:
            return Outcome(job, "skipped", earlier)
        if job.origin is not None:
            local = replace(local, path=download(job.origin.address, files, temporary / "in"))
            _require_one_scan(local)
        screened = screen(local)
        if not isinstance(screened, Outcome):
            return screened
        folder = screened.job.folder
        if store is not None and screened.status == "done":
            upload_result(folder, join(store, folder.name))
    except Exception as error:
        screened, folder = failed(local, error, debug), local.folder
    reason = screened.reason.replace(str(local.path), job.place).replace(str(folder), str(job.folder))
    return replace(screened, job=replace(job, folder=job.folder.with_name(folder.name)), reason=reason)


def _require_one_scan(job: Job) -> None:
    """Raises UnreadableInput if there are several scans in the copy: each needs its own address."""
    found = find_scans(job.path)
    if len(found) > 1:
        why = f"expected one scan at the address, found {len(found)}: store each by itself"
        raise UnreadableInput(f"{job.path}: {why}", Code.SEVERAL_SCANS)
