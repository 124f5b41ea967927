"""Runs a validation: from scans and a table to a folder with report.html, validation.json and screening results."""

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
from ichor.validation.results import OTHER, SCANS, write_results
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
    against: str | Path | None,
    how: How,
    told: Told,
) -> dict[str, Any]:
    """Screen the scans, write the folder, and return the content of validation.json.

    With `against`, the scans are screened with that model, too, and the two are compared. Results that are already in
    the folder and were made in the same way are reused. Adjudications in the folder are kept and taken into account.
    Raises BadConfig, UnreadableInput and OutputFailed, in one line.
    """
    if not matched_only:
        require_all(plan.joined, plan.truth)
    scans = [scan for _, scan in plan.joined.pairs]
    package, described = model_of(model, operating_point)
    other = None if against is None else model_of(against, None)
    if other is not None and other[1].sha256 == described.sha256:
        raise BadConfig(f"{other[0]}: expected a different model to compare with, found {described.words} again")
    outcomes = screen_all(scans, out / SCANS, package, operating_point, how, told.screened, told.message)
    others = None
    if other is not None:
        others = screen_all(scans, out / OTHER, other[0], None, how, told.screened, told.message)
    cases = cases_of(plan.joined, outcomes, others, told.compared)
    return write_results(out, _validated(plan, described, None if other is None else other[1], cases, prevalence))


def _validated(
    plan: Plan, model: Model, other: Model | None, cases: tuple[ScanCase, ...], prevalence: float | None
) -> Validated:
    if not any(one.found is not None for one in cases):
        raise BadConfig(f"{plan.truth.table.path}: expected a scan that can be screened, found none")
    return Validated(
        table=source_of(plan.truth, plan.joined),
        model=model,
        other=other,
        prevalence=prevalence_of(cases, prevalence),
        cases=cases,
    )


def prevalence_of(cases: Sequence[ScanCase], given: float | None) -> Prevalence | None:
    """As given, or else that of the table; None if all scans are of one class."""
    if given is not None:
        return Prevalence(value=given, given=True)
    known = [one.truth.hemorrhage for one in cases if one.truth.hemorrhage is not None]
    share = sum(known) / len(known) if known else 0.0
    return Prevalence(value=share, given=False) if 0 < share < 1 else None
