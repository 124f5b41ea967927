"""A validation from scans and a table to a folder with report.html, validation.json and the results of screening."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ichor.errors import BadConfig
from ichor.read import ScanPath
from ichor.validation.cases import Model, Prevalence, ScanCase, Validated
from ichor.validation.collect import cases_of, source_of
from ichor.validation.joining import Joined, join, require_all
from ichor.validation.results import SCANS, write_results
from ichor.validation.screening import How, Tell, model_of, screen_all
from ichor.validation.table import read_table
from ichor.validation.truth import Truth, read_truth


@dataclass(frozen=True, slots=True)
class Plan:
    """What is validated, before any scan is screened.

    Attributes:
        truth: the table.
        scans: all scans that were found.
        joined: the rows with their scans.
    """

    truth: Truth
    scans: tuple[ScanPath, ...]
    joined: Joined


def plan_validation(scans: Sequence[ScanPath], table: Path, columns: Mapping[str, str]) -> Plan:
    """Read and understand the table, and join it with the scans; `columns` has names of columns by role, from the user.

    Raises UnreadableInput or BadConfig, in one line, where that is not possible.
    """
    truth = read_truth(read_table(table), columns)
    return Plan(truth, tuple(scans), join(truth, scans))


@dataclass(frozen=True, slots=True)
class Told:
    """Where progress is reported: scans as they are screened, masks as they are compared, and messages."""

    screened: Tell
    compared: Callable[[str], None]
    message: Callable[[str], None]


def validate(
    plan: Plan,
    out: Path,
    model: str | Path,
    *,
    operating_point: str | None,
    prevalence: float | None,
    matched_only: bool,
    how: How,
    told: Told,
) -> dict[str, Any]:
    """Screen the scans, write the folder, and return the content of validation.json.

    What is in the folder already and was made alike is not made again. Adjudications in it are kept and counted.
    Raises BadConfig, UnreadableInput and OutputFailed, in one line.
    """
    if not matched_only:
        require_all(plan.joined, plan.truth)
    package, described = model_of(model, operating_point)
    outcomes = screen_all(
        [scan for _, scan in plan.joined.pairs],
        out / SCANS,
        package,
        operating_point,
        how,
        told.screened,
        told.message,
    )
    cases = cases_of(plan.joined, outcomes, None, told.compared)
    return write_results(out, _validated(plan, described, cases, prevalence))


def _validated(plan: Plan, model: Model, cases: tuple[ScanCase, ...], prevalence: float | None) -> Validated:
    if not any(one.found is not None for one in cases):
        raise BadConfig(f"{plan.truth.table.path}: expected a scan that can be screened, found none")
    return Validated(
        table=source_of(plan.truth, plan.joined),
        model=model,
        prevalence=prevalence_of(cases, prevalence),
        cases=cases,
    )


def prevalence_of(cases: Sequence[ScanCase], given: float | None) -> Prevalence | None:
    """As given, or else that of the table; None if its scans are of one class only."""
    if given is not None:
        return Prevalence(value=given, given=True)
    known = [one.truth.hemorrhage for one in cases if one.truth.hemorrhage is not None]
    share = sum(known) / len(known) if known else 0.0
    return Prevalence(value=share, given=False) if 0 < share < 1 else None
