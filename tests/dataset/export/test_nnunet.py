"""nnU-Net's raw layout, held against its documentation and read as nnU-Net reads it: by SimpleITK and by nibabel.

What nnU-Net 2.8 itself checks (verify_dataset_integrity) is checked here too. It cannot be installed beside the CPU
build of torch.
"""

from __future__ import annotations

import json
from pathlib import Path

import nibabel
import numpy as np
import pytest
import SimpleITK

from export_sources import KINDS, copy_of, export_all
from ichor.dataset.ct_ich.folds import authors_fold
from ichor.dataset.ct_ich.release import RELEASES

NAME = "Dataset501_CtIch"


@pytest.mark.parametrize("kind", KINDS)
def test_images_and_labels_share_a_grid_and_hold_the_datasets_own_voxels(kind: str, tmp_path: Path) -> None:
    dataset = copy_of(kind, tmp_path / "data")
    export_all(dataset, "nnunet", tmp_path / "out")
    raw = tmp_path / "out" / "nnUNet_raw" / NAME
    for subject in dataset.subjects:
        case = dataset.case(subject)
        paths = raw / "imagesTr" / f"ctich_{subject}_0000.nii.gz", raw / "labelsTr" / f"ctich_{subject}.nii.gz"
        image, label = (SimpleITK.ReadImage(str(path)) for path in paths)
        for share in ("GetSize", "GetSpacing", "GetOrigin", "GetDirection"):
            assert getattr(image, share)() == getattr(label, share)()
        assert set(np.unique(SimpleITK.GetArrayFromImage(label))) <= {0, 1}
        image, label = (nibabel.load(path) for path in paths)
        assert np.array_equal(image.affine, label.affine)
        if kind == "nifti":
            stored = nibabel.load(dataset.scan_path(subject))
            assert np.allclose(image.affine, stored.affine, atol=1e-5)
            assert np.array_equal(image.get_fdata(), stored.get_fdata())
            drawn = nibabel.load(dataset.root / "masks" / f"{subject}.nii")
            assert np.array_equal(label.get_fdata(), drawn.get_fdata())
        else:
            assert np.allclose(np.abs(np.diag(image.affine)), [0.33, 0.33, 5, 1])
            assert np.abs(image.get_fdata().transpose(2, 1, 0) - case.scan.hu).max() < 1e-3
            assert np.array_equal(label.get_fdata().transpose(2, 1, 0) > 0, case.mask)


def test_the_description_says_what_nnunet_asks_and_whose_data_it_is(tmp_path: Path) -> None:
    dataset = copy_of("jpg", tmp_path / "data")
    export_all(dataset, "nnunet", tmp_path / "out")
    raw = tmp_path / "out" / "nnUNet_raw" / NAME
    described = json.loads((raw / "dataset.json").read_text())
    assert described["channel_names"] == {"0": "CT"}
    assert described["labels"] == {"background": 0, "hemorrhage": 1}
    assert described["file_ending"] == ".nii.gz"
    assert described["numTraining"] == len(list((raw / "imagesTr").iterdir())) == len(dataset.subjects)
    assert described["licence"].startswith("CC BY 4.0") and RELEASES["1.0.0"].doi in described["reference"]
    assert "nominal" in described["description"]


def test_the_splits_report_on_the_authors_test_folds(tmp_path: Path) -> None:
    dataset = copy_of("jpg", tmp_path / "data")
    export_all(dataset, "nnunet", tmp_path / "out")
    splits = json.loads((tmp_path / "out" / "nnUNet_preprocessed" / NAME / "splits_final.json").read_text())
    assert len(splits) == 5
    for number, split in enumerate(splits, 1):
        fold = authors_fold(number, dataset.subjects)
        assert split["val"] == [f"ctich_{subject}" for subject in sorted(fold.test)]
        assert set(split["train"]) | set(split["val"]) == {f"ctich_{subject}" for subject in dataset.subjects}
        assert not set(split["train"]) & set(split["val"])
