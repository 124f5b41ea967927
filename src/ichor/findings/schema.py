"""`Findings`: what is said of a scan.

These models are the schema of findings.json; docs/findings.md explains it.

A length, area or volume in mm or mL is null where the scan's spacing is unknown; counts of pixels never are.
"""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from ichor.findings.checks.kinds import Unlike
from ichor.findings.measurements import MOST_LESIONS
from ichor.subtypes import Subtype

NOTICE: Literal["Research use only; not a medical device."] = "Research use only; not a medical device."
# Volumes are rounded to 1e-6 mL, each by itself.
SUM_WITHIN_ML = 1e-5

Probability = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=0)]
Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]
OfEachSubtype = Annotated[dict[Subtype, Probability], Field(min_length=len(Subtype), max_length=len(Subtype))]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class UnlikeFindings(_Part):
    """One way in which the scan is unlike what the models were made for."""

    kind: Unlike = Field(description="In what it is unlike.")
    sentence: str = Field(description="What was seen, for a person to read.")


class ScanFindings(_Part):
    """The scan as it was read."""

    name: str = Field(description="What the scan is called: the name of its folder of results.")
    path: str | None = Field(
        default=None,
        description="Where it lies, from the root on; of one of several scans there, its place in it behind a /. Null "
        "where it was asked to be left out, and in findings made before this was kept.",
    )
    source_kind: str = Field(description="What was read: ct-ich, ct-ich-nifti, nifti, images or dicom.")
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
    unlike: tuple[UnlikeFindings, ...] = Field(
        description="In what it is unlike the scans that the models were made for: all else said of it may be wrong."
    )


class InferenceFindings(_Part):
    """How the method's network was run."""

    engine: str = Field(description="What ran it: openvino or onnxruntime.")
    precision: Literal["fp32", "int8"] = Field(description="What it computed in.")
    instruction_set: str = Field(description="The highest instruction set that the engine may use, by oneDNN's name.")
    warning: str | None = Field(
        description="Why another network than the model's own ran, a warning of the scan too; null where its own did."
    )


class MethodFindings(_Part):
    """The method that segmented the scan, named so that it can be run again."""

    name: str = Field(description="The method's name.")
    model: str | None = Field(description="The model package it ran; null for a method without one.")
    version: str = Field(description="Version of the model package, or of the method without one.")
    threshold: Probability = Field(
        description="Voxel probability from which on a slice is marked: the voxels that reach it, or the outline there."
    )
    operating_point: str | None = Field(
        description="Which operating point it decided at: triage, balanced or specific; null from a model without any."
    )
    inference: InferenceFindings | None = Field(
        default=None,
        description="How its network was run; null for a method without one and in findings made before this was kept.",
    )
    settings: dict[str, Any] = Field(description="All other settings of the method.")


class LesionFindings(_Part):
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
        description="The subtype of highest mean probability over its slices, each weighted by its pixels there: what "
        "is told of slices, not of places on them. Null from a method that tells no subtypes."
    )


class SubtypeFindings(_Part):
    """One subtype in the whole scan."""

    subtype: Subtype = Field(description="Its abbreviation.")
    probability: Probability = Field(description="That a slice shows it, the highest of all slices.")
    volume_ml: NotNegative | None = Field(description="Volume of all lesions of this subtype, mL.")
    volume_px: Count = Field(description="How many voxels these have.")


class HemorrhageFindings(_Part):
    """What the method found in the whole scan."""

    probability: Probability = Field(description="That the scan shows hemorrhage.")
    present: bool = Field(description="Whether any voxel is marked.")
    volume_ml: NotNegative | None = Field(description="Volume of all marked voxels, mL.")
    volume_px: Count = Field(description="How many voxels are marked.")
    n_slices: Count = Field(description="How many slices have marked pixels.")
    largest_diameter_mm: Positive | None = Field(
        description="The largest diameter of any lesion on one slice, mm; null where nothing was found."
    )
    abc2_ml: NotNegative | None = Field(description="Sum of the listed lesions' A x B x C / 2, mL.")
    n_lesions: Count = Field(description="How many lesions there are.")
    lesions: tuple[LesionFindings, ...] = Field(
        description="The lesions, the one with most voxels first; of very many, the largest 200."
    )
    subtypes: Annotated[tuple[SubtypeFindings, ...], Field(min_length=len(Subtype), max_length=len(Subtype))] | None = (
        Field(description="Each of the five subtypes; null from a method that tells none.")
    )


class SliceFindings(_Part):
    """One slice."""

    index: Count = Field(description="Counted from 0 at the lowest slice; reports show index + 1.")
    position_mm: NotNegative | None = Field(description="Distance from the lowest slice along the normal, mm.")
    thickness_mm: Positive | None = Field(description="What the slice was reconstructed from, mm.")
    height_mm: Positive | None = Field(description="The height its voxels stand for in volumes, mm.")
    probability: Probability = Field(description="That the slice shows hemorrhage.")
    area_px: Count = Field(description="How many of its pixels are marked; above 0 the slice is flagged.")
    area_mm2: NotNegative | None = Field(description="Their area in mm2.")
    subtypes: OfEachSubtype | None = Field(
        description="That the slice shows each of the five subtypes; null from a method that tells none."
    )


