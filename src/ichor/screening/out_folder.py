"""The output folder of a batch: created, checked for writing, and summarized in summary.csv and errors.log.

Commands that use it at the same time take turns writing these two files, each time for all results in the folder.
"""

from __future__ import annotations

import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from ichor.atomic import make_folder, reporting_disk_errors, write_whole
from ichor.errors import OutputFailed
from ichor.findings.schema import Findings
from ichor.interruption import undisturbed
from ichor.locks import one_at_a_time
from ichor.screening.outcome import ERRORS, Outcome
from ichor.screening.pipeline import earlier_findings
from ichor.screening.summary import read_summary, row_of, write_summary
from ichor.write.folder import read_findings

SUMMARY, REPORT = "summary.csv", "report.html"
# Tables that `ichor.archive` writes.
MANIFEST, RESULTS = "manifest.parquet", "results.parquet"
TABLES = (SUMMARY, ERRORS, MANIFEST, RESULTS)

_PROBE = "probe"
_PROBE_BYTES = 4096  # one block: a full disk may still have room for an empty file


def check_out_folder(out: Path) -> None:
    """Raise OutputFailed if something that is not a folder exists at that path."""
    try:
        if stat.S_ISDIR(out.stat().st_mode):
            return
        found = "a file"
    except FileNotFoundError:
        if not out.is_symlink():
            return
        found = "a link to nothing"
    except OSError as error:  # a loop of links, or something below a file
        found = str(error.strerror)
    raise OutputFailed(f"{out}: expected a folder to write to, found {found}")


def make_out_folder(out: Path) -> None:
    """Create the folder, private, unless it exists, and check that it can be written to.

    Raises OutputFailed if it cannot.
    """
    check_out_folder(out)
    try:
        make_folder(out, private=True)
    except OSError as error:
        raise OutputFailed(f"{out}: expected a folder to write to, found {error.strerror}") from error
    with reporting_disk_errors(out), one_at_a_time(out / _PROBE):
        write_whole(out / f".{_PROBE}", bytes(_PROBE_BYTES), private=True)
        (out / f".{_PROBE}").unlink()


def results_in(out: Path) -> Iterator[tuple[Path, Findings]]:
    """The folders of results in `out`, each with its findings. Raises OSError if `out` cannot be read."""
    for folder in sorted(out.iterdir()) if out.is_dir() else ():
        if not folder.name.startswith(".") and (found := read_findings(folder)) is not None:
            yield folder, found


def failed_in(out: Path) -> dict[str, str]:
    """The names of scans that failed in earlier runs and have no result yet, each with its path."""
    rows = read_summary(out / SUMMARY)
    return {name: row["path"] for name, row in rows.items() if row["status"] == "failed" and row["path"]}


@contextmanager
def summed_up(out: Path, outcomes: Sequence[Outcome]) -> Iterator[None]:
    """Write the summary and the errors of `outcomes` at the end of the block, however it ends."""
    try:
        yield
    except BaseException:
        with undisturbed(), suppress(OutputFailed, OSError):  # the error that ended the block takes precedence
            if outcomes or any(True for _ in results_in(out)):  # a worker's last result may not have been reported
                write_batch(out, outcomes)
        raise
    if outcomes:
        write_batch(out, outcomes)


def write_batch(out: Path, outcomes: Sequence[Outcome]) -> None:
    """Write summary.csv for everything in `out`, and errors.log if there were unexpected errors.

    Scans of earlier and concurrent runs into the same folder stay in both files: results as long as they exist,
    failures until there is a result. Raises OutputFailed if the files cannot be written.
    """
    with reporting_disk_errors(out), one_at_a_time(out / SUMMARY):
        rows = {name: row for name, row in read_summary(out / SUMMARY).items() if row["status"] == "failed"}
        status = {one.job.folder.name: one.status for one in outcomes if one.findings is not None}
        for folder, found in results_in(out):
            report = f"{folder.name}/{REPORT}" if (folder / REPORT).is_file() else ""
            rows[folder.name] = row_of(folder.name, status.get(folder.name, "skipped"), found, report=report)
        for one in outcomes:
            # Another command may have screened successfully what failed here.
            if one.findings is None and earlier_findings(one.job) is None:
                name = one.job.folder.name
                reason = one.job.without_path(one.reason)
                rows[name] = row_of(name, one.status, None, reason=reason, path=one.job.shown_path)
        write_summary(out / SUMMARY, (rows[name] for name in sorted(rows)))
        _write_errors(out / ERRORS, outcomes, {name for name, row in rows.items() if row["status"] == "failed"})


def _write_errors(path: Path, outcomes: Sequence[Outcome], failed: set[str]) -> None:
    """Write a section for each crash; earlier sections of scans that are still failed are kept."""
    now = {
        one.job.name: f"{one.job.name}: {one.job.without_path(one.reason)}\n{one.crash}"
        for one in outcomes
        if one.crash
    }
    done_now = {one.job.folder.name for one in outcomes}
    kept = {name: text for name, text in _sections(path).items() if name in failed - done_now}
    sections = {**kept, **now}
    if sections:
        write_whole(path, "\n".join(sections[name] for name in sorted(sections)), private=True)
    else:
        path.unlink(missing_ok=True)


def _sections(path: Path) -> dict[str, str]:
    """The sections of an earlier errors.log by the scan's name: a line with the name, then indented lines."""
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return {}
    sections: dict[str, str] = {}
    name = None
    for line in lines:
        if line and not line.startswith(" "):
            name = line.partition(":")[0]
            sections[name] = f"{line}\n"
        elif line and name is not None:
            sections[name] += f"{line}\n"
    return sections
