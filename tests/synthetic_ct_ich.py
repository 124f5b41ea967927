"""A made dataset in the layouts of ct-ich 1.0.0 and 1.3.1: heads with a bright lens of blood, no patient."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import nibabel as nib
import numpy as np
from PIL import Image

from ichor.dataset.ct_ich.exclusions import write_exclusions
from ichor.windows import BONE, BRAIN

SIZE = 650
HEADER = (
    "\ufeffPatientNumber,SliceNumber,Intraventricular,Intraparenchymal,Subarachnoid,Epidural,Subdural,"
    "No_Hemorrhage,Fracture_Yes_No"
)
DEMOGRAPHICS_HEADER = (
    'Patient Number,"Age\n(years)",Gender,Intraventricular,Intraparenchymal,Subarachnoid,Epidural,Subdural,'
    "Fracture (Yes/No),Condition on file,Note"
)


def write_ct_ich(
    root: Path,
    subjects: dict[str, int],
    n_slices: int = 5,
    excluded: Mapping[str, str] | None = None,
    columns: Sequence[str] = ("Epidural",),
) -> Path:
    """Write a dataset; `subjects` gives each subject's number of slices with hemorrhage. Returns `root`.

    `excluded` has the reason for each subject that exclusions.csv names; without any, there is no such file. `columns`
    are those of the subtypes that every slice with hemorrhage is labeled with.
    """
    for seed, (subject, n_blood) in enumerate(sorted(subjects.items())):
        for window in ("brain", "bone"):
            (root / "Patients_CT" / subject / window).mkdir(parents=True)
        for k in range(1, n_slices + 1):
            blood = n_slices - n_blood < k
            hu, mask = synthetic_slice(np.random.default_rng([seed, k]), blood=blood)
            folder = root / "Patients_CT" / subject
            for name, window in (("brain", BRAIN), ("bone", BONE)):
                _save(folder / name / f"{k}.jpg", np.round(window.gray(hu)))
            if blood:
                _save(folder / "brain" / f"{k}_HGE_Seg.jpg", mask * 255)
    _write_slice_table(root / "hemorrhage_diagnosis.csv", subjects, n_slices, columns)
    _write_demographics(root / "patient_demographics.csv", subjects)
    if excluded:
        write_exclusions(root, excluded)
    return root


def write_ct_ich_nifti(
    root: Path,
    subjects: dict[str, int],
    n_slices: int = 5,
    without_images: Sequence[str] = (),
    excluded: Mapping[str, str] | None = None,
) -> Path:
    """The same in the layout of release 1.3.1, on 130 x 130 pixels.

    Subjects `without_images` are in the demographics only, as 059 to 065 are in the release.
    """
    for folder in ("ct_scans", "masks"):
        (root / folder).mkdir(parents=True)
    for seed, (subject, n_blood) in enumerate(sorted(subjects.items())):
        slices = [
            synthetic_slice(np.random.default_rng([seed, k]), blood=n_slices - n_blood < k)
            for k in range(1, n_slices + 1)
        ]
        hu = np.stack([hu[::5, ::5] for hu, _ in slices]).astype(np.int16)
        mask = np.stack([mask[::5, ::5] for _, mask in slices]).astype(np.uint8)
        for folder, voxels in (("ct_scans", hu), ("masks", mask)):
            image = nib.Nifti1Image(voxels.transpose(2, 1, 0), np.diag([-1.65, -1.65, 5.0, 1.0]))
            nib.save(image, root / folder / f"{subject}.nii")
    _write_slice_table(root / "hemorrhage_diagnosis_raw_ct.csv", subjects, n_slices)
    _write_demographics(root / "Patient_demographics.csv", {**subjects, **dict.fromkeys(without_images, 0)})
    if excluded:
        write_exclusions(root, excluded)
    return root


def _write_slice_table(
    file: Path, subjects: dict[str, int], n_slices: int, columns: Sequence[str] = ("Epidural",)
) -> None:
    rows, names = [HEADER], HEADER.split(",")[2:7]
    for subject, n_blood in sorted(subjects.items()):
        for k in range(1, n_slices + 1):
            blood = n_slices - n_blood < k
            subtypes = ",".join(str(int(blood and name in columns)) for name in names)
            rows.append(f"{int(subject)},{k},{subtypes},{int(not blood)},0")
    file.write_text("\r\n".join(rows) + "\r\n", encoding="utf-8")


def _write_demographics(file: Path, subjects: dict[str, int]) -> None:
    people = [DEMOGRAPHICS_HEADER]
    for seed, (subject, n_blood) in enumerate(sorted(subjects.items())):
        people.append(f"{int(subject)},{20 + seed},Male,,,,{1 if n_blood else ''},,,made,")
    file.write_text("\r\n".join(people) + "\r\n", encoding="utf-8")


def synthetic_slice(rng: np.random.Generator, *, blood: bool) -> tuple[np.ndarray, np.ndarray]:
    """One slice in HU and its mask: an elliptic head, and blood at a place that the seed decides."""
    row, column = np.mgrid[:SIZE, :SIZE] - SIZE / 2
    radius = np.hypot(row / 260, column / 200)
    hu = np.full((SIZE, SIZE), -1000.0)
    hu[radius < 1] = 1000
    hu[radius < 0.93] = 32
    mask = np.zeros((SIZE, SIZE), bool)
    if blood:
        angle = rng.uniform(0, 2 * np.pi)
        centre = 0.6 * 260 * np.sin(angle), 0.6 * 200 * np.cos(angle)
        mask = np.hypot(row - centre[0], column - centre[1]) < rng.uniform(30, 50)
        hu[mask] = 70
    return hu + rng.normal(0, 3, hu.shape), mask


def _save(file: Path, gray: np.ndarray) -> None:
    Image.fromarray(np.clip(gray, 0, 255).astype(np.uint8)).save(file, quality=95)
