"""The parts of `Findings`: the scan, the method, the hemorrhage in the scan and on each slice, and the provenance.

Lengths, areas and volumes in mm or mL are null if the scan's spacing is unknown. A detector outlines no hemorrhage: all
measurements of outlines are null in its findings.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from ichor.findings.checks.kinds import InputCheck
from ichor.subtypes import Subtype

Probability = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=0)]
Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]
OfEachSubtype = Annotated[dict[Subtype, Probability], Field(min_length=len(Subtype), max_length=len(Subtype))]


class Part(BaseModel):
    """A part of the findings: immutable, without unknown keys, infinities or NaN."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class InputCheckFindings(Part):
    """One input check that the scan failed."""

    kind: InputCheck = Field(description="The check.")
    message: str = Field(description="A message for the reader about what was found.")


class ScanFindings(Part):
    """The scan as it was read."""

    name: str = Field(description="The scan's name; in a batch, also the name of its results folder.")
    path: str | None = Field(
        default=None,
        description="The absolute path of the scan; if there are several scans at the path, followed by / and the "
        "scan's label. Null if the path was not to be shown, and in findings of earlier versions.",
    )
    source_kind: str = Field(
        description="The format of the input: ct-ich, ct-ich-nifti, nifti, nrrd, metaimage, images, video or dicom."
    )
    study_uid: str | None = Field(
        default=None,
        description="DICOM Study Instance UID; null if there is none, and in findings of earlier versions.",
    )
    series_uids: tuple[str, ...] = Field(
        default=(),
        description="DICOM Series Instance UID of the series; several if series were joined, none for other formats.",
    )
    n_slices: Annotated[int, Field(ge=1)] = Field(description="The number of slices.")
    size: tuple[int, int] = Field(description="[rows, columns] of a slice, in pixels.")
    spacing_mm: tuple[Positive, Positive, Positive] | None = Field(
        description="[pixel row, pixel column, median slice distance] in mm."
    )
    tilt_deg: float | None = Field(description="The gantry tilt in degrees; null if the slices' positions are unknown.")
    gray_window: tuple[float, Positive] | None = Field(
        description="[level, width] in HU of the gray window, if the voxels are gray values from 0 to 255; null if "
        "they are HU."
    )
    warnings: tuple[str, ...] = Field(description="Warnings for the reader about how the scan was read.")
    input_checks: tuple[InputCheckFindings, ...] = Field(
        description="The input checks that the scan failed: it is outside the model's intended input, and all other "
        "findings may be unreliable."
    )

    @property
    def only_part(self) -> bool:
        """Whether the only failed check is that the scan shows only part of a head."""
        return {one.kind for one in self.input_checks} == {InputCheck.PART}


class InferenceFindings(Part):
    """How the method's network was run."""

    engine: str = Field(description="The inference engine: openvino or onnxruntime.")
    precision: Literal["fp32", "int8"] = Field(description="The numeric precision of the network.")
    instruction_set: str = Field(description="The highest instruction set that the engine may use, by oneDNN's name.")
    warning: str | None = Field(
        description="Why the model's default network could not be run and another one was; also among the scan's "
        "warnings. Null if the default network was run."
    )


class MethodFindings(Part):
    """The method that segmented the scan, with everything needed to run it again."""

    name: str = Field(description="The method's name.")
    model: str | None = Field(description="The name of the model package; null for a method without one.")
    version: str = Field(description="The version of the model package or, without one, of the method.")
    segments: bool = Field(
        description="Whether the method outlines hemorrhage; false for a detector, which only predicts probabilities."
    )
    threshold: Probability = Field(
        description="The probability from which on a voxel is marked or, for a detector, a slice is flagged."
    )
    operating_point: str | None = Field(
        description="The operating point: triage, balanced or specific; null for a model without operating points."
    )
    inference: InferenceFindings | None = Field(
        default=None,
        description="How the network was run; null for a method without one, and in findings of earlier versions.",
    )
    settings: dict[str, Any] = Field(description="All other settings of the method.")


