"""A dataset of another layout than ct-ich's: whatever satisfies the protocol is cross-validated and reported on."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import cached_property
from hashlib import sha256
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from numpy.typing import NDArray

from ichor.dataset.base import Dataset
from ichor.dataset.case import Case, Cases
from ichor.dataset.ct_ich import CtIch
from ichor.dataset.facts import EVERY_LABEL, OWN, Facts
from ichor.dataset.folds import Fold, strata_of
from ichor.dataset.registry import open_dataset
from ichor.errors import BadConfig, UnreadableInput
from ichor.experiments.config import ExperimentConfig
from ichor.experiments.run import cross_validate
from ichor.pages.overview import write_overview
from ichor.read import open_scan
from ichor.scan import Scan
from synthetic_ct_ich import synthetic_slice, write_ct_ich, write_ct_ich_nifti

BLOOD = {f"head-{k}": n for k, n in enumerate((2, 0, 1, 0, 2, 0, 1, 0, 2, 0))}
N_SLICES = 3


class NiftiHeads:
    """NIfTI files in one folder, a mask beside each; nobody's age is known, and nobody fixed folds."""

    facts = Facts("heads", "Made heads", "10", EVERY_LABEL, OWN, "made", "nobody", "head-N.nii.gz")
    parts: Mapping[str, Dataset] = {}

    def __init__(self, root: Path) -> None:
        self.root = root

    def person(self, subject: str) -> str:
        return subject

    def strata(self, subject: str) -> frozenset[int]:
        return strata_of(self.labels[subject])

    def n_slices(self, subject: str) -> int:
        return len(self.labels[subject])

    def scan(self, subject: str) -> Scan:
        return open_scan(self.scan_path(subject))

    @cached_property
    def subjects(self) -> tuple[str, ...]:
        return tuple(sorted(file.name.removesuffix(".nii.gz") for file in self.root.glob("head-?.nii.gz")))

    @cached_property
    def fingerprint(self) -> str:
        return sha256(b"".join(file.read_bytes() for file in sorted(self.root.iterdir()))).hexdigest()

    @cached_property
    def labels(self) -> dict[str, NDArray[np.bool_]]:
        return {
            subject: self._mask(subject).any(axis=(1, 2))[:, None] & (np.arange(5) == 3) for subject in self.subjects
        }

    @property
    def excluded_from_overlap(self) -> Mapping[str, str]:
        return {"head-0": "its blood is made up"}

    @property
    def fixed_folds(self) -> Mapping[str, tuple[Fold, ...]]:
        return {}

    def age_years(self, subject: str) -> float | None:
        return None

    def scan_path(self, subject: str) -> Path:
        return self.root / f"{subject}.nii.gz"

    def case(self, subject: str) -> Case:
        reason = self.excluded_from_overlap.get(subject, "")
        return Case(subject, open_scan(self.scan_path(subject)), self._mask(subject), self.labels[subject], reason)

    truth = case

    def cases(self, subjects: Iterable[str]) -> Cases:
        return Cases(tuple(subjects), self.case)

    def _mask(self, subject: str) -> NDArray[np.bool_]:
        return np.load(self.root / f"{subject}.npy")


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    root = tmp_path_factory.mktemp("heads")
    for seed, (subject, n_blood) in enumerate(BLOOD.items()):
        slices = [synthetic_slice(np.random.default_rng([seed, k]), blood=k < n_blood) for k in range(N_SLICES)]
        hu = np.stack([one[::5, ::5] for one, _ in slices]).astype(np.int16)
        affine = np.diag([-1.65, -1.65, 5.0, 1.0])
        nib.save(nib.Nifti1Image(hu.transpose(2, 1, 0), affine), root / f"{subject}.nii.gz")
        np.save(root / f"{subject}.npy", np.stack([mask[::5, ::5] for _, mask in slices]))
    return NiftiHeads(root)


@pytest.fixture(scope="module")
def run(dataset: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("work")
    config = ExperimentConfig(name="made", method="brain-outliers", folds="stratified")
    found = cross_validate(config, dataset, folder / "run", range(1, 6), command_of=lambda _: "a test")
    assert found is not None
    write_overview([folder / "run"], folder / "pages")
    return folder / "run"


def test_its_subjects_are_all_reported_on(run: Path, dataset: Dataset) -> None:
    found = json.loads((run / "metrics.json").read_text())
    assert found["data"]["n_subjects"] == len(BLOOD) and found["data"]["fingerprint"] == dataset.fingerprint
    assert found["excluded_from_overlap"] == dataset.excluded_from_overlap
    assert found["dice"]["paper_average"]["n"] == 4  # of five with hemorrhage
    assert found["by_age"] == {}  # nobody's is known
    assert found["scan"]["auc"]["n"] == 10 and found["without_excluded"]["scan"]["auc"]["n"] == 9


def test_its_pages_name_no_other_dataset(run: Path, dataset: Dataset) -> None:
    said = " ".join((run / "README.md").read_text().split())
    assert f"on test folds 1 to 5 of {dataset.facts.title}: 10 subjects" in said
    assert "leave out head-0 (its blood is made up)" in said
    assert "w8q8-ky94" not in said and "w8q8-ky94" not in (run.parent / "pages/README.md").read_text()


def test_missing_folds_are_reported_in_one_line(dataset: Dataset, tmp_path: Path) -> None:
    config = ExperimentConfig(name="made", method="brain-outliers")
    with pytest.raises(BadConfig, match=r"made: expected folds of .* among stratified, found 'authors'"):
        cross_validate(config, dataset, tmp_path / "run", [1], command_of=lambda _: "a test")


def test_both_releases_of_ct_ich_are_opened_and_nothing_else(tmp_path: Path) -> None:
    for write in (write_ct_ich, write_ct_ich_nifti):
        opened = open_dataset(write(tmp_path / write.__name__, {"049": 1, "050": 0}, n_slices=2))
        assert isinstance(opened, CtIch)
        assert opened.age_years("050") == 21
        (folds,) = opened.fixed_folds.values()
        assert sorted(subject for fold in folds for subject in fold.test) == ["049", "050"]
    with pytest.raises(UnreadableInput, match="expected a dataset in a layout that Ichor reads"):
        open_dataset(tmp_path)
