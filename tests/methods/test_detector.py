"""A method that only detects: no mask, probabilities of slices and scans alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from sklearn.metrics import recall_score, roc_auc_score

from ichor.dataset.registry import open_dataset
from ichor.runs.predictions import read_predictions
from outside import ichor
from synthetic_ct_ich import write_ct_ich
from synthetic_methods import DETECTS, install_methods

pytestmark = pytest.mark.long

BLOOD = {"051": 1, "052": 0, "066": 2, "067": 0, "081": 1, "083": 0, "096": 2, "097": 0, "111": 1, "112": 0}
NULL = (
    *("dice", "jaccard", "surface", "volume", "lesion", "by_lesion_size", "false_positive_ml", "slice_400px"),
    *("by_subtype", "by_age", "per_subject", "subjects_missed", "table_5", "by_threshold", "subtype_auc"),
    *("by_threshold_per_subject", "by_threshold_per_fold", "slice_sensitivity_by_subtype", "by_age_difference"),
)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return install_methods(tmp_path_factory.mktemp("site"))


@pytest.fixture(scope="module")
def work(installed: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with data/, and run/: the detector cross-validated on it."""
    folder = tmp_path_factory.mktemp("work")
    data = write_ct_ich(folder / "data", BLOOD, n_slices=3, excluded={"066": "made"})
    (folder / "mine.yaml").write_text(yaml.safe_dump({"name": "mine", "method": DETECTS}))
    said = ichor(installed, "crossval", folder / "mine.yaml", "--data", data, "--out", folder / "run")
    assert "slice AUC" in said and "Dice" not in said
    return folder


def figures(tree: Any) -> Iterator[Any]:
    """Every figure of metrics.json."""
    if isinstance(tree, dict):
        if "ci95" in tree:
            yield tree
        else:
            for one in tree.values():
                yield from figures(one)


def test_its_figures_are_those_of_detection(work: Path) -> None:
    found = json.loads((work / "run/metrics.json").read_text())
    assert {name: found[name] for name in NULL} == dict.fromkeys(NULL)
    predictions = read_predictions(work / "run", open_dataset(work / "data"))
    assert not predictions.has_masks
    scans = [predictions[subject].scan_probability for subject in BLOOD]
    assert found["scan"]["auc"]["value"] == pytest.approx(roc_auc_score([n > 0 for n in BLOOD.values()], scans))
    for level, n in (("slice", 30), ("scan", 10)):
        assert found[level]["auc"]["n"] == n
        assert found[level]["brier"]["value"] > 0
        assert found[level]["sensitivity"]["n"] + found[level]["specificity"]["n"] == n
    called = [(one.slice_probability >= one.threshold).any() for one in map(predictions.__getitem__, BLOOD)]
    truth = [n > 0 for n in BLOOD.values()]
    assert found["scan"]["sensitivity"]["value"] == pytest.approx(recall_score(truth, called), abs=1e-6)
    assert found["without_excluded"]["scan"]["auc"]["n"] == 9
    assert all(one["value"] is not None for one in figures(found))


def test_its_run_holds_no_masks(work: Path) -> None:
    assert not (work / "run/masks.json.gz").exists()
    header, first = (work / "run/scores.csv").read_text().splitlines()[:2]
    assert header == "subject,slice,fold,probability,threshold"
    assert len(first.split(",")) == 5
    assert (work / "run/scan_scores.csv").read_text().splitlines()[1].endswith(",")  # no volume


def test_it_is_evaluated_again_to_the_same_figures(work: Path, installed: Path) -> None:
    before = (work / "run/metrics.json").read_text()
    ichor(installed, "evaluate", work / "run", "--data", work / "data")
    assert (work / "run/metrics.json").read_text() == before


def test_its_page_leaves_out_what_it_does_not_give(work: Path) -> None:
    page = (work / "run/README.md").read_text()
    assert "The method detects hemorrhage without a mask, so no overlap is defined" in " ".join(page.split())
    for words in ("Dice", "Table 5", "Table 6", "masks.json.gz", "not defined", "nan", "None", "Surface", "400"):
        assert words not in page, words
    for words in ("| slice AUC |", "| scan AUC |", "## Detection", "## Calibration", "without 066"):
        assert words in page, words


@pytest.mark.long
def test_it_is_compared_with_other_runs(work: Path, installed: Path) -> None:
    (work / "other.yaml").write_text(yaml.safe_dump({"name": "other", "method": "brain-outliers"}))
    ichor(installed, "crossval", work / "other.yaml", "--data", work / "data", "--out", work / "other")
    ichor(installed, "results", work / "run", work / "other", "--out", work / "pages")
    page = (work / "pages/README.md").read_text()
    (row,) = [line for line in page.splitlines() if line.startswith("| [run]")]
    assert row.count("| – |") + row.count("| – ") >= 2
    html = (work / "pages/results.html").read_text()
    assert "without a mask" in html and "nan" not in html
    said = ichor(installed, "compare", work / "run", work / "other", "--data", work / "data")
    assert "| Dice, paper's average | not defined | 0." in said
    assert "| slice AUC |" in said


def test_it_is_published_with_the_pictures_that_it_has(work: Path, installed: Path) -> None:
    ichor(installed, "publish", work / "run", "--data", work / "data", "--out", work / "result", "--masks")
    assert {file.name for file in (work / "result").iterdir()} == {
        *("README.md", "metrics.json", "verdict.json", "scores.csv", "scan_scores.csv", "figures"),
    }
    assert {file.name for file in (work / "result/figures").iterdir()} == {"roc.png", "reliability.png", "figures.json"}
    assert "ROC of 30 slices" in (work / "result/README.md").read_text()


@pytest.mark.long
def test_its_package_says_what_it_does(work: Path, installed: Path) -> None:
    ichor(installed, "train", work / "mine.yaml", "--data", work / "data", "--out", work / "one")
    ichor(installed, "export", work / "one", "--out", work / "package")
    card = (work / "package/MODEL_CARD.md").read_text()
    assert "Finds intracranial hemorrhage on non-contrast head CT." in card
    assert "Dice" not in card and "| scan AUC |" in card
