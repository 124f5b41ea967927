"""`ichor evaluate` and `ichor compare` as processes, on made runs and on what is committed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from ichor.dataset.ct_ich import CtIch
from ichor.dataset.ct_ich.folds import authors_fold
from ichor.evaluate.extent_metrics import OF_MASKS
from ichor.evaluate.metrics import metrics_of
from ichor.runs.evaluate import results_in
from synthetic_ct_ich import write_ct_ich
from warm import ichor

pytestmark = pytest.mark.long

RESULTS = Path(__file__).resolve().parents[2] / "results"
COMMITTED = sorted(file.parent for file in RESULTS.glob("*/scores.csv"))


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    fold = authors_fold(1)
    subjects = dict.fromkeys([*fold.training[:2], *fold.validation[:1], *fold.test[:3]], 1)
    subjects[fold.test[2]] = 0
    return write_ct_ich(tmp_path_factory.mktemp("ct-ich"), subjects, n_slices=3)


@pytest.fixture(scope="module")
def run(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "threshold"
    done = ichor("train", "paper/threshold", "--data", data, "--out", folder)
    assert done.returncode == 0, done.stderr
    return folder


def test_the_figures_of_a_run_are_recomputed_without_its_model(run: Path, data: Path, tmp_path: Path) -> None:
    """What is committed of a run is enough: from there on neither config nor weights are needed."""
    for name in ("metrics.json", "masks.json.gz", "scores.csv", "scan_scores.csv"):
        shutil.copyfile(run / name, tmp_path / name)
    kept = json.loads((run / "metrics.json").read_text())
    header = {key: kept[key] for key in ("experiment", "config", "data", "folds", "made_by")}
    (tmp_path / "metrics.json").write_text(json.dumps(header))
    done = ichor("evaluate", tmp_path, "--data", data)
    assert done.returncode == 0, done.stderr
    assert "Dice, paper's average" in done.stdout
    assert "not a medical device" in done.stdout
    for name in ("metrics.json", "README.md"):
        assert (tmp_path / name).read_bytes() == (run / name).read_bytes()


def test_without_masks_all_but_surfaces_and_lesions_is_computed_again(run: Path, data: Path, tmp_path: Path) -> None:
    """Those stay as they were; where they never were, they are null, and nothing is made up."""
    for name in ("metrics.json", "scores.csv", "scan_scores.csv"):
        shutil.copyfile(run / name, tmp_path / name)
    kept = json.loads((run / "metrics.json").read_text())
    assert all(kept[name] for name in OF_MASKS)
    changed = {**kept, "dice": None, "scan": {}, "volume": None}
    (tmp_path / "metrics.json").write_text(json.dumps(changed))
    for _ in range(2):
        done = ichor("evaluate", tmp_path, "--data", data)
        assert done.returncode == 0, done.stderr
        assert (tmp_path / "metrics.json").read_bytes() == (run / "metrics.json").read_bytes()
    assert "masks.json.gz" not in (tmp_path / "README.md").read_text()
    (tmp_path / "metrics.json").write_text(json.dumps({k: v for k, v in kept.items() if k not in OF_MASKS}))
    assert ichor("evaluate", tmp_path, "--data", data).returncode == 0
    found = json.loads((tmp_path / "metrics.json").read_text())
    assert found == {**kept, **dict.fromkeys(OF_MASKS)}
    assert ichor("results", tmp_path, "--out", tmp_path / "pages").returncode == 0


def test_a_comparison_takes_metrics_that_need_masks_from_metrics_json(run: Path, data: Path, tmp_path: Path) -> None:
    for name in ("metrics.json", "scores.csv", "scan_scores.csv"):
        shutil.copyfile(run / name, tmp_path / name)
    done = ichor("compare", run, tmp_path, "--data", data, "--json", tmp_path / "compared.json")
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "compared.json").read_text())
    first, second = (one["figures"] for one in found["runs"])
    assert first == second
    differences = found["pairs"][0]["differences"]
    assert differences["dice.pooled"]["value"] == 0
    assert differences["lesion.sensitivity"]["value"] is None


def test_runs_are_compared_as_markdown_and_json(run: Path, data: Path, tmp_path: Path) -> None:
    shutil.copytree(run, tmp_path / "again")
    done = ichor("compare", run, tmp_path / "again", "--data", data, "--json", tmp_path / "compared.json")
    assert done.returncode == 0, done.stderr
    assert "## again minus threshold" in done.stdout
    assert "| Dice, paper's average | 0.000 | 0.000 to 0.000 | 1.000 |" in done.stdout
    found = json.loads((tmp_path / "compared.json").read_text())
    assert [one["name"] for one in found["runs"]] == ["threshold", "again"]
    assert str(data) not in json.dumps(found)


@pytest.fixture(scope="module")
def dataset(ct_ich: Path) -> CtIch:
    return CtIch(ct_ich)


@pytest.mark.parametrize("folder", COMMITTED, ids=lambda folder: folder.name)
def test_committed_metrics_follow_from_scores_and_masks(folder: Path, dataset: CtIch) -> None:
    committed = json.loads((folder / "metrics.json").read_text())
    assert committed["data"]["fingerprint"] == dataset.fingerprint
    computed = json.loads(json.dumps(metrics_of(results_in(folder, dataset))))
    if not (folder / "masks.json.gz").exists():
        for one in OF_MASKS:
            assert committed[one] is not None  # they were computed while there were masks
            del computed[one]
    assert_same({key: committed[key] for key in computed}, computed)


def assert_same(committed: Any, computed: Any, where: str = "") -> None:
    """Equal but for the last digit, which another processor may round the other way."""
    if isinstance(committed, Mapping):
        assert set(committed) == set(computed), where
        for key in committed:
            assert_same(committed[key], computed[key], f"{where}.{key}")
    elif isinstance(committed, list) and committed and not isinstance(committed[0], str):
        assert len(committed) == len(computed), where
        for i, (one, other) in enumerate(zip(committed, computed, strict=True)):
            assert_same(one, other, f"{where}[{i}]")
    elif isinstance(committed, float):
        assert computed == pytest.approx(committed, abs=2e-6), where
    else:
        assert committed == computed, where


def test_the_compact_models_figures_are_those_that_it_was_published_with() -> None:
    found = json.loads((RESULTS / "compact" / "metrics.json").read_text())
    assert found["dice"]["paper_average"]["value"] == 0.283785
    assert found["dice"]["pooled"]["value"] == 0.520292
    assert found["slice"]["auc"]["value"] == 0.938065
    assert found["slice"]["specificity_at_sensitivity_97"]["value"] == 0.716981
    assert found["scan"]["auc"]["value"] == 0.96875
    assert found["false_positive_ml"]["p95"]["value"] == 0.14971


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["evaluate", "{tmp}/none", "--data", "{data}"], "metrics.json: expected the figures of a run, found No such"),
        (["evaluate", "{tmp}/bare", "--data", "{data}"], "folds, made_by, found no config, folds"),
        (["evaluate", "{run}", "--data", "{tmp}"], "expected a dataset in a layout"),
        (["evaluate", "{run}", "--data", "{other}"], "expected a result on the data in"),
        (["evaluate", "{tmp}/cut", "--data", "{data}"], "scores.csv: expected slices 1 to 3 of"),
        (["compare", "{run}", "--data", "{data}"], "expected two results folders or more to compare, found 1"),
        (["compare", "{run}", "{tmp}/none", "--data", "{data}"], "metrics.json: expected the figures of a run"),
        (["compare", "{run}", "{tmp}/cut", "--data", "{data}", "--json", "{tmp}/no/x"], "--json: expected a file in"),
    ],
)  # fmt: skip
def test_invalid_use_is_reported_in_one_line(
    run: Path, data: Path, tmp_path: Path, words: list[str], line: str
) -> None:
    (tmp_path / "bare").mkdir()
    (tmp_path / "bare" / "metrics.json").write_text('{"experiment": "x"}')
    shutil.copytree(run, tmp_path / "cut")
    scores = tmp_path / "cut" / "scores.csv"
    scores.write_text("\n".join(scores.read_text().splitlines()[:-1]) + "\n")
    other = write_ct_ich(tmp_path / "other", {authors_fold(1).test[0]: 1}, n_slices=3)
    before = (tmp_path / "cut" / "metrics.json").read_bytes()
    done = ichor(*(w.format(data=data, tmp=tmp_path, run=run, other=other) for w in words))
    assert done.returncode == 2
    assert line in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
    assert (tmp_path / "cut" / "metrics.json").read_bytes() == before
