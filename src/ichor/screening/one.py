"""Screens one of many scans into its folder, whatever distributes them; a result that is there already is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace

from ichor.atomic import make_folder, reporting_disk_errors
from ichor.errors import OutputFailed
from ichor.locks import Busy, one_at_a_time
from ichor.screening.job import Job
from ichor.screening.names import name_with_hash
from ichor.screening.outcome import Outcome, failed
from ichor.screening.pipeline import Screens, earlier_findings, screen_scan
from ichor.write.folder import read_findings

# Busy if another command is screening the scan, OutputFailed if nothing can be written any more.
Screened = Outcome | Busy | OutputFailed


def screen_one(
    job: Job, screener: Callable[[], Screens], *, wait: bool = False, force: bool = False, debug: bool = False
) -> Screened:
    """Screen one scan. Any error becomes its outcome, except requests to end the process.

    `screener` is only called if there is no earlier result, or with `force`. With `wait`, another command that is
    screening the scan is waited for. With `debug`, the full traceback of an error is kept.
    """
    at = job
    try:
        with _locked(job, wait) as at:
            earlier = None if force else earlier_findings(at)
            if earlier is not None:  # by another command, in the meantime
                return Outcome(at, "skipped", earlier)
            return Outcome(at, "done", screen_scan(at, screener()))
    except Busy as busy:
        return busy
    except OutputFailed as error:
        return error if error.for_good else failed(at, error, debug)
    except (KeyboardInterrupt, SystemExit, GeneratorExit):
        raise
    except BaseException as error:  # native decoders raise errors that are not Exceptions
        return failed(at, error, debug)


@contextmanager
def _locked(job: Job, wait: bool) -> Iterator[Job]:
    """Lock the job's folder against other commands; changes the folder if it holds a result of another input."""
    with ExitStack() as stack:
        with reporting_disk_errors(job.folder):
            make_folder(job.folder.parent, private=True)
            stack.enter_context(one_at_a_time(job.folder, wait=wait))
            existing = read_findings(job.folder)
            if existing is not None and existing.made_by.path_sha256 != job.path_sha256:
                # Since the name was chosen, another command has given it to another scan.
                job = replace(job, folder=job.folder.with_name(name_with_hash(job.scan)))
                stack.enter_context(one_at_a_time(job.folder, wait=wait))
        yield job