class Timing(_Part):
    """Seconds of wall time."""

    read: NotNegative = Field(description="Reading the scan.")
    infer: NotNegative = Field(description="The method's work.")
    write: NotNegative = Field(description="Measuring and writing everything but findings.json itself.")
    total: NotNegative = Field(description="From the start of reading to the writing of findings.json.")


class Making(_Part):
    """What else is needed to make the same result again, and to know that it has been made."""

    packages: dict[str, str] = Field(description="Versions of the packages at work.")
    read_options: dict[str, Any] = Field(description="What the user said of the scan that its files do not.")
    input_sha256: str = Field(description="Hash of the input's path and of its files' names, sizes and times.")
    path_sha256: str = Field(description="Hash of the input's path alone.")
    method_sha256: str | None = Field(description="Hash of the model package's files; null without one.")
    patient_shown: bool = Field(
        default=False, description="Whether the report shows the patient's name and dates. Nothing else ever does."
    )


class Findings(_Part):
    """What is said of one scan: the whole of findings.json."""

    notice: Literal["Research use only; not a medical device."] = Field(description="How it may be used.")
    scan: ScanFindings
    method: MethodFindings
    hemorrhage: HemorrhageFindings
    slices: tuple[SliceFindings, ...] = Field(description="Every slice, from the lowest up.")
    timing_s: Timing
    made_by: Making

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Self:
        """Slices, counts and totals must tell the same story."""
        if [one.index for one in self.slices] != list(range(self.scan.n_slices)):
            raise ValueError(f"expected slices 0 to {self.scan.n_slices - 1} in order, found {len(self.slices)}")
        areas = [one.area_px for one in self.slices]
        flagged = sum(area > 0 for area in areas)
        found = self.hemorrhage
        expected = (sum(areas), flagged, flagged > 0)
        stated = (found.volume_px, found.n_slices, found.present)
        if stated != expected:
            raise ValueError(
                f"expected volume_px, n_slices and present to agree with the slices' {expected}, found {stated}"
            )
        listed = min(found.n_lesions, MOST_LESIONS)
        voxels = sum(one.volume_px for one in found.lesions)
        rest = found.volume_px - voxels
        if len(found.lesions) != listed or (rest != 0 if found.n_lesions == listed else rest <= 0):
            raise ValueError(
                f"expected {listed} lesions with at most {found.volume_px} voxels, "
                f"found {len(found.lesions)} with {voxels}"
            )
        _require_agreeing_subtypes(found, self.slices)
        return self

    def as_json(self) -> str:
        """The text of findings.json."""
        return self.model_dump_json(indent=2) + "\n"


def json_schema() -> str:
    """The JSON Schema of findings.json, the text of docs/findings.schema.json."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **Findings.model_json_schema()}
    return json.dumps(schema, indent=2) + "\n"


def _require_agreeing_subtypes(found: HemorrhageFindings, slices: tuple[SliceFindings, ...]) -> None:
    """Raise ValueError where subtypes are told here and not there, or where they disagree with slices and lesions."""
    parts = [one.subtypes for one in slices] + [one.subtype for one in found.lesions]
    if any((part is None) != (found.subtypes is None) for part in parts):
        raise ValueError("expected subtypes of the scan, of every slice and of every lesion or none, found some")
    if found.subtypes is None:
        return
    if [one.subtype for one in found.subtypes] != list(Subtype):
        raise ValueError(f"expected the subtypes {', '.join(Subtype)} in order, found others")
    for one in found.subtypes:
        highest = max(each.subtypes[one.subtype] for each in slices if each.subtypes is not None)
        listed = sum(lesion.volume_px for lesion in found.lesions if lesion.subtype is one.subtype)
        if one.probability != highest or one.volume_px < listed:
            raise ValueError(
                f"expected {one.subtype} of probability {highest} and at least {listed} voxels, as slices and lesions "
                f"have it, found {one.probability} and {one.volume_px}"
            )
    voxels = sum(one.volume_px for one in found.subtypes)
    if voxels != found.volume_px:
        raise ValueError(f"expected the subtypes' volumes to sum to {found.volume_px} voxels, found {voxels}")
    volumes = [one.volume_ml for one in found.subtypes]
    known = [one for one in volumes if one is not None]
    if found.volume_ml is None:
        agree = not known
    else:
        agree = len(known) == len(volumes) and abs(sum(known) - found.volume_ml) <= SUM_WITHIN_ML
    if not agree:
        raise ValueError(f"expected the subtypes' volumes to sum to {found.volume_ml} mL, found {volumes}")
