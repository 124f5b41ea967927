"""A subject of the dataset's NIfTI release, ct-ich 1.3.1.

    ct_scans/NNN.nii   the scan, HU
    masks/NNN.nii      the radiologists' delineation, on the same voxels
    Patient_demographics.csv, hemorrhage_diagnosis_raw_ct.csv

The release has a restricted license: users who have signed it specify `ct_scans/NNN.nii` of their copy.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ichor.errors import UnreadableInput
from ichor.read import nifti
from ichor.read.affine import axes_to_scan, reorient
from ichor.read.base import Inspection, ReadOptions, summarize
from ichor.read.volume import shape_text
from ichor.scan import Scan

TABLES = ("Patient_demographics.csv", "hemorrhage_diagnosis_raw_ct.csv")
SUBJECT = re.compile(r"\d{3}\.nii(\.gz)?")


def accepts(path: Path) -> bool:
    """Whether this is ct_scans/NNN.nii with the release's masks and tables next to its folder."""
    if not path.is_file():
        return False
    root = path.resolve().parent.parent
    return (
        path.resolve().parent.name == "ct_scans"
        and SUBJECT.fullmatch(path.name) is not None
        and (root / "masks").is_dir()
        and all((root / table).is_file() for table in TABLES)
    )


def read(path: Path, options: ReadOptions) -> Scan:  # noqa: ARG001 (the file states everything itself)
    """The subject's scan. Raises UnreadableInput as the NIfTI reader does."""
    return nifti.read_volume(path, kind="ct-ich-nifti")


def inspect(path: Path, options: ReadOptions) -> Inspection:
    """The subject's scan. Raises UnreadableInput as the NIfTI reader does."""
    scan = read(path, options)
    reason = f"subject {subject(path)} of ct-ich, NIfTI release"
    return Inspection((summarize(scan, reason=reason),), scan.warnings)


def subject(path: Path) -> str:
    """The three-digit subject of a scan's or mask's file name."""
    return path.name[:3]


def read_mask(path: Path) -> NDArray[np.bool_]:
    """(n, rows, columns), the delineation of the subject whose scan is at `path`, on that scan's grid.

    Scan and mask share their voxel grid, so the scan's axes are used for both. Raises UnreadableInput if the mask is
    missing, damaged, or of another shape than the scan.
    """
    mask_path = path.resolve().parent.parent / "masks" / path.name
    if not mask_path.is_file():
        raise UnreadableInput(f"{mask_path}: expected the mask of subject {subject(path)}, found no such file")
    scan, mask = nifti.load(path), nifti.load_voxels(mask_path)
    if mask.shape != scan.shape:
        expected, found = shape_text(scan.shape), shape_text(mask.shape)
        raise UnreadableInput(f"{mask_path}: expected the scan's shape {expected}, found {found}")
    delineated: NDArray[np.bool_] = reorient(mask > 0, axes_to_scan(scan.affine))
    return delineated
