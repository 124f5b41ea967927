"""Collects the scans of a validation: screens them and puts together what the table and the model say of each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from ichor.errors import IchorError
from ichor.read import ScanPath
from ichor.read.dicom.acquisition import Acquisition, acquisition_of
from ichor.screening.outcome import Outcome
from ichor.validation.cases import Column, Found, Overlap, Said, ScanCase, Source
from ichor.validation.groups import groups_of
from ichor.validation.joining import Joined
from ichor.validation.masks import overlap_with
from ichor.validation.truth import Truth, TruthRow
from ichor.view.results import Listed


def source_of(truth: Truth, joined: Joined) -> Source:
    """The table, as validation.json keeps it."""
    return Source(
        name=truth.table.path.name,
        sha256=truth.table.sha256,
        columns=tuple(Column(column=one.column, role=one.role.value, says=one.says) for one in truth.columns),
        joined_by=joined.by,
        rows_without_scan=tuple(row.number for row in joined.rows),
        scans_without_row=len(joined.scans),
    )


def cases_of(
    joined: Joined,
    outcomes: Mapping[ScanPath, Outcome],
    others: Mapping[ScanPath, Outcome] | None,
    compared: Callable[[str], None] = lambda _: None,
) -> tuple[ScanCase, ...]:
    """The scans in the order of the table; `others` has the outcomes of the model that it is compared with.

    `compared` is called with the name of each scan whose mask has been compared with a delineation.
    """
    patients: dict[str, int] = {}
    cases = []
    for row, scan in joined.pairs:
        outcome = outcomes[scan]
        acquired = _acquired(outcome)
        # Without a name of the patient, each scan is of another patient.
        patient = patients.setdefault(row.patient or acquired.patient or f"row {row.number}", len(patients))
        cases.append(_case(row, outcome, None if others is None else others[scan], acquired, patient))
        if row.mask is not None:
            compared(outcome.job.name)
    return tuple(cases)


def _acquired(outcome: Outcome) -> Acquisition:
    if outcome.findings is None or outcome.findings.scan.source_kind != "dicom":
        return Acquisition()
    return acquisition_of(outcome.job.scan, outcome.findings.scan.series_uids)


def _case(row: TruthRow, outcome: Outcome, other: Outcome | None, acquired: Acquisition, patient: int) -> ScanCase:
    overlap, problem = _overlap(row.mask, outcome)
    reference_ml = None if overlap is None else overlap.reference_volume_ml
    return ScanCase(
        scan=outcome.job.name,
        row=row.number,
        patient=patient,
        truth=Said(hemorrhage=row.hemorrhage, subtypes=dict(row.subtypes)),
        groups=groups_of(row, acquired, outcome.findings, reference_ml),
        found=None if outcome.findings is None else Found.of(outcome.findings),
        other=None if other is None or other.findings is None else Found.of(other.findings),
        reason=outcome.reason,
        overlap=overlap,
        other_overlap=None if other is None else _overlap(row.mask, other)[0],
        mask_problem=problem,
    )


def _overlap(mask: Path | None, outcome: Outcome) -> tuple[Overlap | None, str]:
    """The agreement of the masks, or why there is none."""
    if mask is None or outcome.findings is None or not outcome.findings.method.segments:
        return None, ""
    try:
        return overlap_with(Listed(outcome.job.folder, outcome.findings), mask), ""
    except IchorError as error:
        return None, str(error)
