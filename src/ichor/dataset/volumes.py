"""Subjects whose scan is one NIfTI file and whose labels are another on the same voxels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ichor.dataset.case import Case, ScanLabels
from ichor.dataset.folds import OF_UNKNOWN_SUBTYPE, UNKNOWN, WITHOUT, strata_of
from ichor.errors import UnreadableInput
from ichor.read import ReadOptions, nifti, open_scan
from ichor.read.affine import axes_to_scan, reorient, slice_axis
from ichor.read.open import read_here
from ichor.read.volume import shape_text
from ichor.scan import FloatArray, Scan
from ichor.subtypes import Subtype

SUFFIXES = (".nii.gz", ".nii")


class Mark(Enum):
    """What a value of a label file means, if it is not a subtype."""

    BACKGROUND = "background"
    HEMORRHAGE = "hemorrhage"
    OTHER = "something that is not blood"
    IGNORED = "ignored"


Meaning = Mapping[int, "Mark | Subtype"]


@dataclass(frozen=True)
class Volume:
    """A scan's file and that of its labels.

    Attributes:
        image: the scan, NIfTI.
        label: its labels; None if it has none.
        meaning: what each value of the label file means. If none of them is blood, blood is not delineated, and
            whatever is delineated is never taken for it.
        person: whose scan it is.
        of_scan: what is said of the scan as a whole.
        age_years: the age; None where it is not known.
    """

    image: Path
    label: Path | None
    meaning: Meaning
    person: str
    of_scan: ScanLabels = field(default_factory=ScanLabels)
    age_years: float | None = None

    @property
    def place(self) -> Path:
        """Where the scan lies."""
        return self.image

    def scan(self) -> Scan:
        """The scan, read in a separate process."""
        return open_scan(self.image)

    def case(self, subject: str) -> Case:
        """The scan with its labels. Raises UnreadableInput if the two are not on one grid, or for an unknown value."""
        scan = read_here(self.image, ReadOptions())
        values = self.values()
        if values is not None and values.shape != scan.voxels.shape:
            expected, found = shape_text(scan.voxels.shape), shape_text(values.shape)
            raise UnreadableInput(
                f"{self.label}: expected the scan's slices, rows and columns {expected}, found {found}"
            )
        return labelled(subject, scan, values, self.meaning, self.of_scan)

    def values(self) -> NDArray[np.int64] | None:
        """(n, rows, columns) the label file's values in the scan's order; None if the blood is not in it.

        Raises UnreadableInput if its grid is not the scan's, or if it has a value without a meaning.
        """
        if self.label is None:
            return None
        label = nifti.load(self.label)
        affine, shape = nifti.grid_of(self.image)
        if label.shape != shape:
            raise UnreadableInput(
                f"{self.label}: expected the scan's shape {shape_text(shape)}, found {shape_text(label.shape)}"
            )
        _require_one_grid(self.label, label.affine, affine)
        values = np.asarray(label.voxels, np.float64) * label.slope + label.inter
        whole = np.rint(values).astype(np.int64)
        # Label files with a slope are off by rounding only.
        amiss = np.abs(values - whole) > 1e-3
        unknown = sorted({*np.unique(whole).tolist()} - {*self.meaning})
        if amiss.any() or unknown:
            found = f"{values[amiss].ravel()[0]:g}" if amiss.any() else ", ".join(map(str, unknown[:5]))
            raise UnreadableInput(f"{self.label}: expected labels {', '.join(map(str, self.meaning))}, found {found}")
        reordered: NDArray[np.int64] = reorient(whole, axes_to_scan(label.affine))
        return reordered

    def n_slices(self) -> int:
        """The number of slices, from the scan's header."""
        affine, shape = nifti.grid_of(self.image)
        return shape[slice_axis(axes_to_scan(affine))]

    def strata(self) -> frozenset[int]:
        """From the labels alone."""
        return strata_of_values(self.values(), self.meaning, self.of_scan)


