"""The parts of `Findings`: the scan, the method, what was found in all and on each slice, and how it was made.

A length, area or volume in mm or mL is null where the scan's spacing is unknown. A detector outlines nothing: what is
measured on an outline is null in its findings.
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
    """A part of findings: nothing is added to it, and nothing of it changes."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class InputCheckFindings(Part):
    """One input check that the scan failed."""

    kind: InputCheck = Field(description="Which check.")
    message: str = Field(description="What was found, for a person to read.")


class ScanFindings(Part):
    """The scan as it was read."""

    name: str = Field(description="What the scan is called; in a batch, the name of its folder of results.")
    path: str | None = Field(
        default=None,
        description="Where it lies, from the root on; of one of several scans there, its place in it behind a /. Null "
        "where it was asked to be left out, and in findings made before this was kept.",
    )
    source_kind: str = Field(
        description="What was read: ct-ich, ct-ich-nifti, nifti, nrrd, metaimage, images, video or dicom."
    )
    study_uid: str | None = Field(
        default=None, description="DICOM Study Instance UID; null where there is none, and in findings made before."
    )
    series_uids: tuple[str, ...] = Field(
        default=(),
        description="DICOM Series Instance UID of what was read: one, or those of the series that were joined.",
    )
    n_slices: Annotated[int, Field(ge=1)] = Field(description="How many slices there are.")
    size: tuple[int, int] = Field(description="[rows, columns] of a slice, in pixels.")
    spacing_mm: tuple[Positive, Positive, Positive] | None = Field(
        description="[pixel row, pixel column, median slice distance] in mm."
    )
    tilt_deg: float | None = Field(description="The gantry's tilt in degrees, where positions are known.")
    gray_window: tuple[float, Positive] | None = Field(
        description="[level, width] in HU of a scan that is gray 0 to 255; null where voxels are HU."
    )
    warnings: tuple[str, ...] = Field(description="What a person should know of how the scan was read.")
    input_checks: tuple[InputCheckFindings, ...] = Field(
        description="The input checks that the scan failed: it is outside the model's intended input, and all other "
        "findings may be unreliable."
    )

    @property
    def only_part(self) -> bool:
        """Whether all that is unusual about the scan is that it shows only part of a head."""
        return {one.kind for one in self.input_checks} == {InputCheck.PART}


class InferenceFindings(Part):
    """How the method's network was run."""

    engine: str = Field(description="What ran it: openvino or onnxruntime.")
    precision: Literal["fp32", "int8"] = Field(description="What it computed in.")
    instruction_set: str = Field(description="The highest instruction set that the engine may use, by oneDNN's name.")
    warning: str | None = Field(
        description="Why another network than the model's own ran, a warning of the scan too; null where its own did."
    )


class MethodFindings(Part):
    """The method that segmented the scan, named so that it can be run again."""

    name: str = Field(description="The method's name.")
    model: str | None = Field(description="The model package it ran; null for a method without one.")
    version: str = Field(description="Version of the model package, or of the method without one.")
    segments: bool = Field(
        description="Whether it outlines hemorrhage; false for a detector, which gives probabilities alone."
    )
    threshold: Probability = Field(
        description="Probability from which on a slice is flagged: that of a voxel on it, or from a detector that of "
        "the slice."
    )
    operating_point: str | None = Field(
        description="Which operating point it decided at: triage, balanced or specific; null from a model without any."
    )
    inference: InferenceFindings | None = Field(
        default=None,
        description="How its network was run; null for a method without one and in findings made before this was kept.",
    )
    settings: dict[str, Any] = Field(description="All other settings of the method.")


