"""Copies of published datasets, a few made heads each: written from what is published of their files, not by Ichor.

Each function quotes the description that it follows.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import nibabel as nib
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from synthetic_ct_ich import synthetic_slice
from synthetic_dicom import ct_slices

N = 6  # slices a scan; blood is on the last ones
LAS = np.diag([-1.65, 1.65, 5.0, 1.0])  # columns towards the left, rows towards anterior


def made_head(seed: int, n_blood: int = 2, n: int = N) -> tuple[NDArray[np.int16], NDArray[np.bool_]]:
    """(n, 130, 130) HU and the mask of the blood on the last `n_blood` slices."""
    slices = [synthetic_slice(np.random.default_rng([seed, k]), blood=k >= n - n_blood) for k in range(n)]
    hu = np.stack([hu[::5, ::5] for hu, _ in slices])
    # Each brain has its own gyri, so that images tell heads apart.
    gyri = ndimage.gaussian_filter(np.random.default_rng(seed).normal(size=hu.shape), (1, 3, 3))
    hu += np.where((hu > 0) & (hu < 100), 10 * gyri / gyri.std(), 0)
    return np.rint(hu).astype(np.int16), np.stack([mask[::5, ::5] for _, mask in slices])


def save_nifti(file: Path, slices: NDArray[np.generic], affine: NDArray[np.float64] = LAS) -> Path:
    """Slices (n, rows, columns), from the lowest and with anterior at the top, as NIfTI of that affine."""
    stored = slices.transpose(2, 1, 0)  # columns, rows, slices: towards left, posterior and superior
    for axis, (has, wanted) in enumerate(zip("LPS", nib.aff2axcodes(affine), strict=True)):
        if has != wanted:
            stored = np.flip(stored, axis)
    file.parent.mkdir(parents=True, exist_ok=True)
    nib.save(nib.Nifti1Image(np.ascontiguousarray(stored), affine), file)
    return file


def write_bhsd(root: Path, of: Mapping[str, int]) -> Path:
    """BHSD with one scan for each name, whose blood has the label given for it.

    "label_192.zip: Contains 192 volumes with pixel-level annotations" (huggingface.co/datasets/WuBiao/BHSD). Folders
    `images` and `ground truths` of label_192 (torch-em, bhsd.py); files such as ID_0237f3c9_ID_40015688b9.nii.gz, and
    labels {"0": "background", "1": "epidural", "2": "intraparenchymal", "3": "intraventricular", "4": "subarachnoid",
    "5": "subdural"} (the authors' dataset.json).
    """
    for seed, (name, label) in enumerate(of.items()):
        hu, mask = made_head(seed)
        save_nifti(root / "label_192" / "images" / f"{name}.nii.gz", hu)
        save_nifti(root / "label_192" / "ground truths" / f"{name}.nii.gz", (mask * label).astype(np.uint8))
    return root


def write_instance2022(root: Path, n: int = 2, folder: str = "train_2") -> Path:
    """INSTANCE 2022 with n scans.

    "'<path>/train_2/data/001.nii.gz' and '<path>/train_2/label/001.nii.gz' exist (a folder named 'train' instead of
    'train_2' is also accepted). The case ids are the zero-padded numbers 001 - 100" (torch-em, instance22.py);
    "Voxel-level segmentation annotations are: 0 - Background; 1 - ICH" (MONAI, Auto3DSeg recipe for INSTANCE22).
    """
    for k in range(n):
        hu, mask = made_head(100 + k)
        save_nifti(root / folder / "data" / f"{k + 1:03d}.nii.gz", hu)
        save_nifti(root / folder / "label" / f"{k + 1:03d}.nii.gz", mask.astype(np.uint8))
    return root


def write_phe_sich(root: Path, n: int = 2, edema: int = 1) -> Path:
    """PHE-SICH-CT-IDS, sub-dataset A, with n scans.

    "subdatasetA in NIfTI format, containing source CT data and edema zone labels" (description of the dataset); members
    `SubdatasetA_NIFIT/NIFIT/set/0001.nii.gz` and `SubdatasetA_NIFIT/NIFIT/label/0001.nii.gz` of its archive, a binary
    mask with the affine of the scan.
    """
    folder = root / "SubdatasetA_NIFIT" / "NIFIT"
    for k in range(n):
        hu, mask = made_head(200 + k)
        around = np.roll(mask, 12, axis=2) & ~mask
        save_nifti(folder / "set" / f"{k + 1:04d}.nii.gz", hu)
        save_nifti(folder / "label" / f"{k + 1:04d}.nii.gz", (around * edema).astype(np.uint8))
    return root


def write_hemseg(root: Path, scans: Mapping[str, str]) -> Path:
    """HemSeg-200 with the patient of each scan.

    annotion_file_info.jsonl has lines {"patient": "ID_00e394df", "scan_": "bf7891541c", "slice_list": ["fd503db37",
    ...]}; "You can then use our code to select and convert the DICOM files into NIFTI files" <scan>.nii.gz (README and
    dcm2nii.py, github.com/songchangwei/3DCT-SD-IVH-ICH). That images and labels lie in folders of these names is
    Ichor's convention.
    """
    lines = []
    for seed, (scan, patient) in enumerate(scans.items()):
        hu, mask = made_head(300 + seed)
        save_nifti(root / "images" / f"{scan}.nii.gz", hu)
        save_nifti(root / "labels" / f"{scan}.nii.gz", mask.astype(np.uint8))
        lines.append(
            json.dumps({"patient": patient, "scan_": scan, "slice_list": [f"{scan[:8]}{k}" for k in range(N)]})
        )
    (root / "annotion_file_info.jsonl").write_text("\n".join(lines) + "\n")
    return root


def write_hemorica(root: Path, patients: Mapping[str, str]) -> Path:
    """Hemorica with the column of the subtype of each patient's blood.

    "Slice-level CSVs need the columns `patient_name`, `slice_number` and `hemorrhage_binary`. Each slice is a `.npy`
    file named `<patient_name>_<slice_number>.npy` in `--image_dir` and holds Hounsfield units. Ground-truth masks are
    `.npy` files with the same names in `--masks_dir`" (README of a study that uses it); subtype columns IVH, ICH, SDH,
    EPH, SAH (its metrics). The names of the folders are Ichor's convention.
    """
    columns = ("IVH", "ICH", "SDH", "EPH", "SAH")
    rows = []
    for seed, (patient, column) in enumerate(patients.items()):
        hu, mask = made_head(400 + seed)
        for k in range(N):
            blood = bool(mask[k].any())
            _save_npy(root / "images" / f"{patient}_{k}.npy", hu[k])
            if blood:
                _save_npy(root / "masks" / f"{patient}_{k}.npy", mask[k].astype(np.uint8))
            rows.append([patient, k, int(blood), *(int(blood and one == column) for one in columns)])
    _write_csv(root / "train.csv", ["patient_name", "slice_number", "hemorrhage_binary", *columns], rows)
    return root


def write_rsna2019(root: Path, studies: Sequence[tuple[str, str, str]]) -> Path:
    """RSNA 2019 with one study for each (patient, study, subtype of its blood, or "" for none).

    "The training data is provided as a set of image Ids and multiple labels, one for each of five sub-types of
    hemorrhage, plus an additional label for any"; "there will be a total of 6 rows per image Id", such as
    ID_28fbab7eb_epidural (RSNA wiki and Kaggle, rsna-intracranial-hemorrhage-detection/data). Images are
    stage_2_train/ID_28fbab7eb.dcm, whose SOP Instance UID is the name; PatientID is ID_xxxxxxxx and StudyInstanceUID
    ID_xxxxxxxxxx.
    """
    names = ("epidural", "intraparenchymal", "intraventricular", "subarachnoid", "subdural")
    (root / "stage_2_train").mkdir(parents=True)
    rows: list[list[object]] = []
    for seed, (patient, study, subtype) in enumerate(studies):
        hu, mask = made_head(500 + seed, 2 if subtype else 0)
        for k, one in enumerate(ct_slices(hu, study_uid=study, series_uid=study.replace("ID_", "ID_5e"))):
            image = f"ID_{seed:02x}{(7 * k + 3) % 11:x}{k:06x}"  # not in anatomical order
            one.PatientID, one.SOPInstanceUID, one.file_meta.MediaStorageSOPInstanceUID = patient, image, image
            one.save_as(root / "stage_2_train" / f"{image}.dcm")
            blood = bool(mask[k].any())
            rows += [[f"{image}_{name}", int(blood and name == subtype)] for name in names]
            rows.append([f"{image}_any", int(blood)])
    rows += rows[:6]  # the published table has some rows twice
    _write_csv(root / "stage_2_train.csv", ["ID", "Label"], rows)
    return root


def write_cq500(root: Path, votes: Sequence[tuple[int, str]]) -> Path:
    """CQ500 with one scan for each (number of readers who see hemorrhage, its subtype).

    Header "name,Category,R1:ICH,R1:IPH,R1:IVH,R1:SDH,R1:EDH,R1:SAH,R1:BleedLocation-Left,...,R3:MidlineShift" of
    reads.csv, names CQ500-CT-N; folders `CQ500CTN CQ500CTN/Unknown Study/<series>/CT000000.dcm`
    (headctstudy.qure.ai/dataset, and public readers of it).
    """
    findings = (
        *("ICH", "IPH", "IVH", "SDH", "EDH", "SAH", "BleedLocation-Left", "BleedLocation-Right", "ChronicBleed"),
        *("Fracture", "CalvarialFracture", "OtherFracture", "MassEffect", "MidlineShift"),
    )
    rows = []
    for k, (n, subtype) in enumerate(votes):
        hu, _ = made_head(600 + k, 2 if n else 0)
        folder = root / f"CQ500CT{k} CQ500CT{k}" / "Unknown Study" / "CT Plain"
        folder.mkdir(parents=True)
        for place, one in enumerate(ct_slices(hu, study_uid=f"1.2.{k + 1}", series_uid=f"1.2.{k + 1}.1")):
            one.save_as(folder / f"CT{place:06d}.dcm")
        cells = [int(reader < n and finding in ("ICH", subtype)) for reader in range(3) for finding in findings]
        rows.append([f"CQ500-CT-{k}", "B1", *cells])
    header = ["name", "Category", *(f"R{reader}:{finding}" for reader in (1, 2, 3) for finding in findings)]
    _write_csv(root / "reads.csv", header, rows)
    return root


def write_cpaisd(root: Path, studies: Mapping[str, str]) -> Path:
    """CPAISD with the part of each study.

    `write_dataset_part` of the authors' code (github.com/sb-ai-lab/early_hyperacute_stroke_dataset): for each study
    metadata.json and folders 00000, 00001, ... with image.npz ("image"), mask.npz ("mask"; background 0,
    ischemic_core 1, penumbra 2), metadata.json ("slice_location") and raw.dcm; summary.csv with an index, name, ...,
    age, sex, ..., part.
    """
    rows = []
    for part in ("train", "val", "test"):
        (root / part).mkdir(parents=True)
    for seed, (study, part) in enumerate(studies.items()):
        hu, _ = made_head(700 + seed, 0)
        slices = ct_slices(hu, study_uid=f"1.3.{seed + 1}", series_uid=f"1.3.{seed + 1}.1")
        for k, one in enumerate(slices):
            folder = root / part / study / f"{k:05}"
            folder.mkdir(parents=True)
            mask = np.zeros(hu[k].shape, np.uint8)
            mask[40:60, 40:60], mask[45:55, 45:55] = 2, 1
            np.savez_compressed(folder / "image.npz", image=hu[k])
            np.savez_compressed(folder / "mask.npz", mask=mask)
            (folder / "metadata.json").write_text(json.dumps({"slice_location": 5.0 * k}))
            one.save_as(folder / "raw.dcm")
        (root / part / study / "metadata.json").write_text(json.dumps({"age": 60 + seed, "sex": "M"}))
        rows.append([seed, study, "GE", "unknown", "GE", 60 + seed, "M", "unknown", 5, "unknown", "unknown", part])
    header = ["", "name", "manufacturer", "model", "device", "age", "sex", "dsa", "nihss", "time", "lethality", "part"]
    _write_csv(root / "summary.csv", header, rows)
    (root / "metadata.json").write_text(json.dumps({"generation_params": {}, "stats": {}}))
    return root


def write_nnunet(root: Path, labels: Mapping[str, object], masks: Sequence[NDArray[np.integer]]) -> Path:
    """A raw dataset of nnU-Net with these labels in dataset.json and a case for each mask (N, 130, 130).

    "{CASE_IDENTIFIER}_{XXXX}.{FILE_ENDING}" in imagesTr, "{CASE_IDENTIFER}.{FILE_ENDING}" in labelsTr, and dataset.json
    with channel_names, labels, numTraining and file_ending (nnU-Net, documentation/dataset_format.md).
    """
    for k, mask in enumerate(masks):
        hu, _ = made_head(800 + k)
        save_nifti(root / "imagesTr" / f"case_{k:03d}_0000.nii.gz", hu)
        save_nifti(root / "labelsTr" / f"case_{k:03d}.nii.gz", mask.astype(np.uint8))
    described = {"channel_names": {"0": "CT"}, "labels": labels, "numTraining": len(masks), "file_ending": ".nii.gz"}
    (root / "dataset.json").write_text(json.dumps(described))
    return root


def write_bids(root: Path, subjects: Mapping[str, float]) -> Path:
    """A BIDS dataset with the age of each subject and masks as a derivative.

    "<source_entities>[_space-<space>][_desc-<label>]_mask.nii.gz" below derivatives/<pipeline>/sub-<label>/<datatype>/
    (BIDS 1.10, Imaging data types: Masks); datatype and suffix ct after the proposal BEP024.
    """
    rows = ["participant_id\tage"]
    for seed, (subject, age) in enumerate(subjects.items()):
        hu, mask = made_head(900 + seed)
        name = f"sub-{subject}"
        save_nifti(root / name / "ct" / f"{name}_ct.nii.gz", hu)
        save_nifti(
            root / "derivatives" / "readers" / name / "ct" / f"{name}_desc-hemorrhage_mask.nii.gz",
            mask.astype(np.uint8),
        )
        rows.append(f"{name}\t{age:g}")
    (root / "participants.tsv").write_text("\n".join(rows) + "\n")
    for folder in (root, root / "derivatives" / "readers"):
        described = {"Name": "Made", "BIDSVersion": "1.10.0", "License": "CC0"}
        (folder / "dataset_description.json").write_text(json.dumps(described))
    return root


def _save_npy(file: Path, array: NDArray[np.generic]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    np.save(file, array)


def _write_csv(file: Path, header: Sequence[object], rows: Sequence[Sequence[object]]) -> None:
    with file.open("w", newline="") as text:
        csv.writer(text).writerows([header, *rows])
