from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from ichor.dataset.ct_ich import CtIch
from ichor.errors import BadConfig
from ichor.evaluate.metrics import metrics_of
from ichor.evaluate.prediction import TABLE_THRESHOLDS, Prediction
from ichor.pages.compared import NAMES, comparison_page
from ichor.runs.compare import MAIN_FIGURES, compare
from ichor.runs.evaluate import results_in
from ichor.runs.files import write_metrics
from ichor.runs.predictions import write_predictions
from synthetic_ct_ich import write_ct_ich

SUBJECTS = {f"{n:03d}": n % 3 for n in range(50, 59)}


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> CtIch:
    return CtIch(write_ct_ich(tmp_path_factory.mktemp("ct-ich"), SUBJECTS, n_slices=3))


def written_run(folder: Path, dataset: CtIch, shift_px: int, subjects: list[str]) -> Path:
    """Results of a method that outlines blood so many pixels beside where it is."""

    def predictions():
        for subject in subjects:
            case = dataset.truth(subject)
            mask = np.roll(case.mask, shift_px + int(subject) % 4, axis=2)
            rng = np.random.default_rng(int(subject) + shift_px)
            probability = np.clip(np.where(case.positive, 0.6, 0.4) + rng.normal(0, shift_px / 100, 3), 0, 1)
            areas = {t: mask.sum(axis=(1, 2)) for t in TABLE_THRESHOLDS}
            yield Prediction(subject, 1, mask, probability, float(probability.max()), 0.5, areas)

    folder.mkdir(parents=True)
    write_predictions(folder, predictions(), dataset)
    made_by = {"reduced": shift_px > 15}
    write_metrics(
        folder,
        {"experiment": "made", "folds": [1], "data": {"fingerprint": dataset.fingerprint}, "made_by": made_by},
    )
    return folder


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory, dataset: CtIch) -> list[Path]:
    root, every = tmp_path_factory.mktemp("runs"), list(SUBJECTS)
    return [
        written_run(root / "near", dataset, 2, every),
        written_run(root / "far", dataset, 20, every[:7]),
        written_run(root / "elsewhere" / "far", dataset, 12, every[7:]),
    ]


def test_a_pair_is_compared_on_the_subjects_it_shares(runs: list[Path], dataset: CtIch) -> None:
    found = compare(runs[:2], dataset)
    assert [run["n_subjects"] for run in found["runs"]] == [9, 7]
    assert [run["reduced"] for run in found["runs"]] == [False, True]
    (pair,) = found["pairs"]
    assert (pair["first"], pair["second"], pair["n_subjects"]) == ("near", "far", 7)
    near, far = ([r for r in results_in(run, dataset) if r.subject < "057"] for run in runs[:2])
    ours, theirs = metrics_of(near), metrics_of(far)
    for group, key in MAIN_FIGURES:
        expected = theirs[group][key]["value"] - ours[group][key]["value"]
        assert pair["differences"][f"{group}.{key}"]["value"] == pytest.approx(expected, abs=2e-6)
    dice = [[m["per_subject"][s]["dice"] for s in sorted(m["per_subject"])] for m in (ours, theirs)]
    assert pair["wilcoxon_dice"] == {
        "median_difference": pytest.approx(np.median(np.subtract(dice[1], dice[0])), abs=1e-6),
        "p": pytest.approx(stats.wilcoxon(dice[1], dice[0]).pvalue, abs=1e-6),
        "n": len(dice[0]),
    }


@pytest.mark.long
def test_a_clear_difference_is_detected_and_pairing_narrows_its_interval(runs: list[Path], dataset: CtIch) -> None:
    (pair,) = compare(runs[:2], dataset)["pairs"]
    difference = pair["differences"]["dice.paper_average"]
    assert difference["value"] < 0
    assert difference["ci95"][1] < 0
    assert difference["p"] == pytest.approx(2 / 1001, abs=1e-6)  # as small as 1000 draws can tell
    alone = [metrics_of(results_in(run, dataset))["dice"]["paper_average"]["ci95"] for run in runs[:2]]
    low, high = difference["ci95"]
    assert high - low < sum(one[1] - one[0] for one in alone)


def test_a_run_against_itself_shows_no_difference(runs: list[Path], dataset: CtIch, tmp_path: Path) -> None:
    import shutil

    shutil.copytree(runs[0], tmp_path / "copy")
    (pair,) = compare([runs[0], tmp_path / "copy"], dataset)["pairs"]
    for figure in pair["differences"].values():
        assert figure["value"] is None or (figure["value"], figure["ci95"], figure["p"]) == (0, [0, 0], 1)
    assert pair["wilcoxon_dice"]["p"] == 1


@pytest.mark.long
def test_every_pair_is_compared_under_names_that_tell_them_apart(runs: list[Path], dataset: CtIch) -> None:
    found = compare(runs, dataset)
    assert [run["name"] for run in found["runs"]] == ["near", str(runs[1]), str(runs[2])]
    assert len(found["pairs"]) == 3
    apart = found["pairs"][2]
    assert (apart["n_subjects"], apart["differences"], apart["wilcoxon_dice"]) == (0, {}, None)
    page = comparison_page(found)
    assert "They share no test subject" in page
    assert f"## {runs[1]} minus near" in page
    assert f"| figure, each on the run's own subjects | near | {runs[1]} (reduced) | {runs[2]} |" in page
    assert "not a medical device" in page


def test_every_figure_has_a_name() -> None:
    assert list(NAMES) == [f"{group}.{key}" for group, key in MAIN_FIGURES]


def test_incomparable_runs_are_reported_in_one_line(runs: list[Path], dataset: CtIch, tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match="expected two results folders or more to compare, found 1"):
        compare(runs[:1], dataset)
    with pytest.raises(BadConfig, match="near: expected each results folder once, found it twice"):
        compare([runs[0], runs[0] / ".." / "near"], dataset)
    other = CtIch(write_ct_ich(tmp_path, {"050": 1}, n_slices=3))
    with pytest.raises(BadConfig, match=r"expected a result on the data in .*, found one on"):
        compare(runs, other)