class LesionFindings(Part):
    """One lesion: marked voxels that touch each other by a face, an edge or a corner."""

    volume_ml: NotNegative | None = Field(description="Volume in mL, from its voxels.")
    volume_px: Annotated[int, Field(ge=1)] = Field(description="How many voxels it has.")
    slices: tuple[Count, Count] = Field(description="[lowest, highest] slice it is on, counted from 0.")
    n_slices: Annotated[int, Field(ge=1)] = Field(description="How many slices it is on.")
    centre_slice: Count = Field(description="The slice on which its area is largest, counted from 0.")
    largest_diameter_mm: Positive | None = Field(description="Its largest diameter on any one slice, mm.")
    a_mm: Positive | None = Field(description="A of ABC/2: largest diameter on its centre slice, mm.")
    b_mm: Positive | None = Field(description="B of ABC/2: largest diameter at a right angle to A, mm.")
    c_mm: Positive | None = Field(description="C of ABC/2: heights of its slices by Kothari's weights, mm.")
    abc2_ml: Positive | None = Field(description="A x B x C / 2 in mL.")
    side: Literal["right", "left", "midline"] | None = Field(
        description="The patient's side of the head's centre line; null where no head was found."
    )
    subtype: Subtype | None = Field(
        description="The subtype of highest mean probability over its slices, each weighted by its pixels there: "
        "subtypes are predicted for slices, not for places on them. Null from a method without subtypes."
    )
    subtype_alternative: Subtype | None = Field(
        default=None,
        description="The subtype of the second highest mean probability, where it is at least half the highest: the "
        "lesion may as well be of this one. Null elsewhere, and in findings made before this was kept.",
    )


class SubtypeFindings(Part):
    """One subtype in the whole scan."""

    subtype: Subtype = Field(description="Its abbreviation.")
    probability: Probability = Field(description="That a slice shows it, the highest of all slices.")
    volume_ml: NotNegative | None = Field(description="Volume of all lesions of this subtype, mL.")
    volume_px: Count | None = Field(description="How many voxels these have; null from a detector.")


class HemorrhageFindings(Part):
    """What the method found in the whole scan."""

    probability: Probability = Field(description="That the scan shows hemorrhage.")
    present: bool = Field(description="Whether any slice is flagged.")
    volume_ml: NotNegative | None = Field(description="Volume of all marked voxels, mL.")
    volume_px: Count | None = Field(description="How many voxels are marked; null from a detector.")
    n_slices: Count = Field(description="How many slices are flagged.")
    largest_diameter_mm: Positive | None = Field(
        description="The largest diameter of any lesion on one slice, mm; null where nothing was found."
    )
    abc2_ml: NotNegative | None = Field(description="Sum of the listed lesions' A x B x C / 2, mL.")
    n_lesions: Count | None = Field(description="How many lesions there are; null from a detector.")
    lesions: tuple[LesionFindings, ...] = Field(
        description="The lesions, the largest first; of very many, the largest 200."
    )
    subtypes: Annotated[tuple[SubtypeFindings, ...], Field(min_length=len(Subtype), max_length=len(Subtype))] | None = (
        Field(description="Each of the five subtypes; null from a method without subtypes.")
    )


class SliceFindings(Part):
    """One slice."""

    index: Count = Field(description="Counted from 0 at the lowest slice; reports show index + 1.")
    position_mm: NotNegative | None = Field(description="Distance from the lowest slice along the normal, mm.")
    thickness_mm: Positive | None = Field(description="What the slice was reconstructed from, mm.")
    height_mm: Positive | None = Field(description="The height its voxels stand for in volumes, mm.")
    probability: Probability = Field(description="That the slice shows hemorrhage.")
    flagged: bool = Field(
        description="Whether any of its pixels is marked; from a detector, whether its probability reaches the "
        "threshold."
    )
    area_px: Count | None = Field(description="How many of its pixels are marked; null from a detector.")
    area_mm2: NotNegative | None = Field(description="Their area in mm2.")
    subtypes: OfEachSubtype | None = Field(
        description="That the slice shows each of the five subtypes; null from a method without subtypes."
    )


class Timing(Part):
    """Seconds of wall time."""

    read: NotNegative = Field(description="Reading the scan.")
    infer: NotNegative = Field(description="The method's work.")
    write: NotNegative = Field(description="Measuring and writing everything but findings.json itself.")
    total: NotNegative = Field(description="From the start of reading to the writing of findings.json.")


class Making(Part):
    """What else is needed to make the same result again, and to know that it has been made."""

    packages: dict[str, str] = Field(description="Versions of the packages at work.")
    read_options: dict[str, Any] = Field(description="What the user said of the scan that its files do not.")
    input_sha256: str = Field(description="Hash of the input's path and of its files' names, sizes and times.")
    path_sha256: str = Field(description="Hash of the input's path alone.")
    method_sha256: str | None = Field(description="Hash of the model package's files; null without one.")
    patient_shown: bool = Field(
        default=False, description="Whether the report shows the patient's name and dates. Nothing else ever does."
    )
