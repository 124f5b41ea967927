"""`ichor evaluate PACKAGE --out`, and training on several datasets, as processes on made copies of them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import yaml

from ichor.models.package import Training, read_config
from synthetic_ct_ich import write_ct_ich
from synthetic_datasets import made_head, save_nifti, write_bhsd, write_cq500, write_hemseg, write_instance2022
from untrained_package import write_package
from warm import ichor

pytestmark = pytest.mark.long

BHSD = {f"ID_{k // 2:08x}_ID_{k:010x}": 1 + k % 5 for k in range(12)}
ELSEWHERE = Training(experiment="made", fingerprint="of other data", fold=1, training_subjects=("001",))


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    write_bhsd(folder / "bhsd", BHSD)
    write_instance2022(folder / "instance", 6)
    write_cq500(folder / "cq500", [(3, "SDH"), (0, ""), (2, "IPH")])
    write_hemseg(folder / "hemseg", {"00000000aa": "ID_00000000", "00000000ab": "ID_00000009"})
    write_ct_ich(folder / "ct-ich", {"049": 1, "050": 0, "051": 1}, n_slices=2)
    return folder


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_package(tmp_path_factory.mktemp("package"), training=ELSEWHERE)


@pytest.fixture(scope="module")
def run(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One fold over two datasets."""
    folder = tmp_path_factory.mktemp("runs") / "both"
    data = ("--data", f"bhsd={root / 'bhsd'}", "--data", f"mine={root / 'instance'}")
    done = ichor("train", "paper/threshold", *data, "--folds", "stratified", "--out", folder)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def exported(run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exported") / "both"
    done = ichor("export", run, "--out", folder)
    assert done.returncode == 0, done.stderr
    return folder


def test_a_package_is_evaluated_on_a_dataset_that_it_was_never_trained_on(
    package: Path, root: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    done = ichor("evaluate", package, "--data", f"bhsd={root / 'bhsd'}", "--out", out)
    assert done.returncode == 0, done.stderr
    assert "12 subjects evaluated. The model was never trained on this dataset" in done.stdout
    assert "copies of training scans under other names was not tested" in done.stdout
    assert "not a medical device" in done.stdout
    metrics = json.loads((out / "metrics.json").read_text())
    assert metrics["data"]["n_subjects"] == 12 and metrics["dice"]["paper_average"]["n"] > 0
    page = " ".join((out / "README.md").read_text().split())
    assert "on BHSD: Brain Hemorrhage Segmentation Dataset: 12 subjects" in page
    assert "The model was never trained on this dataset" in page and "columns below are for other data" in page
    assert "ichor evaluate" in page and str(tmp_path) not in page
    kept = (out / "metrics.json").read_bytes()
    assert ichor("evaluate", out, "--data", root / "bhsd").returncode == 0
    assert (out / "metrics.json").read_bytes() == kept


def test_scan_level_labels_are_enough(package: Path, root: Path, tmp_path: Path) -> None:
    """What the dataset does not say is not defined, and is not counted as no hemorrhage."""
    done = ichor("evaluate", package, "--data", root / "cq500", "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    metrics = json.loads((tmp_path / "out/metrics.json").read_text())
    assert metrics["scan"]["auc"]["n"] == 3
    assert metrics["dice"]["paper_average"]["value"] is None
    assert metrics["slice"]["auc"]["value"] is None
    assert "no tested subject has delineated hemorrhage" in " ".join((tmp_path / "out/README.md").read_text().split())


def test_several_datasets_are_evaluated_together(package: Path, root: Path, tmp_path: Path) -> None:
    data = ("--data", f"bhsd={root / 'bhsd'}", "--data", f"cq={root / 'cq500'}")
    done = ichor("evaluate", package, *data, "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    metrics = json.loads((tmp_path / "out/metrics.json").read_text())
    assert metrics["data"]["n_subjects"] == 15 and metrics["scan"]["auc"]["n"] == 15


def test_a_dataset_that_the_package_was_trained_on_is_refused(exported: Path, root: Path, tmp_path: Path) -> None:
    """Also if it was one of several then, under the name that it had there."""
    done = ichor("evaluate", exported, "--data", root / "instance", "--out", tmp_path / "out")
    assert done.returncode != 0 and len(done.stderr.splitlines()) == 1
    assert "expected a dataset that both was never trained on, found" in done.stderr
    assert not (tmp_path / "out").exists()


def test_people_in_the_training_data_are_found_in_another_dataset(exported: Path, root: Path, tmp_path: Path) -> None:
    """HemSeg-200 and BHSD label scans of the same source, which name the same patient alike."""
    persons = read_config(exported).training.persons  # type: ignore[union-attr]
    assert "rsna2019:ID_00000000" in persons and not any(person.startswith("mine") for person in persons)
    done = ichor("evaluate", exported, "--data", root / "hemseg", "--out", tmp_path / "out")
    assert done.returncode != 0
    assert "found 1 of its subjects in the training data" in done.stderr


def test_copies_of_training_scans_are_found_by_their_images(package: Path, root: Path, tmp_path: Path) -> None:
    instance = shutil.copytree(root / "instance", tmp_path / "instance")
    save_nifti(instance / "train_2/data/001.nii.gz", made_head(1)[0])
    words = ("--data", instance, "--training-data", root / "bhsd")
    done = ichor("evaluate", package, *words, "--out", tmp_path / "refused")
    assert done.returncode != 0 and len(done.stderr.splitlines()) == 1
    assert f"found the same images in {sorted(BHSD)[1]} and 001 (training scan first)" in done.stderr
    done = ichor("evaluate", package, *words, "--leave-out-copies", "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert "5 subjects evaluated" in done.stdout
    assert "None of its scans has the same images as a training scan." in done.stdout


def test_a_package_without_a_record_of_its_training_is_refused(root: Path, tmp_path: Path) -> None:
    package = write_package(tmp_path / "package")
    done = ichor("evaluate", package, "--data", root / "bhsd", "--out", tmp_path / "out")
    assert done.returncode != 0 and "expected a package that lists its training subjects" in done.stderr


def test_folds_over_several_datasets_never_split_a_person(run: Path, root: Path) -> None:
    training = read_config(run / "fold-1/model").training
    assert training is not None and [*training.datasets] == ["bhsd.", "mine."]
    blocks = (training.training_subjects, training.validation_subjects, training.test_subjects)
    assert sum(map(len, blocks)) == 18
    people = [{subject.split("_ID_")[0] for subject in block} for block in blocks]
    assert not people[0] & people[2] and not people[0] & people[1] and not people[1] & people[2]


def test_cross_validation_predicts_every_scan_of_all_datasets_once(root: Path, tmp_path: Path) -> None:
    data = ("--data", f"bhsd={root / 'bhsd'}", "--data", f"mine={root / 'instance'}")
    done = ichor("crossval", "paper/threshold", *data, "--folds", "stratified", "--out", tmp_path / "run")
    assert done.returncode == 0, done.stderr
    rows = (tmp_path / "run/scan_scores.csv").read_text().splitlines()[1:]
    fold = {row.split(",")[0]: row.split(",")[1] for row in rows}
    assert len(rows) == len(fold) == 18 and set(fold.values()) == set("12345")
    for person in {name.split("_")[1] for name in BHSD}:
        assert len({of for name, of in fold.items() if name.startswith(f"bhsd.ID_{person}_")}) == 1
    assert "--data bhsd=PATH --data mine=PATH" in (tmp_path / "run/README.md").read_text()


def test_a_card_lists_the_licenses_of_all_training_data(exported: Path) -> None:
    card = " ".join((exported / "MODEL_CARD.md").read_text().split())
    assert "- BHSD: Brain Hemorrhage Segmentation Dataset: " in card and "- INSTANCE 2022" in card
    assert "The weights are for non-commercial use only." in card
    assert "ID_" not in card.split("## Data and licence")[1]
    config = yaml.safe_load((exported / "config.yaml").read_text())
    assert config["training"]["datasets"]["mine."]["kind"] == "instance2022"


def test_training_on_copies_is_refused(root: Path, tmp_path: Path) -> None:
    instance = shutil.copytree(root / "instance", tmp_path / "instance")
    save_nifti(instance / "train_2/data/001.nii.gz", made_head(1)[0])
    words = ("--data", f"bhsd={root / 'bhsd'}", "--data", f"mine={instance}", "--folds", "stratified")
    done = ichor("train", "paper/threshold", *words, "--out", tmp_path / "run")
    assert done.returncode != 0 and len(done.stderr.splitlines()) == 1
    assert f"found the same images in bhsd.{sorted(BHSD)[1]} and mine.001" in done.stderr
    done = ichor("train", "paper/threshold", *words, "--out", tmp_path / "run", "--leave-out-copies")
    assert done.returncode == 0, done.stderr
    again = ichor("evaluate", tmp_path / "run", *words[:4], "--leave-out-copies")
    assert again.returncode == 0, again.stderr
    assert "found one on" in ichor("evaluate", tmp_path / "run", *words[:4]).stderr


def test_too_few_people_for_five_folds_are_said_in_one_line(root: Path, tmp_path: Path) -> None:
    words = ("--data", root / "cq500", "--folds", "stratified", "--out", tmp_path / "run")
    done = ichor("crossval", "paper/threshold", *words)
    assert done.returncode != 0 and len(done.stderr.splitlines()) == 1
    assert "cq500: expected at least 5 subjects, one per fold, found 3" in done.stderr
