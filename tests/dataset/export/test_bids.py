"""BIDS, as its official validator sees it, and the files read back."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest

from export_sources import KINDS, REAL, copy_of, export_all
from ichor.subtypes import Subtype

VALIDATOR = Path(sys.executable).with_name("bids-validator-deno")


def issues(root: Path) -> list[dict[str, Any]]:
    """What the validator finds wrong with one dataset."""
    done = subprocess.run([VALIDATOR, root, "--format", "json"], capture_output=True, text=True, check=False)
    return json.loads(done.stdout)["issues"]["issues"]


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as table:
        return list(csv.DictReader(table, delimiter="\t"))


@pytest.mark.parametrize("kind", KINDS)
def test_both_datasets_are_valid_and_hold_the_scans_and_delineations(kind: str, tmp_path: Path) -> None:
    dataset = copy_of(kind, tmp_path / "data")
    out = tmp_path / "out"
    export_all(dataset, "bids", out)
    derived = out / "derivatives" / "radiologists"
    for root in (out, derived):
        # HED tags describe events, of which there are none here.
        assert [one for one in issues(root) if one.get("subCode") != "HEDVersion"] == []
    for subject in dataset.subjects:
        case = dataset.case(subject)
        name = f"sub-{subject}/ct/sub-{subject}"
        scan, mask = (
            nibabel.load(out / f"{name}_ct.nii.gz"),
            nibabel.load(derived / f"{name}_desc-hemorrhage_mask.nii.gz"),
        )
        assert np.array_equal(scan.affine, mask.affine) and scan.shape == mask.shape
        assert np.count_nonzero(mask.get_fdata()) == np.count_nonzero(case.mask)
        assert np.allclose(np.sort(scan.get_fdata(), axis=None), np.sort(case.scan.hu, axis=None), atol=1e-3)
        about = json.loads((out / f"{name}_ct.json").read_text())
        assert about["Units"] == "HU" and about["Warnings"] == list(case.scan.warnings)
        labelled = rows(derived / f"{name}_desc-hemorrhage_slices.tsv")
        found = [[row[subtype] == "1" for subtype in Subtype] for row in labelled]
        assert np.array_equal(found, case.labels)
        assert [int(row["index"]) for row in labelled] == list(range(case.scan.n_slices))


def test_the_validator_is_one_that_finds_what_is_wrong(tmp_path: Path) -> None:
    export_all(copy_of("jpg", tmp_path / "data"), "bids", tmp_path / "out")
    (tmp_path / "out" / ".bidsignore").unlink()
    assert {one["code"] for one in issues(tmp_path / "out")} >= {"NOT_INCLUDED"}


def test_participants_have_only_the_data_in_the_tables(tmp_path: Path) -> None:
    export_all(copy_of("real", tmp_path / "data"), "bids", tmp_path / "out")
    assert rows(tmp_path / "out" / "participants.tsv") == [
        {
            "participant_id": f"sub-{REAL}",
            "age": "17",
            "sex": "M",
            "condition": "Subdural HGE",
            "hemorrhage": "1",
            "fracture": "1",
            "test_fold": "2",
        }
    ]
    described = json.loads((tmp_path / "out" / "dataset_description.json").read_text())
    assert described["License"] == "CC BY 4.0" and described["DatasetDOI"] == "doi:10.13026/w8q8-ky94"
