"""The groups that figures are given for: by age, sex, scanner, kernel, slice thickness, contrast agent and volume.

What the table says counts; what it does not say is taken from the scan's DICOM files or its findings.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from ichor.evaluate.lesion_matching import SIZE_BANDS_ML
from ichor.findings.schema import Findings
from ichor.read.dicom.acquisition import Acquisition
from ichor.validation import values
from ichor.validation.truth import TruthRow

Read = TypeVar("Read")

AGE, SEX, SCANNER, KERNEL = "age", "sex", "scanner", "kernel"
THICKNESS, CONTRAST, VOLUME = "slice thickness", "contrast agent", "volume of the hemorrhage"
GROUPINGS = (AGE, SEX, SCANNER, KERNEL, THICKNESS, CONTRAST, VOLUME)

_AGES = ((18.0, "under 18 years"), (40.0, "18 to 39 years"), (65.0, "40 to 64 years"), (80.0, "65 to 79 years"))
_OLDEST = "80 years and over"
_THICKNESSES = ((1.5, "under 1.5 mm"), (3.5, "1.5 to 3.4 mm"), (5.5, "3.5 to 5.4 mm"))
_THICKEST = "5.5 mm and over"
_VOLUMES = tuple((high, name.replace("_", " ").replace(" ml", " mL")) for name, (_, high) in SIZE_BANDS_ML.items())
# The order in which the groups of a grouping are shown; others by name.
ORDER = {
    name: place
    for place, name in enumerate(
        [
            *(one for _, one in _AGES),
            _OLDEST,
            *(one for _, one in _THICKNESSES),
            _THICKEST,
            *(one for _, one in _VOLUMES),
        ]
    )
}


def groups_of(
    row: TruthRow, acquired: Acquisition, findings: Findings | None, reference_ml: float | None
) -> dict[str, str]:
    """The groups of a scan; `reference_ml` is the volume of its delineation."""
    age, sex = row.age, row.sex
    contrast = row.contrast if row.contrast is not None else values.yes_or_no(acquired.contrast or "")
    thickness = row.thickness_mm if row.thickness_mm is not None else _thickness(findings)
    volume = row.volume_ml if row.volume_ml is not None else reference_ml
    found = {
        AGE: _band(_quietly(values.age, acquired.age) if age is None else age, _AGES, _OLDEST),
        SEX: _quietly(values.sex, acquired.sex) if sex is None else sex,
        SCANNER: row.scanner or acquired.scanner,
        KERNEL: row.kernel or acquired.kernel,
        THICKNESS: _band(thickness, _THICKNESSES, _THICKEST),
        CONTRAST: None if contrast is None else "given" if contrast else "none",
        VOLUME: _band(volume, _VOLUMES, _VOLUMES[-1][1]) if volume else None,
    }
    return {name: group for name, group in found.items() if group is not None}


def _quietly(read: Callable[[str], Read | None], text: str | None) -> Read | None:
    try:
        return None if text is None else read(text)
    except ValueError:  # of a file: nothing is quoted
        return None


def _thickness(findings: Findings | None) -> float | None:
    """The median thickness of the slices or, where it is not stated, their distance."""
    if findings is None:
        return None
    known = sorted(one.thickness_mm for one in findings.slices if one.thickness_mm is not None)
    if known:
        return known[len(known) // 2]
    return None if findings.scan.spacing_mm is None else findings.scan.spacing_mm[2]


def _band(value: float | None, bands: Sequence[tuple[float, str]], last: str) -> str | None:
    return None if value is None else next((name for high, name in bands if value < high), last)
