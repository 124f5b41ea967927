"""Makes the findings of a scan from a method's answer and what is measured on its mask."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict
from importlib.metadata import version

import numpy as np
from numpy.typing import NDArray

from ichor.findings.checks.kinds import Unlikeness
from ichor.findings.lesion_subtypes import subtype_areas_px
from ichor.findings.measurements import Lesions
from ichor.findings.schema import (
    NOTICE,
    Findings,
    HemorrhageFindings,
    InferenceFindings,
    LesionFindings,
    Making,
    MethodFindings,
    ScanFindings,
    SliceFindings,
    SubtypeFindings,
    Timing,
    UnlikeFindings,
)
from ichor.scan import Scan
from ichor.segmentation import Inference, Segmentation
from ichor.subtypes import Subtype
from ichor.version import __version__

UID = re.compile(r"[0-9.]{1,64}")
PACKAGES = ("ichor-ct", "nibabel", "numpy", "openvino", "onnxruntime", "pillow", "pydicom", "scipy")


def findings(
    scan: Scan,
    segmentation: Segmentation,
    found: Lesions,
    *,
    unlike: Sequence[Unlikeness],
    name: str,
    path: str | None = None,
    timing: Timing,
    made_by: Making,
) -> Findings:
    """What is said of a scan, given the method's answer on its grid and the lesions of the answer's mask.

    `unlike` is in what the scan is unlike what the models were made for, and `path` where it lies, where that is said.
    """
    _, mask = segmentation.outline()
    area_px = mask.sum(axis=(1, 2))
    made = segmentation.made_by
    inference = _inference(made.inference)
    window = scan.gray_window
    return Findings(
        notice=NOTICE,
        scan=ScanFindings(
            name=name,
            path=path,
            source_kind=scan.source.kind,
            study_uid=_uid(scan.source.study_uid),
            series_uids=tuple(uid for one in scan.source.series_uids if (uid := _uid(one)) is not None),
            n_slices=scan.n_slices,
            size=(int(scan.voxels.shape[1]), int(scan.voxels.shape[2])),
            spacing_mm=None if scan.spacing_mm is None else _rounded3(scan.spacing_mm),
            tilt_deg=_rounded_or_none(scan.tilt_deg),
            gray_window=None if window is None else (window.level, window.width),
            warnings=(*scan.warnings, *([inference.warning] if inference and inference.warning else [])),
            unlike=tuple(UnlikeFindings(kind=one.kind, sentence=one.sentence) for one in unlike),
        ),
        method=MethodFindings(
            name=made.name,
            model=made.model,
            version=made.version,
            threshold=made.threshold,
            operating_point=made.operating_point,
            inference=inference,
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


def _uid(value: str | None) -> str | None:
    """A UID; None for any other text in its place, which may name a patient (PS3.5 9.1)."""
    return value if value is not None and UID.fullmatch(value) else None


def _inference(ran: Inference | None) -> InferenceFindings | None:
    if ran is None:
        return None
    return InferenceFindings(**{**asdict(ran), "warning": ran.warning or None})


def _hemorrhage(
    segmentation: Segmentation,
    area_px: NDArray[np.int64],
    found: Lesions,
    scan: Scan,
) -> HemorrhageFindings:
    volume = scan.volume_ml(area_px)
    diameters = [one.largest_diameter_mm for one in found.largest if one.largest_diameter_mm is not None]
    return HemorrhageFindings(
        probability=_rounded(segmentation.scan_probability),
        present=bool(area_px.any()),
        volume_ml=_rounded_or_none(volume),
        volume_px=int(area_px.sum()),
        n_slices=int(np.count_nonzero(area_px)),
        largest_diameter_mm=_rounded_or_none(max(diameters, default=None)),
        abc2_ml=None if volume is None else _rounded(sum(one.abc2_ml or 0.0 for one in found.largest)),
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
                subtype=one.subtype,
            )
            for one in found.largest
        ),
        subtypes=_subtypes(segmentation, found, scan),
    )


def _subtypes(segmentation: Segmentation, found: Lesions, scan: Scan) -> tuple[SubtypeFindings, ...] | None:
    if segmentation.subtype_probability is None:
        return None
    areas_px = subtype_areas_px(found.labels)
    return tuple(
        SubtypeFindings(
            subtype=subtype,
            probability=_rounded(probability.max()),
            volume_ml=_rounded_or_none(scan.volume_ml(area_px)),
            volume_px=int(area_px.sum()),
        )
        for subtype, probability, area_px in zip(Subtype, segmentation.subtype_probability.T, areas_px, strict=True)
    )


def _slices(scan: Scan, segmentation: Segmentation, area_px: NDArray[np.int64]) -> tuple[SliceFindings, ...]:
    positions, heights, areas = scan.slice_positions_mm, scan.slice_heights_mm, scan.pixel_area_mm2
    told = segmentation.subtype_probability
    return tuple(
        SliceFindings(
            index=k,
            position_mm=None if positions is None else _rounded(positions[k]),
            thickness_mm=None if scan.thickness_mm is None else _rounded(scan.thickness_mm[k]),
            height_mm=None if heights is None else _rounded(heights[k]),
            probability=_rounded(segmentation.slice_probability[k]),
            area_px=int(area_px[k]),
            area_mm2=None if areas is None else _rounded(area_px[k] * areas[k]),
            subtypes=None if told is None else dict(zip(Subtype, map(_rounded, told[k]), strict=True)),
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
