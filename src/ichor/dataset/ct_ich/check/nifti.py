"""A subject's scan and delineation in release 1.3.1, compared with the slice table."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from ichor.dataset.ct_ich.check.known import NO_FILE
from ichor.dataset.ct_ich.check.report import SubjectReport
from ichor.dataset.ct_ich.check.tables import names
from ichor.dataset.ct_ich.dataset import SUBJECT_NUMBER
from ichor.dataset.ct_ich.tables import SliceRow
from ichor.errors import UnreadableInput
from ichor.read import nifti
from ichor.read.ct_ich_nifti import read_mask


def check_nifti(root: Path, subject: str, rows: Mapping[int, SliceRow]) -> SubjectReport:
    """Check ct_scans/NNN.nii and masks/NNN.nii against the rows of the slice table; without rows there is no
    comparison.
    """
    report = SubjectReport()
    scan, mask = (root / folder / f"{subject}.nii" for folder in ("ct_scans", "masks"))
    try:
        n_slices = nifti.read_volume(scan, kind="ct-ich-nifti").n_slices
    except UnreadableInput as error:
        _add(report, root, scan, error)
        return report
    if rows and n_slices != max(rows):
        message = f"expected {max(rows)} slices according to the slice table, found {n_slices}"
        report.add(f"ct_scans/{subject}.nii", message)
    _check_mask(report, root, scan, mask, rows)
    return report


def check_folders(root: Path) -> SubjectReport:
    """Files that no reader uses: with an unexpected name, or a delineation without its scan."""
    report = SubjectReport()
    scans = {file.name for file in (root / "ct_scans").iterdir()}
    for folder in ("ct_scans", "masks"):
        for file in (root / folder).iterdir() if (root / folder).is_dir() else ():
            if file.suffix != ".nii" or not SUBJECT_NUMBER.fullmatch(file.stem):
                report.add(f"{folder}/{file.name}", "expected only NNN.nii, found another name")
            elif file.name not in scans:
                report.add(f"{folder}/{file.name}", f"expected its scan ct_scans/{file.name}, found none")
    return report


def _check_mask(report: SubjectReport, root: Path, scan: Path, mask: Path, rows: Mapping[int, SliceRow]) -> None:
    where = f"masks/{mask.name}"
    if not mask.is_file():
        report.add(where, NO_FILE)
        return
    try:
        delineated = np.asarray(read_mask(scan).any(axis=(1, 2)))
        values = np.unique(nifti.load_voxels(mask))
    except UnreadableInput as error:
        _add(report, root, mask, error)
        return
    if len(values) > 2 or 0 not in values:
        report.add(where, f"expected two values, 0 outside and one inside, found {len(values)} from {values.min()}")
    report.n_delineated = int(delineated.sum())
    for k, has_pixels in enumerate(delineated.tolist(), 1):
        if k in rows and has_pixels != bool(rows[k].subtypes):
            expected = f"a delineation of its label {names(rows[k].subtypes)}" if rows[k].subtypes else "none, no label"
            report.add(f"{where}, slice {k}", f"expected {expected}; found {'some' if has_pixels else 'none'}")


def _add(report: SubjectReport, root: Path, file: Path, error: UnreadableInput) -> None:
    report.add(file.relative_to(root).as_posix(), str(error).removeprefix(f"{file}: "))
