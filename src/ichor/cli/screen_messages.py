"""The messages of `ichor screen`: each scan as it is done, and a summary of all."""

from __future__ import annotations

import shlex
import shutil
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from ichor.errors import OutputFailed
from ichor.interruption import INTERRUPTED

REPORT = "report.html"

if TYPE_CHECKING:
    from ichor.findings.parts import HemorrhageFindings, SubtypeFindings
    from ichor.findings.schema import Findings
    from ichor.screening.outcome import Outcome


def verdict(found: Findings) -> str:
    """The findings in one line, with the input checks that the scan failed."""
    kinds = ", ".join(dict.fromkeys(one.kind.value for one in found.scan.input_checks))
    if found.scan.only_part:
        return f"{_found(found)}; only part of a head is shown"
    return _found(found) + (f"; outside the model's intended input: {kinds}" if kinds else "")


def _found(found: Findings) -> str:
    hemorrhage = found.hemorrhage
    words = found.tier.words
    text = f"{words[0].lower()}{words[1:]} (probability {hemorrhage.probability:.2f})"
    if not hemorrhage.present:
        nothing = f", nothing {'outlined' if found.method.segments else 'flagged'}"
        return text + (nothing if found.tier != "none" else "")
    where = f"{hemorrhage.n_slices} of {found.scan.n_slices} slices"
    if not found.method.segments:
        return f"{text}, flagged on {where}; this method does not outline hemorrhage"
    text = f"{text}, {_volume(hemorrhage)} on {where}"
    marked = sorted((one for one in hemorrhage.subtypes or () if one.volume_px), key=lambda one: -(one.volume_px or 0))
    return text + (": " + ", ".join(f"{one.subtype} {_volume(one)}" for one in marked) if marked else "")


def _volume(of: HemorrhageFindings | SubtypeFindings) -> str:
    if of.volume_ml is None:
        return f"{of.volume_px} voxels"
    return f"{of.volume_ml:.1f} mL" if of.volume_ml >= 0.05 else "< 0.1 mL"


@contextmanager
def reporting_what_is_left(total: int, outcomes: Sequence[Outcome]) -> Iterator[None]:
    """A block that adds outcomes; if it is interrupted, or the disk is full, say how many scans are left."""

    def left() -> str:
        return f"with {total - len(outcomes)} of {total} scans left; run again to continue"

    try:
        yield
    except KeyboardInterrupt:
        typer.echo(f"ichor: interrupted {left()}", err=True)
        raise typer.Exit(INTERRUPTED) from None
    except OutputFailed as error:
        raise OutputFailed(f"{error} {left()}") from error


def close(outcomes: Sequence[Outcome], out: str, *, listing: str = "summary.csv", by_kind: bool = False) -> int:
    """Print where the results are, what failed, and problems in running networks; returns the exit code.

    `listing` is the name of the table of all scans. What failed is listed in order, or `by_kind`.
    """
    for warning in _inference_warnings(outcomes):
        typer.echo(f"ichor: warning: {warning}", err=True)
    failed = [one for one in outcomes if one.status == "failed"]
    if len(outcomes) == 1:
        (outcome,) = outcomes
        if outcome.findings is None:
            typer.echo(f"ichor: {_reason(outcome)}", err=True)
            return 2
        text = verdict(outcome.findings)
        typer.echo(text[0].upper() + text[1:])
        if outcome.status == "skipped":
            typer.echo("Already screened with the same model and options; --force screens it again.")
        folder, report = outcome.job.folder, outcome.job.folder / REPORT
        if "://" in out:
            typer.echo(f"Results: {out.rstrip('/')}/{folder.name}")
        else:
            typer.echo(f"Report: {report}" if report.is_file() else f"Results: {folder}")
            typer.echo(_how_to_view(folder))
        typer.echo(outcome.findings.notice)
        return 0
    tiers = [one.findings.tier.value for one in outcomes if one.findings is not None]
    possible = f", possible in {tiers.count('possible')}" if "possible" in tiers else ""
    before = sum(one.status == "skipped" for one in outcomes)
    typer.echo(
        f"{len(outcomes) - len(failed)} of {len(outcomes)} scans screened"
        + (f" ({before} of them before)" if before else "")
        + f", hemorrhage suspected in {tiers.count('suspected')}{possible}"
    )
    reports = (
        f"Reports: {out}/*/{REPORT}" if any((one.job.folder / REPORT).is_file() for one in outcomes) else "Results"
    )
    typer.echo(f"{reports}, all in {out.rstrip('/')}/{listing}")
    if "://" not in out:
        typer.echo(_how_to_view(out))
    typer.echo("Research use only; not a medical device.")
    if by_kind:
        _list_by_kind(failed)
    else:
        for outcome in failed:
            typer.echo(f"failed: {_reason(outcome)}", err=True)
    return 1 if failed else 0


def _list_by_kind(failed: Sequence[Outcome]) -> None:
    """Print the kinds of failure, the most frequent first, each with its scans."""
    kinds = Counter(one.code for one in failed)
    for code, n in kinds.most_common():
        typer.echo(f"failed: {code or 'other'} ({n})", err=True)
        for outcome in failed:
            if outcome.code == code:
                typer.echo(f"  {_reason(outcome)}", err=True)


def _how_to_view(folder: Path | str) -> str:
    return f"To view it: {shlex.join([*_this_command(), 'view', str(folder)])}"


def _this_command() -> list[str]:
    """The `ichor` command as it was started, so that what is printed works in the same shell."""
    started = Path(sys.argv[0])
    if started.parts[-2:] == ("ichor", "__main__.py"):
        return [sys.executable, "-m", "ichor"]
    found = shutil.which("ichor")
    on_path = found is not None and Path(found).absolute() == started.absolute()
    return ["ichor" if on_path or started.stem != "ichor" else sys.argv[0]]


def _inference_warnings(outcomes: Sequence[Outcome]) -> list[str]:
    """The distinct problems in running networks."""
    ran = (one.findings.method.inference for one in outcomes if one.findings is not None)
    return list(dict.fromkeys(one.warning for one in ran if one is not None and one.warning))


def _reason(outcome: Outcome) -> str:
    """The line that says why a scan failed, with the path of the scan or of its results."""
    path, folder, scan = str(outcome.job.path), str(outcome.job.folder), str(outcome.job.scan)
    if outcome.job.origin is not None:
        path = scan = outcome.job.place
    if outcome.job.label and outcome.reason.startswith(f"{path}: "):  # one of several scans at the path
        return outcome.reason.replace(path, scan, 1)
    return outcome.reason if outcome.reason.startswith((path, folder)) else f"{scan}: {outcome.reason}"
