"""Predictions written, read back, and refused where what is read does not fit."""

from __future__ import annotations

import csv
import gzip
import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ichor.dataset.ct_ich import CtIch
from ichor.errors import BadConfig
from ichor.evaluate.prediction import TABLE_THRESHOLDS, Prediction, SingleSlices
from ichor.formats.run_lengths import from_run_lengths, run_lengths
from ichor.runs.files import read_metrics
from ichor.runs.predictions import read_predictions, write_predictions
from synthetic_ct_ich import SIZE, write_ct_ich

SUBJECTS = {"049": 1, "050": 0}
N = 3


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> CtIch:
    return CtIch(write_ct_ich(tmp_path_factory.mktemp("ct-ich"), SUBJECTS, n_slices=N))


def made(subject: str, *, subtypes: bool = False) -> Prediction:
    rng = np.random.default_rng(int(subject))
    mask = np.zeros((N, SIZE, SIZE), bool)
    if SUBJECTS[subject]:
        mask[N - 1, 300:340, 200:250] = True
    return Prediction(
        subject=subject,
        fold=2,
        mask=mask,
        slice_probability=rng.random(N),
        scan_probability=float(rng.random()),
        threshold=0.005,
        areas={t: mask.sum(axis=(1, 2)) // round(t * 10) for t in TABLE_THRESHOLDS},
        subtype_probability=rng.random((N, 5)) if subtypes else None,
    )


@pytest.fixture
def folder(tmp_path: Path, dataset: CtIch) -> Path:
    write_predictions(tmp_path, (made(subject) for subject in SUBJECTS), dataset)
    return tmp_path


@pytest.mark.parametrize("subtypes", [False, True])
def test_predictions_are_read_back(tmp_path: Path, dataset: CtIch, subtypes: bool) -> None:
    write_predictions(tmp_path, (made(subject, subtypes=subtypes) for subject in SUBJECTS), dataset)
    predictions = read_predictions(tmp_path, dataset)
    assert list(predictions) == list(SUBJECTS)
    for subject, read in predictions.items():
        written = made(subject, subtypes=subtypes)
        assert np.array_equal(read.mask, written.mask)
        assert (read.subject, read.fold, read.threshold) == (subject, 2, 0.005)
        assert read.slice_probability == pytest.approx(written.slice_probability, rel=1e-5)
        assert read.scan_probability == pytest.approx(written.scan_probability, rel=1e-5)
        for t in TABLE_THRESHOLDS:
            assert np.array_equal(read.areas[t], written.areas[t])
        if subtypes:
            assert read.subtype_probability == pytest.approx(written.subtype_probability, rel=1e-5)
        else:
            assert read.subtype_probability is None


def test_single_slices_are_read_back_and_some_subjects_may_have_none(tmp_path: Path, dataset: CtIch) -> None:
    first, *others = (made(subject, subtypes=True) for subject in SUBJECTS)
    alone = SingleSlices(np.array([0.1, 0.25, 0.5]), np.array([False, False, True]))
    write_predictions(tmp_path, [replace(first, single_slices=alone), *others], dataset)
    found = read_predictions(tmp_path, dataset)
    again = found[first.subject].single_slices
    assert again is not None
    assert (again.probability.tolist(), again.marked.tolist()) == ([0.1, 0.25, 0.5], [False, False, True])
    assert all(found[one.subject].single_slices is None for one in others)
    scores = (tmp_path / "scores.csv").read_text()
    write_predictions(tmp_path, found.values(), dataset)
    assert (tmp_path / "scores.csv").read_text() == scores
    (tmp_path / "scores.csv").write_text(scores.replace(",0.25,0\n", ",1.25,0\n"))
    with pytest.raises(BadConfig, match=rf"expected probabilities of {first.subject} in 0 to 1, found 1.25"):
        read_predictions(tmp_path, dataset)[first.subject]
    (tmp_path / "scores.csv").write_text(scores.replace(",0.25,0\n", ",0.25,\n"))
    with pytest.raises(BadConfig, match=rf"expected numbers in the scores of {first.subject}"):
        read_predictions(tmp_path, dataset)[first.subject]


def test_the_files_are_as_the_design_says(folder: Path, dataset: CtIch) -> None:
    masks = json.loads(gzip.decompress((folder / "masks.json.gz").read_bytes()))
    assert list(masks) == [f"049/{N}"]
    assert masks[f"049/{N}"]["size"] == [SIZE, SIZE]
    with (folder / "scores.csv").open() as lines:
        rows = list(csv.DictReader(lines))
    assert len(rows) == N * len(SUBJECTS)
    assert [*rows[0]] == [
        *("subject", "slice", "fold", "probability", "threshold", "area_px", "overlap_px", "reference_px"),
        *("area_px_05", "area_px_06", "area_px_07", "area_px_08", "area_px_09"),
    ]
    assert rows[N - 1]["area_px"] == str(40 * 50)
    truth = dataset.truth("049").mask[N - 1]
    assert rows[N - 1]["reference_px"] == str(truth.sum())
    assert rows[N - 1]["overlap_px"] == str(truth[300:340, 200:250].sum())
    with (folder / "scan_scores.csv").open() as lines:
        scans = list(csv.DictReader(lines))
    assert [row["volume_ml"] for row in scans] == [f"{40 * 50 * 0.33**2 * 5 / 1000:.4f}", "0.0000"]


def test_writing_again_gives_the_same_bytes(folder: Path, dataset: CtIch, tmp_path: Path) -> None:
    first = {f.name: f.read_bytes() for f in folder.iterdir()}
    write_predictions(folder, read_predictions(folder, dataset).values(), dataset)
    assert {f.name: f.read_bytes() for f in folder.iterdir()} == first


def test_without_masks_the_pixels_are_read_and_written_again(folder: Path, dataset: CtIch) -> None:
    """A published result need not keep its masks."""
    with_masks = read_predictions(folder, dataset)
    (folder / "masks.json.gz").unlink()
    predictions = read_predictions(folder, dataset)
    assert with_masks.has_masks and not predictions.has_masks
    for subject, one in predictions.items():
        case = dataset.truth(subject)
        assert one.mask is None
        found, expected = one.overlaps_with(case.mask), with_masks[subject].overlaps_with(case.mask)
        assert found is not None and expected is not None
        for name in ("both", "predicted", "reference"):
            assert np.array_equal(getattr(found, name), getattr(expected, name))
        with pytest.raises(BadConfig, match=f"expected the mask of {subject}, found a prediction without one"):
            one.outline()
    first = {f.name: f.read_bytes() for f in folder.iterdir()}
    write_predictions(folder, predictions.values(), dataset)
    assert {f.name: f.read_bytes() for f in folder.iterdir()} == first


def test_results_of_earlier_versions_are_read(folder: Path, dataset: CtIch) -> None:
    """They have masks, and no pixels of the delineation beside them."""
    expected = read_predictions(folder, dataset)["049"]
    without_pixels(folder)
    found = read_predictions(folder, dataset)["049"]
    assert found.mask is not None and found.overlaps is None
    assert np.array_equal(found.outline(), expected.outline())


def without_pixels(folder: Path) -> None:
    """A scores.csv as it was before it had overlap_px and reference_px."""
    file = folder / "scores.csv"
    rows = [line.split(",") for line in file.read_text().splitlines()]
    file.write_text("\n".join(",".join([*row[:6], *row[8:]]) for row in rows) + "\n")


def formerly(folder: Path) -> None:
    """A fault: such a table without masks, from which no overlap follows."""
    without_pixels(folder)
    (folder / "masks.json.gz").unlink()


@pytest.mark.parametrize("threshold", [0.25, None])
def test_a_detector_has_probabilities_and_a_threshold(folder: Path, dataset: CtIch, threshold: float | None) -> None:
    detected = [replace(made(subject), mask=None, threshold=threshold, areas={}) for subject in SUBJECTS]
    write_predictions(folder, detected, dataset)
    assert not (folder / "masks.json.gz").exists()  # an earlier one would be of something else
    predictions = read_predictions(folder, dataset)
    for one, read in zip(detected, predictions.values(), strict=True):
        assert (read.mask, read.threshold, read.overlaps, read.areas) == (None, threshold, None, {})
        assert read.slice_probability == pytest.approx(one.slice_probability, rel=1e-5)
    with pytest.raises(BadConfig, match="expected masks, thresholds and subtype probabilities for all subjects or"):
        write_predictions(folder, [made("049"), detected[1]], dataset)


def test_contradictory_results_are_not_written(tmp_path: Path, dataset: CtIch) -> None:
    with pytest.raises(ValueError, match="found two of 049"):
        write_predictions(tmp_path, [made("049"), made("049")], dataset)
    with pytest.raises(BadConfig, match=r"found that 049 \(fold 1\) and 050 \(fold 2\) differ; delete the folder"):
        write_predictions(tmp_path, [replace(made("049"), fold=1), made("050", subtypes=True)], dataset)
    assert not list(tmp_path.iterdir())


def lines(name: str, change: Callable[[list[str]], list[str]]) -> Callable[[Path], None]:
    """A fault: the lines of a table, changed."""

    def fault(folder: Path) -> None:
        file = folder / name
        file.write_text("\n".join(change(file.read_text().splitlines())) + "\n")

    return fault


def cell(name: str, line: int, column: int, value: str) -> Callable[[Path], None]:
    def change(rows: list[str]) -> list[str]:
        cells = rows[line].split(",")
        cells[column] = value
        return [*rows[:line], ",".join(cells), *rows[line + 1 :]]

    return lines(name, change)


def masks(change: Callable[[dict], dict]) -> Callable[[Path], None]:
    def fault(folder: Path) -> None:
        file = folder / "masks.json.gz"
        file.write_bytes(gzip.compress(json.dumps(change(json.loads(gzip.decompress(file.read_bytes())))).encode()))

    return fault


def whole(**more: object) -> dict:
    return {"049/3": {"size": [SIZE, SIZE], "counts": [SIZE * SIZE], **more}}


@pytest.mark.parametrize(
    ("fault", "line"),
    [
        (lambda f: (f / "scores.csv").unlink(), r"scores\.csv: expected a table with .*, found No such file"),
        (lambda f: (f / "scan_scores.csv").unlink(), r"scan_scores\.csv: expected a table with .*, found No such file"),
        (formerly, r"masks\.json\.gz: expected masks by slice, found No such file"),
        (cell("scores.csv", 3, 7, "5"), r"subject 049: expected the reference_px of its delineation in the dataset"),
        (cell("scores.csv", 3, 6, "2001"), r"subject 049: expected overlap_px within area_px and reference_px"),
        (cell("scores.csv", 3, 6, "-1"), r"subject 049: expected overlap_px within area_px and reference_px"),
        (lambda f: (f / "masks.json.gz").write_bytes(b"no"), "expected masks by slice, found Not a gzip"),
        (lambda f: (f / "scores.csv").write_text(""), r"scores\.csv: expected a table"),
        (lines("scores.csv", lambda rows: rows[:1]), r"scores\.csv: expected predictions, found none"),
        (lines("scores.csv", lambda rows: [rows[0] + ",more", *rows[1:]]), "expected columns .*09, found .*more"),
        (lines("scores.csv", lambda rows: [*rows[:-1], rows[-1] + ",1"]), r"expected 13 cells in line 7, found 14"),
        (lines("scores.csv", lambda rows: rows[:-1]), "slices 1 to 3 of 050 in order, found 2 of them"),
        (lines("scores.csv", lambda rows: [*rows[:2], rows[3], rows[2], *rows[4:]]), r"slices 1 to 3 of 049 in order"),
        (lines("scores.csv", lambda rows: [r.replace("050", "051") for r in rows]), r"scan_scores\.csv: .* 050, 051"),
        (lines("scan_scores.csv", lambda rows: rows[:2]), r"scan_scores\.csv: .* in 050"),
        (lines("scan_scores.csv", lambda rows: [*rows, rows[1]]), r"scan_scores\.csv: .* in their order"),
        (cell("scores.csv", 1, 4, "0.5"), r"expected one threshold of 049, found"),
        (cell("scores.csv", 1, 3, "high"), r"expected numbers in the scores of 049, found .*'high'"),
        (cell("scores.csv", 1, 3, "nan"), r"expected probabilities of 049 in 0 to 1, found nan"),
        (cell("scan_scores.csv", 1, 2, "1.5"), r"expected probabilities of 049 in 0 to 1, found 1.5"),
        (cell("scores.csv", 3, 5, "7"), r"masks\.json\.gz: expected 7 pixels of 049/3 by scores\.csv, found 2000"),
        (masks(lambda _: {}), r"expected 2000 pixels of 049/3 by scores\.csv, found 0"),
        (masks(lambda m: {"049/4": m["049/3"]}), r"expected masks of the slices in scores\.csv, found one of '049/4'"),
        (masks(lambda m: {"077/1": m["049/3"]}), r"expected masks of the slices in scores\.csv, found one of '077/1'"),
        (masks(lambda _: []), r"expected masks by slice, found a list"),
        (masks(lambda _: whole(size=[2, 2], counts=[4])), r"expected 049/3 on 650 x 650 pixels, found 2 x 2"),
        (masks(lambda _: whole(counts=[5])), r"expected run lengths of 049/3, found expected runs of 422500"),
        (masks(lambda _: whole(counts=[-1, SIZE * SIZE + 1])), r"expected run lengths of 049/3, found"),
        (masks(lambda _: {"049/3": 5}), r"expected run lengths of 049/3, found"),
    ],
)  # fmt: skip
def test_incompatible_files_are_reported_in_one_line(
    folder: Path, dataset: CtIch, fault: Callable[[Path], object], line: str
) -> None:
    fault(folder)
    with pytest.raises(BadConfig, match=line) as caught:
        list(read_predictions(folder, dataset).values())
    assert "\n" not in str(caught.value)


def test_a_subject_that_is_not_in_the_dataset_is_refused(folder: Path, tmp_path: Path) -> None:
    other = CtIch(write_ct_ich(tmp_path / "other", {"049": 1}, n_slices=N))
    with pytest.raises(BadConfig, match=r"expected subjects of .*, found '050'"):
        read_predictions(folder, other)


@pytest.mark.parametrize("text", ["", "[]"])
def test_invalid_figures_are_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(BadConfig, match=re.escape("metrics.json: expected the figures of a run, found No such file")):
        read_metrics(tmp_path)
    (tmp_path / "metrics.json").write_text(text)
    with pytest.raises(BadConfig, match=r"metrics\.json: expected the figures of a run, found"):
        read_metrics(tmp_path)


@pytest.mark.parametrize("case", ["empty", "full", "ends in blood", "random"])
def test_run_lengths_are_cocos(case: str) -> None:
    mask = np.zeros((7, 5), bool)
    if case == "full":
        mask[:] = True
    elif case == "ends in blood":
        mask[3:, 4] = True
    elif case == "random":
        mask = np.random.default_rng(0).random((7, 5)) > 0.5
    encoded = run_lengths(mask)
    assert sum(encoded["counts"]) == mask.size
    assert np.array_equal(from_run_lengths(encoded), mask)
    # COCO's own rule, run by run: column-major, background first.
    value, flat = False, []
    for count in encoded["counts"]:
        flat += [value] * count
        value = not value
    assert flat == mask.T.ravel().tolist()
    if case == "full":
        assert encoded["counts"] == [0, 35]


def test_broken_run_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="expected runs of 4 pixels in all, found 3"):
        from_run_lengths({"size": [2, 2], "counts": [1, 2]})
