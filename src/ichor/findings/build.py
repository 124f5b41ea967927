"""Builds the findings of a scan from a method's segmentation and the lesions measured on its mask."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict
from importlib.metadata import version

import numpy as np
from numpy.typing import NDArray

from ichor.findings.checks.kinds import FailedCheck
from ichor.findings.lesion_subtypes import subtype_areas_px
from ichor.findings.measurements import Lesions
from ichor.findings.parts import (
    HemorrhageFindings,
    InferenceFindings,
    InputCheckFindings,
    LesionFindings,
    Making,
    MethodFindings,
    ScanFindings,
    SliceFindings,
    SubtypeFindings,
    Timing,
)
from ichor.findings.schema import NOTICE, SCHEMA_VERSION, Findings
from ichor.findings.verdict import VerdictFindings
from ichor.models.verdict import VerdictRule
from ichor.scan import Scan
from ichor.segmentation import Inference, Segmentation
from ichor.subtypes import Subtype
from ichor.version import __version__

UID = re.compile(r"[0-9.]{1,64}")
PACKAGES = ("ichor-ct", "nibabel", "numpy", "openvino", "onnxruntime", "pillow", "pydicom", "scipy")


def findings(
    scan: Scan,
    segmentation: Segmentation,
    found: Lesions | None,
    *,
    failed: Sequence[FailedCheck],
    name: str,
    path: str | None = None,
    timing: Timing,
    made_by: Making,
    rule: VerdictRule | None = None,
) -> Findings:
    """The findings of a scan.

    Args:
        scan: the scan.
        segmentation: the method's output on the scan's grid.
        found: the lesions of its mask; None for a detector, which has no mask.
        failed: the input checks that the scan failed.
        name: the scan's name.
        path: the scan's path; None if it is not to be reported.
        timing: how long each step took.
        made_by: what the result depends on.
        rule: the thresholds of the verdict, if the model has any.
    """
    area_px = None if segmentation.mask is None else segmentation.mask.sum(axis=(1, 2))
    flagged = _flagged(segmentation, area_px)
    made = segmentation.made_by
    inference = _inference(made.inference)
    window = scan.gray_window
    hemorrhage = _hemorrhage(segmentation, flagged, area_px, found, scan)
    return Findings(
        schema_version=SCHEMA_VERSION,
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
            input_checks=tuple(InputCheckFindings(kind=one.kind, message=one.message) for one in failed),
        ),
        method=MethodFindings(
            name=made.name,
            model=made.model,
            version=made.version,
            segments=segmentation.segments,
            threshold=made.threshold,
            operating_point=made.operating_point,
            inference=inference,
            settings=dict(made.settings),
        ),
        verdict=VerdictFindings.of(hemorrhage.probability, hemorrhage.present, rule, scan.n_slices),
        hemorrhage=hemorrhage,
        slices=_slices(scan, segmentation, flagged, area_px),
        timing_s=timing,
        made_by=made_by,
    )


def package_versions() -> dict[str, str]:
    """The versions of Ichor and of the installed packages that a result depends on."""
    versions = {"ichor-ct": __version__}
    for name in PACKAGES[1:]:
        try:
            versions[name] = version(name)
        except ImportError:  # PackageNotFoundError, for an engine that is not installed on this machine
            continue
    return versions


def _uid(value: str | None) -> str | None:
    """The value if it is a valid UID (PS3.5 9.1), else None: other text there may name a patient."""
    return value if value is not None and UID.fullmatch(value) else None


def _inference(ran: Inference | None) -> InferenceFindings | None:
    if ran is None:
        return None
    return InferenceFindings(**{**asdict(ran), "warning": ran.warning or None})


def _flagged(segmentation: Segmentation, area_px: NDArray[np.int64] | None) -> NDArray[np.bool_]:
    """(n,) whether each slice is flagged: if any pixel is marked or, for a detector, by the slice's probability."""
    if area_px is not None:
        return area_px > 0
    return np.asarray(segmentation.slice_probability >= segmentation.made_by.threshold, bool)


def _hemorrhage(
    segmentation: Segmentation,
    flagged: NDArray[np.bool_],
    area_px: NDArray[np.int64] | None,
    found: Lesions | None,
    scan: Scan,
) -> HemorrhageFindings:
    volume = None if area_px is None else scan.volume_ml(area_px)
    largest = () if found is None else found.largest
    diameters = [one.largest_diameter_mm for one in largest if one.largest_diameter_mm is not None]
    return HemorrhageFindings(
        probability=_rounded(segmentation.scan_probability),
        present=bool(flagged.any()),
        volume_ml=_rounded_or_none(volume),
        volume_px=None if area_px is None else int(area_px.sum()),
        n_slices=int(flagged.sum()),
        largest_diameter_mm=_rounded_or_none(max(diameters, default=None)),
        abc2_ml=None if volume is None else _rounded(sum(one.abc2_ml or 0.0 for one in largest)),
        n_lesions=None if found is None else found.count,
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
                subtype_alternative=one.subtype_alternative,
            )
            for one in largest
        ),
        subtypes=_subtypes(segmentation, found, scan),
    )


def _subtypes(segmentation: Segmentation, found: Lesions | None, scan: Scan) -> tuple[SubtypeFindings, ...] | None:
    if segmentation.subtype_probability is None:
        return None
    areas_px = [None] * len(Subtype) if found is None else subtype_areas_px(found.labels)
    return tuple(
        SubtypeFindings(
            subtype=subtype,
            probability=_rounded(probability.max()),
            volume_ml=None if area_px is None else _rounded_or_none(scan.volume_ml(area_px)),
            volume_px=None if area_px is None else int(area_px.sum()),
        )
        for subtype, probability, area_px in zip(Subtype, segmentation.subtype_probability.T, areas_px, strict=True)
    )


def _slices(
    scan: Scan, segmentation: Segmentation, flagged: NDArray[np.bool_], area_px: NDArray[np.int64] | None
) -> tuple[SliceFindings, ...]:
    positions, heights, areas = scan.slice_positions_mm, scan.slice_heights_mm, scan.pixel_area_mm2
    subtypes = segmentation.subtype_probability
    return tuple(
        SliceFindings(
            index=k,
            position_mm=None if positions is None else _rounded(positions[k]),
            thickness_mm=None if scan.thickness_mm is None else _rounded(scan.thickness_mm[k]),
            height_mm=None if heights is None else _rounded(heights[k]),
            probability=_rounded(segmentation.slice_probability[k]),
            flagged=bool(flagged[k]),
            area_px=None if area_px is None else int(area_px[k]),
            area_mm2=None if area_px is None or areas is None else _rounded(area_px[k] * areas[k]),
            subtypes=None if subtypes is None else dict(zip(Subtype, map(_rounded, subtypes[k]), strict=True)),
        )
        for k in range(scan.n_slices)
    )


def _rounded(value: float) -> float:
    """Rounded to six decimals, far finer than any measurement; never -0.0."""
    return round(float(value), 6) + 0.0


def _rounded_or_none(value: float | None) -> float | None:
    return None if value is None else _rounded(value)


def _rounded3(values: tuple[float, float, float]) -> tuple[float, float, float]:
    first, second, third = values
    return _rounded(first), _rounded(second), _rounded(third)