class LesionFindings(Part):
    """One lesion: a region of marked voxels connected by faces, edges or corners."""

    volume_ml: NotNegative | None = Field(description="Volume of its voxels, mL.")
    volume_px: Annotated[int, Field(ge=1)] = Field(description="Number of its voxels.")
    slices: tuple[Count, Count] = Field(description="[lowest, highest] of its slices, counted from 0.")
    n_slices: Annotated[int, Field(ge=1)] = Field(description="Number of its slices.")
    centre_slice: Count = Field(description="The slice on which its area is largest, counted from 0.")
    largest_diameter_mm: Positive | None = Field(description="Its largest diameter on any single slice, mm.")
    a_mm: Positive | None = Field(description="A of ABC/2: largest diameter on its centre slice, mm.")
    b_mm: Positive | None = Field(description="B of ABC/2: largest diameter perpendicular to A, mm.")
    c_mm: Positive | None = Field(description="C of ABC/2: sum of its slices' heights with Kothari's weights, mm.")
    abc2_ml: Positive | None = Field(description="A x B x C / 2, mL.")
    side: Literal["right", "left", "midline"] | None = Field(
        description="The patient's side on which it lies, relative to the head's center line; null if no head was "
        "found."
    )
    subtype: Subtype | None = Field(
        description="The subtype of highest mean probability over its slices, each weighted by its pixels on the "
        "slice: subtypes are predicted for slices, not for positions on them. Null for a method without subtypes."
    )
    subtype_alternative: Subtype | None = Field(
        default=None,
        description="The second most probable subtype, if its mean probability is at least half the highest: the "
        "lesion may be of either. Null otherwise, and in findings of earlier versions.",
    )


class SubtypeFindings(Part):
    """One subtype in the whole scan."""

    subtype: Subtype = Field(description="Its abbreviation.")
    probability: Probability = Field(description="Highest probability, over all slices, that a slice shows it.")
    volume_ml: NotNegative | None = Field(description="Volume of all lesions of this subtype, mL.")
    volume_px: Count | None = Field(description="Number of their voxels; null for a detector.")


class HemorrhageFindings(Part):
    """The hemorrhage found in the whole scan."""

    probability: Probability = Field(description="Probability that the scan shows hemorrhage.")
    present: bool = Field(description="Whether any slice is flagged.")
    volume_ml: NotNegative | None = Field(description="Volume of all marked voxels, mL.")
    volume_px: Count | None = Field(description="Number of marked voxels; null for a detector.")
    n_slices: Count = Field(description="Number of flagged slices.")
    largest_diameter_mm: Positive | None = Field(
        description="The largest diameter of any lesion on a single slice, mm; null if there is no lesion."
    )
    abc2_ml: NotNegative | None = Field(description="Sum of A x B x C / 2 over the listed lesions, mL.")
    n_lesions: Count | None = Field(description="Number of lesions; null for a detector.")
    lesions: tuple[LesionFindings, ...] = Field(
        description="The lesions, the largest first; if there are more than 200, the largest 200."
    )
    subtypes: Annotated[tuple[SubtypeFindings, ...], Field(min_length=len(Subtype), max_length=len(Subtype))] | None = (
        Field(description="Each of the five subtypes; null for a method without subtypes.")
    )


class SliceFindings(Part):
    """One slice."""

    index: Count = Field(description="Counted from 0 at the lowest slice; reports show index + 1.")
    position_mm: NotNegative | None = Field(description="Distance from the lowest slice along the normal, mm.")
    thickness_mm: Positive | None = Field(description="Thickness from which the slice was reconstructed, mm.")
    height_mm: Positive | None = Field(description="Height of its voxels for the calculation of volumes, mm.")
    probability: Probability = Field(description="Probability that the slice shows hemorrhage.")
    flagged: bool = Field(
        description="Whether any of its pixels is marked; for a detector, whether its probability reaches the "
        "threshold."
    )
    area_px: Count | None = Field(description="Number of its marked pixels; null for a detector.")
    area_mm2: NotNegative | None = Field(description="Their area, mm².")
    subtypes: OfEachSubtype | None = Field(
        description="Probability that the slice shows each of the five subtypes; null for a method without subtypes."
    )


class Timing(Part):
    """Wall-clock times in seconds."""

    read: NotNegative = Field(description="Reading the scan.")
    infer: NotNegative = Field(description="Running the method.")
    write: NotNegative = Field(description="Measuring, and writing everything except findings.json itself.")
    total: NotNegative = Field(description="From the start of reading to the writing of findings.json.")


class Making(Part):
    """Provenance: what the result depends on, so that it can be reproduced and reused."""

    packages: dict[str, str] = Field(description="Versions of the packages used.")
    read_options: dict[str, Any] = Field(description="Properties of the scan that the user gave as options.")
    input_sha256: str = Field(description="Hash of the input's path and of its files' names, sizes and times.")
    path_sha256: str = Field(description="Hash of the input's path alone.")
    method_sha256: str | None = Field(description="Hash of the model package's files; null without one.")
    patient_shown: bool = Field(
        default=False,
        description="Whether the report shows the patient's name and dates, which no other output ever shows.",
    )
