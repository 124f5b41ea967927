"""A made dataset in the layout of ct-ich 1.0.0: heads with a bright lens of blood, no patient."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

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


def write_ct_ich(root: Path, subjects: dict[str, int], n_slices: int = 5) -> Path:
    """Write a dataset; `subjects` gives each subject's number of slices with hemorrhage. Returns `root`."""
    rows, people = [HEADER], [DEMOGRAPHICS_HEADER]
    for seed, (subject, n_blood) in enumerate(sorted(subjects.items())):
        for window in ("brain", "bone"):
            (root / "Patients_CT" / subject / window).mkdir(parents=True)
        for k in range(1, n_slices + 1):
            blood = n_slices - n_blood < k
            hu, mask = made_slice(np.random.default_rng([seed, k]), blood=blood)
            folder = root / "Patients_CT" / subject
            for name, window in (("brain", BRAIN), ("bone", BONE)):
                _save(folder / name / f"{k}.jpg", np.round(window.gray(hu)))
            if blood:
                _save(folder / "brain" / f"{k}_HGE_Seg.jpg", mask * 255)
            rows.append(f"{int(subject)},{k},0,0,0,{int(blood)},0,{int(not blood)},0")
        people.append(f"{int(subject)},{20 + seed},Male,,,,{1 if n_blood else ''},,,made,")
    (root / "hemorrhage_diagnosis.csv").write_text("\r\n".join(rows) + "\r\n", encoding="utf-8")
    (root / "patient_demographics.csv").write_text("\r\n".join(people) + "\r\n", encoding="utf-8")
    return root


def made_slice(rng: np.random.Generator, *, blood: bool) -> tuple[np.ndarray, np.ndarray]:
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
