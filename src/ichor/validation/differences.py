"""The scans in which the model and the truth differ, as rows of the report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ichor.findings.verdict import Tier
from ichor.subtypes import Subtype
from ichor.validation.adjudication import Adjudications, Ruled
from ichor.validation.cases import Found, Said, ScanCase, Validated

Kind = Literal["missed", "false alarm"]
UNKNOWN = "cannot be determined"


@dataclass(frozen=True, slots=True)
class Difference:
    """One scan in which the model and the table differ.

    Attributes:
        number: of the scan in the validation, from 0, which is its number in the viewer.
        case: the scan.
        kind: missed: hemorrhage is present but not suspected; false alarm: it is suspected but not present.
        truth: by the table, in words.
        ruled: what an adjudicator said, in words; empty if nobody did.
    """

    number: int
    case: ScanCase
    kind: Kind
    truth: str
    ruled: str

    @property
    def found(self) -> Found:
        """What the model found."""
        assert self.case.found is not None  # a scan that was not screened does not differ
        return self.case.found


def kind_of(case: ScanCase) -> Kind | None:
    """How the model and the truth of a scan differ; None if they do not, or if one of them is not known."""
    if case.found is None or case.truth.hemorrhage is None:
        return None
    suspected = case.found.tier is Tier.SUSPECTED
    if suspected == case.truth.hemorrhage:
        return None
    return "false alarm" if suspected else "missed"


def differences(validated: Validated, ruled: Adjudications) -> list[Difference]:
    """The scans that differ by the table: missed ones first, the least probable first; then false alarms, the most."""
    found = [
        Difference(number, case, kind, words_of(case.truth), ruled_words(ruled.of(case.scan)))
        for number, case in enumerate(validated.cases)
        if (kind := kind_of(case)) is not None
    ]
    return sorted(
        found,
        key=lambda one: (one.kind != "missed", one.found.probability * (1 if one.kind == "missed" else -1), one.number),
    )


def words_of(truth: Said) -> str:
    """`hemorrhage: SDH, SAH`, `no hemorrhage`, or that it is not known."""
    if truth.hemorrhage is None:
        return "not known"
    subtypes = ", ".join(one.value for one in Subtype if truth.subtypes.get(one))
    return f"hemorrhage{': ' if subtypes else ''}{subtypes}" if truth.hemorrhage else "no hemorrhage"


def ruled_words(ruled: Ruled | None) -> str:
    """What an adjudicator said, with name, day and comment."""
    if ruled is None:
        return ""
    if ruled.ruling == "right":
        said = "the table is right"
    elif ruled.hemorrhage is None:
        said = UNKNOWN
    else:
        said = words_of(Said(hemorrhage=ruled.hemorrhage, subtypes=dict.fromkeys(ruled.subtypes or (), True)))
    comment = f": {ruled.comment}" if ruled.comment else ""
    return f"{said} ({ruled.who}, {ruled.when[:10]}{comment})"
