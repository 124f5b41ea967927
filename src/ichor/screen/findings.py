"""`Findings`: what is said of a scan.

These models are the schema of findings.json; docs/findings.md explains it.

A length, area or volume in mm or mL is null where the scan's spacing is unknown; counts of pixels never are.
"""

from __future__ import annotations

import json
from importlib.metadata import version
from typing import Annotated, Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

from ichor import __version__
from ichor.head import HeadOutline, find_head
from ichor.scan import Scan
from ichor.screen import measurements
from ichor.segmentation import Segmentation

NOTICE: Literal["Research use only; not a medical device."] = "Research use only; not a medical device."
PACKAGES = ("ichor-ct", "nibabel", "numpy", "openvino", "onnxruntime", "pillow", "pydicom", "scipy")

Probability = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=0)]
Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class ScanFindings(_Part):
    """The scan as it was read."""

    name: str = Field(description="The file's or folder's name as the user gave it.")
    source_kind: str = Field(description="What was read: ct-ich, ct-ich-nifti, nifti, images or dicom.")
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


class MethodFindings(_Part):
    """The method that segmented the scan, named so that it can be run again."""

    name: str = Field(description="The method's name.")
    model: str | None = Field(description="The model package it ran; null for a method without one.")
    version: str = Field(description="Version of the model package, or of the method without one.")
    threshold: Probability = Field(description="Voxel probability from which the method calls hemorrhage.")
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


class SliceFindings(_Part):
    """One slice."""

    index: Count = Field(description="Counted from 0 at the lowest slice; reports show index + 1.")
    position_mm: NotNegative | None = Field(description="Distance from the lowest slice along the normal, mm.")
    thickness_mm: Positive | None = Field(description="What the slice was reconstructed from, mm.")
    height_mm: Positive | None = Field(description="The height its voxels stand for in volumes, mm.")
    probability: Probability = Field(description="That the slice shows hemorrhage.")
    area_px: Count = Field(description="How many of its pixels are marked; above 0 the slice is flagged.")
    area_mm2: NotNegative | None = Field(description="Their area in mm2.")


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
        listed = min(found.n_lesions, measurements.MOST_LESIONS)
        voxels = sum(one.volume_px for one in found.lesions)
        rest = found.volume_px - voxels
        if len(found.lesions) != listed or (rest != 0 if found.n_lesions == listed else rest <= 0):
            raise ValueError(
                f"expected {listed} lesions with at most {found.volume_px} voxels, "
                f"found {len(found.lesions)} with {voxels}"
            )
        return self

    def as_json(self) -> str:
        """The text of findings.json."""
        return self.model_dump_json(indent=2) + "\n"


def findings(
    scan: Scan,
    segmentation: Segmentation,
    *,
    name: str,
    timing: Timing,
    made_by: Making,
    head: HeadOutline | None = None,
) -> Findings:
    """What is said of a scan, given the method's answer on its grid.

    Raises ValueError where the segmentation is not on the scan's grid.
    """
    if segmentation.mask.shape != scan.voxels.shape:
        raise ValueError(f"expected a mask of shape {scan.voxels.shape}, found {segmentation.mask.shape}")
    area_px = segmentation.mask.sum(axis=(1, 2))
    found = measurements.lesions(segmentation.mask, scan, head or find_head(scan))
    made = segmentation.made_by
    window = scan.gray_window
    return Findings(
        notice=NOTICE,
        scan=ScanFindings(
            name=name,
            source_kind=scan.source.kind,
            n_slices=scan.n_slices,
            size=(int(scan.voxels.shape[1]), int(scan.voxels.shape[2])),
            spacing_mm=None if scan.spacing_mm is None else _rounded3(scan.spacing_mm),
            tilt_deg=_rounded_or_none(scan.tilt_deg),
            gray_window=None if window is None else (window.level, window.width),
            warnings=scan.warnings,
        ),
        method=MethodFindings(
            name=made.name,
            model=made.model,
            version=made.version,
            threshold=made.threshold,
            settings=dict(made.settings),
        ),
        hemorrhage=_hemorrhage(segmentation, area_px, found, scan),
        slices=_slices(scan, segmentation, area_px),
        timing_s=timing,
        made_by=made_by,
    )


def package_versions() -> dict[str, str]:
    """Versions of Ichor and of the packages a result depends on, those that are installed."""
    versions = {"ichor-ct": __version__}
    for name in PACKAGES[1:]:
        try:
            versions[name] = version(name)
        except ImportError:  # PackageNotFoundError: an engine that this machine does without
            continue
    return versions


def json_schema() -> str:
    """The JSON Schema of findings.json, the text of docs/findings.schema.json."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **Findings.model_json_schema()}
    return json.dumps(schema, indent=2) + "\n"


def _hemorrhage(
    segmentation: Segmentation,
    area_px: NDArray[np.int64],
    found: measurements.Lesions,
    scan: Scan,
) -> HemorrhageFindings:
    volume_ml = measurements.volume_ml(area_px, scan)
    diameters = [one.largest_diameter_mm for one in found.largest if one.largest_diameter_mm is not None]
    return HemorrhageFindings(
        probability=_rounded(segmentation.scan_probability),
        present=bool(area_px.any()),
        volume_ml=_rounded_or_none(volume_ml),
        volume_px=int(area_px.sum()),
        n_slices=int(np.count_nonzero(area_px)),
        largest_diameter_mm=_rounded_or_none(max(diameters, default=None)),
        abc2_ml=None if volume_ml is None else _rounded(sum(one.abc2_ml or 0.0 for one in found.largest)),
        n_lesions=found.count,
        lesions=tuple(
            LesionFindings(
                volume_ml=_rounded_or_none(one.volume_ml),
                volume_px=one.volume_px,
                slices=one.slices,
                n_slices=one.n_slices,
                centre_slice=one.centre_slice,
                largest_diameter_mm=_rounded_or_none(one.largest_diameter_mm),
                a_mm=_rounded_or_none(one.a_mm),
                b_mm=_rounded_or_none(one.b_mm),
                c_mm=_rounded_or_none(one.c_mm),
                abc2_ml=_rounded_or_none(one.abc2_ml),
                side=one.side,
            )
            for one in found.largest
        ),
    )


def _slices(scan: Scan, segmentation: Segmentation, area_px: NDArray[np.int64]) -> tuple[SliceFindings, ...]:
    positions, heights, areas = scan.slice_positions_mm, scan.slice_heights_mm, scan.pixel_area_mm2
    return tuple(
        SliceFindings(
            index=k,
            position_mm=None if positions is None else _rounded(positions[k]),
            thickness_mm=None if scan.thickness_mm is None else _rounded(scan.thickness_mm[k]),
            height_mm=None if heights is None else _rounded(heights[k]),
            probability=_rounded(segmentation.slice_probability[k]),
            area_px=int(area_px[k]),
            area_mm2=None if areas is None else _rounded(area_px[k] * areas[k]),
        )
        for k in range(scan.n_slices)
    )


def _rounded(value: float) -> float:
    """Six decimals: far finer than anything measured, and short enough to read; 0 without a sign."""
    return round(float(value), 6) + 0.0


def _rounded_or_none(value: float | None) -> float | None:
    return None if value is None else _rounded(value)


def _rounded3(values: tuple[float, float, float]) -> tuple[float, float, float]:
    first, second, third = values
    return _rounded(first), _rounded(second), _rounded(third)
