"""Small copies of ct-ich to export: made ones of both releases, and one real subject."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

import nibabel as nib
import numpy as np

from ichor.dataset.ct_ich import CtIch
from ichor.dataset.export.run import Outcome, export
from paths import CT_ICH_PART
from synthetic_ct_ich import write_ct_ich, write_ct_ich_nifti

KINDS = ("jpg", "nifti", "real")
# With hemorrhage and without, from two of the authors' test folds.
SUBJECTS = {"080": 1, "108": 0}
REAL = "081"  # its bone window is left out: a defect on the way


def copy_of(kind: str, folder: Path) -> CtIch:
    """A dataset of that kind in `folder`."""
    if kind == "jpg":
        write_ct_ich(folder, SUBJECTS, n_slices=5)
    elif kind == "nifti":
        write_ct_ich_nifti(folder, SUBJECTS, n_slices=5)
        for name in ("ct_scans", "masks"):
            _turn(folder / name / "080.nii")
    else:
        real = Path("Patients_CT", REAL)
        shutil.copytree(CT_ICH_PART / real, folder / real, copy_function=shutil.copyfile)
        for name in ("hemorrhage_diagnosis.csv", "patient_demographics.csv", "LICENSE.txt"):
            shutil.copyfile(CT_ICH_PART / name, folder / name)
    return CtIch(folder)


def _turn(path: Path) -> None:
    """The same voxels in another order (RAS), and obliquely in space."""
    image = nib.as_closest_canonical(nib.load(path))
    turn = np.eye(4)
    turn[1:3, 1:3] = [[np.cos(0.2), -np.sin(0.2)], [np.sin(0.2), np.cos(0.2)]]
    turned = nib.Nifti1Image(np.asanyarray(image.dataobj).copy(), turn @ image.affine)
    path.unlink()
    nib.save(turned, path)


def export_all(dataset: CtIch, layout: str, out: Path, subjects: Iterable[str] | None = None) -> list[Outcome]:
    """Export and say what became of each subject."""
    return list(export(dataset, layout, out, tuple(subjects or dataset.subjects)))