def labelled(subject: str, scan: Scan, values: NDArray[np.int64] | None, meaning: Meaning, of_scan: ScanLabels) -> Case:
    """The case of a scan with label values (n, rows, columns); None if it has none.

    A scan without hemorrhage by `of_scan` has none on any slice. A slice with an ignored voxel is unknown as a whole.
    """
    if values is None or not _delineates(meaning):
        if of_scan.hemorrhage is False:
            n = scan.n_slices
            nothing = np.zeros(scan.voxels.shape, bool), np.zeros((n, len(Subtype)), bool)
            return Case(subject, scan, *nothing, of_scan=of_scan)
        return Case(subject, scan, None, None, of_scan=of_scan)
    mask = np.isin(values, [value for value, mark in meaning.items() if _is_blood(mark)])
    ignored_values = [value for value, mark in meaning.items() if mark is Mark.IGNORED]
    ignored = np.asarray(np.isin(values, ignored_values).any(axis=(1, 2)))
    subtypes = _subtypes_of(values, meaning)
    mask[ignored] = False
    if subtypes is not None:
        subtypes[ignored] = False
    return Case(
        subject,
        scan,
        mask,
        subtypes,
        hemorrhage=None if subtypes is not None else np.asarray(mask.any(axis=(1, 2))),
        of_scan=of_scan,
        unknown_slices=ignored if ignored.any() else None,
    )


def strata_of_values(values: NDArray[np.int64] | None, meaning: Meaning, of_scan: ScanLabels) -> frozenset[int]:
    """The strata of a subject by its label values, else by what is said of its scan."""
    if values is None or not _delineates(meaning):
        return strata_of_scan(of_scan)
    subtypes = _subtypes_of(values, meaning)
    if subtypes is not None:
        return strata_of(subtypes)
    blood = [value for value, mark in meaning.items() if _is_blood(mark)]
    return frozenset({OF_UNKNOWN_SUBTYPE if np.isin(values, blood).any() else WITHOUT})


def strata_of_scan(said: ScanLabels) -> frozenset[int]:
    """The strata of a subject by what is said of its scan."""
    present = [list(Subtype).index(subtype) for subtype, has in said.subtypes.items() if has]
    if present:
        return frozenset(present)
    return frozenset({{True: OF_UNKNOWN_SUBTYPE, False: WITHOUT, None: UNKNOWN}[said.hemorrhage]})


def stem(file: Path) -> str | None:
    """The name of a NIfTI file without its suffix; None if it is no such file."""
    return next((file.name.removesuffix(suffix) for suffix in SUFFIXES if file.name.endswith(suffix)), None)


def by_stem(folder: Path) -> dict[str, Path]:
    """The NIfTI files of a folder by their names without suffix; hidden files of other systems are left out."""
    files = (file for file in sorted(folder.iterdir()) if file.is_file() and not file.name.startswith("."))
    return {name: file for file in files if (name := stem(file)) is not None}


def paired(images: Mapping[str, Path], labels: Mapping[str, Path], folder: Path) -> dict[str, tuple[Path, Path]]:
    """Each image with the label file of its name in `folder`. Raises UnreadableInput if one has none."""
    without = [name for name in images if name not in labels]
    if without:
        raise UnreadableInput(f"{folder}: expected a label file for each scan, found none for {', '.join(without[:3])}")
    return {name: (image, labels[name]) for name, image in images.items()}


def _subtypes_of(values: NDArray[np.int64], meaning: Meaning) -> NDArray[np.bool_] | None:
    """(n, 5) the subtypes of each slice; None if the label file does not tell them."""
    if any(mark is Mark.HEMORRHAGE for mark in meaning.values()):
        return None
    found = np.zeros((len(values), len(Subtype)), bool)
    for value, mark in meaning.items():
        if isinstance(mark, Subtype):
            found[:, list(Subtype).index(mark)] |= (values == value).any(axis=(1, 2))
    return found


def _delineates(meaning: Meaning) -> bool:
    return any(map(_is_blood, meaning.values()))


def _is_blood(mark: Mark | Subtype) -> bool:
    return isinstance(mark, Subtype) or mark is Mark.HEMORRHAGE


# Headers are rounded: less than this, in voxels, is no other position.
_OFF_VOXELS = 0.5


def _require_one_grid(label: Path, found: FloatArray, expected: FloatArray) -> None:
    """Raise UnreadableInput unless both affines put each voxel at the same place, but for rounding."""
    off = np.abs(np.linalg.inv(expected) @ found - np.eye(4))
    if off[:3, :3].max() > 0.01 or off[:3, 3].max() > _OFF_VOXELS:
        raise UnreadableInput(
            f"{label}: expected labels on the voxels of the scan, found another position, size or orientation "
            f"in the header"
        )
