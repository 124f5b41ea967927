"""The scans of a validation: what the table says of each, and what the model found."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from ichor.findings.parts import NotNegative, Probability
from ichor.findings.schema import Findings
from ichor.findings.verdict import Tier
from ichor.subtypes import Subtype


class Part(BaseModel):
    """A part of validation.json: immutable, without unknown keys, infinities or NaN."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Found(Part):
    """What a model found in a scan."""

    probability: Probability
    tier: Tier
    flagged: bool
    volume_ml: NotNegative | None
    subtypes: dict[Subtype, Probability] | None
    checks: tuple[str, ...]

    @classmethod
    def of(cls, findings: Findings) -> Found:
        """What findings.json says."""
        hemorrhage = findings.hemorrhage
        subtypes = hemorrhage.subtypes
        return cls(
            probability=hemorrhage.probability,
            tier=findings.tier,
            flagged=hemorrhage.present,
            volume_ml=hemorrhage.volume_ml,
            subtypes=None if subtypes is None else {one.subtype: one.probability for one in subtypes},
            checks=tuple(dict.fromkeys(one.kind.value for one in findings.scan.input_checks)),
        )


class Said(Part):
    """What is true of a scan, by the table or by an adjudicator; None where nothing is said."""

    hemorrhage: bool | None
    subtypes: dict[Subtype, bool] = {}


class Overlap(Part):
    """How the model's mask agrees with the delineation of a scan with hemorrhage.

    Attributes:
        dice: over all voxels of the scan.
        surface_dice_2mm, hd95_mm: None without the spacing, or without one of the masks.
        lesions: how many lesions the delineation has, and `found` how many of them the mask overlaps.
        predicted: how many lesions the mask has, and `false` how many of them overlap no delineation.
    """

    dice: Probability
    surface_dice_2mm: Probability | None
    hd95_mm: NotNegative | None
    volume_ml: NotNegative | None
    reference_volume_ml: NotNegative | None
    lesions: int | None
    found: int | None
    predicted: int | None
    false: int | None


class ScanCase(Part):
    """One scan of a validation.

    Attributes:
        scan: its name, which is also that of the folder of its result.
        row: the number of its row.
        patient: the number of its patient, from 0.
        truth: as the table has it.
        groups: which group it is in, by the name of the grouping.
        found: what the model found; None if the scan could not be screened.
        other: what the model that it is compared with found.
        reason: why it could not be screened.
        overlap: None without a delineation of hemorrhage.
        other_overlap: the same of the model that it is compared with.
        mask_problem: why a delineation could not be used.
    """

    scan: str
    row: Annotated[int, Field(ge=1)]
    patient: Annotated[int, Field(ge=0)]
    truth: Said
    groups: dict[str, str] = {}
    found: Found | None = None
    other: Found | None = None
    reason: str = ""
    overlap: Overlap | None = None
    other_overlap: Overlap | None = None
    mask_problem: str = ""

    def with_truth(self, said: Said) -> ScanCase:
        """The same scan with another truth."""
        return self.model_copy(update={"truth": said})


class Column(Part):
    """How a column of the table was understood."""

    column: str
    role: str
    says: str


class Source(Part):
    """The table, and how it was joined with the scans."""

    name: str
    sha256: str
    columns: tuple[Column, ...]
    joined_by: str
    rows_without_scan: tuple[int, ...]
    scans_without_row: int


class Model(Part):
    """A model package: its name, version, hash of its files, and operating point; `rule` is its verdict.json."""

    name: str
    version: str
    sha256: str
    operating_point: str | None
    rule: dict[str, Any] | None

    @property
    def words(self) -> str:
        """Its name and version."""
        return f"{self.name} {self.version}"


class Prevalence(Part):
    """The share of scans with hemorrhage for predictive values; with `given`, by the user, otherwise of the table."""

    value: Annotated[float, Field(gt=0, lt=1)]
    given: bool


class Validated(Part):
    """The scans of a validation with all that its figures are computed from."""

    table: Source
    model: Model
    other: Model | None = None
    prevalence: Prevalence | None
    cases: tuple[ScanCase, ...]

    def names(self) -> Mapping[str, ScanCase]:
        """The scans by name."""
        return {one.scan: one for one in self.cases}
