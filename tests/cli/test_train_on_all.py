"""The shipped model, as processes: five folds, then the recipe on all subjects but some, packed; and fine-tuning."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from ichor.cli import app
from ichor.dataset.ct_ich import CtIch
from ichor.dataset.ct_ich.folds import authors_fold
from ichor.errors import IchorError
from ichor.experiments.export import export_run
from ichor.methods import load_model
from ichor.methods.unet_slices.alone import slices_alone
from ichor.methods.unet_slices.calibrate import calibrated
from ichor.methods.unet_slices.method import UNetSlices
from ichor.methods.unet_slices.settings import Parameters
from ichor.models.package import DEFAULT_MODEL, read_config, verify, write_sums
from ichor.models.reference import REFERENCE
from ichor.models.verdict import VERDICT, read_verdict_rule, write_verdict_rule
from ichor.read import open_scan
from small_recipe import SMOKE
from synthetic_ct_ich import write_ct_ich
from verdict_rules import verdict_rule_of
from warm import ichor

pytestmark = pytest.mark.long

FOLDS = range(1, 6)
LEFT_OUT = ("080", "088")  # of the first test block


def write(file: Path, **training: object) -> Path:
    settings = {**SMOKE["settings"], "single_slices": True, "training": {**SMOKE["settings"]["training"], **training}}
    file.write_text(yaml.safe_dump({**SMOKE, "settings": settings}))
    return file


def refused(line: str, *words: object) -> None:
    """The command refuses in one line, for which `main` leaves with 2; without a process, which takes seconds."""
    with pytest.raises(IchorError) as caught:
        app([*map(str, words)], standalone_mode=False)
    assert line in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Data of two subjects a test block, one with hemorrhage; the config; and a run of all five folds."""
    folder = tmp_path_factory.mktemp("recipe")
    blocks = [LEFT_OUT, *(authors_fold(k).test for k in FOLDS[1:])]
    write_ct_ich(folder / "data", {s: n for block in blocks for s, n in zip(block, (2, 0), strict=False)}, n_slices=3)
    write(folder / "smoke.yaml")
    done = ichor("crossval", folder / "smoke.yaml", "--data", folder / "data", "--out", folder / "run")
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def on_all(folder: Path) -> list[object]:
    """The command that trains on all but two, which has been called."""
    where = ["--data", folder / "data", "--out", folder / "final", "--calibrate-on", folder / "run"]
    words = ["train", folder / "smoke.yaml", *where, *(w for s in LEFT_OUT for w in ("--all-but", s))]
    done = ichor(*words)
    assert done.returncode == 0, done.stderr
    assert "trained on all subjects but 080, 088" in done.stdout
    assert "not a medical device" in done.stdout
    assert "Dice" not in done.stdout  # nobody is left to report on
    return words


@pytest.fixture(scope="module")
def package(folder: Path, on_all: list[object]) -> Path:
    """What was trained on all but two, exported."""
    done = ichor("export", folder / "final", "--out", folder / "package", "--name", "made")
    assert done.returncode == 0, done.stderr
    return folder / "package"


def test_it_is_trained_on_all_but_the_excluded_and_calibrated_on_the_folds_raw_output(
    folder: Path, package: Path
) -> None:
    found = read_config(package)
    assert found.training is not None
    subjects = CtIch(folder / "data").subjects
    assert found.training.training_subjects == tuple(s for s in subjects if s not in LEFT_OUT)
    assert (found.training.left_out, found.training.fold) == (LEFT_OUT, None)
    assert not (*found.training.validation_subjects, *found.training.test_subjects)
    # Chosen on what each fold's model says of those it was tested on.
    evidence = []
    for k in FOLDS:
        model = UNetSlices.load(folder / f"run/fold-{k}/model")
        tested = [s for s in authors_fold(k, subjects).test if s not in LEFT_OUT]
        evidence += [model.calibration_evidence(case) for case in CtIch(folder / "data").cases(tested)]
    parameters = Parameters(**found.parameters)
    assert len(evidence) == 8
    assert parameters == calibrated(evidence, parameters.head_mm)
    scan = open_scan(folder / "data/Patients_CT/088")
    assert load_model(package).predict(scan).made_by.model == "made"


def test_its_thresholds_of_verdicts_are_those_of_the_five_folds(folder: Path, package: Path, tmp_path: Path) -> None:
    assert read_verdict_rule(package) == read_verdict_rule(folder / "run")
    assert (package / REFERENCE).read_bytes() == (folder / "run" / REFERENCE).read_bytes()
    final = shutil.copytree(folder / "final", tmp_path / "final")
    write_verdict_rule(final, verdict_rule_of(0.2, 0.5))
    export_run(final, tmp_path / "package")
    verify(tmp_path / "package")
    assert read_verdict_rule(tmp_path / "package") == verdict_rule_of(0.2, 0.5)
    assert f"  {VERDICT}\n" in (tmp_path / "package" / "SHA256SUMS").read_text()
    card = (tmp_path / "package" / "MODEL_CARD.md").read_text()
    assert "| hemorrhage possible | 0.20 | 95 % (85 to 99 %; 36 scans) | 60 % (50 to 70 %; 46 scans) |" in card


def test_each_test_slice_is_predicted_by_itself_with_the_parameters_for_single_slices(
    folder: Path, package: Path, tmp_path: Path
) -> None:
    assert Parameters(**read_config(package).parameters).single_slice is not None
    dataset = CtIch(folder / "data")
    with (folder / "run/scores.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 3 * len(dataset.subjects)
    model, case = load_model(folder / "run/fold-2/model"), dataset.case(authors_fold(2, dataset.subjects).test[0])
    found = [model.predict(one.scan) for one in slices_alone(case)]
    said = [row for row in rows if row["subject"] == case.subject]
    probabilities = [float(row["single_slice_probability"]) for row in said]
    assert probabilities == pytest.approx([one.scan_probability for one in found], rel=1e-5)
    assert [row["single_slice_marked"] == "1" for row in said] == [one.mask.any() for one in found]
    again = shutil.copytree(folder / "run", tmp_path / "run", ignore=shutil.ignore_patterns("networks", "fold-*"))
    done = ichor("evaluate", again, "--data", folder / "data")
    assert done.returncode == 0, done.stderr
    assert read_verdict_rule(again) == read_verdict_rule(folder / "run")


def test_its_figures_and_card_are_those_of_the_five_folds(folder: Path, package: Path) -> None:
    assert (package / "metrics.json").read_bytes() == (folder / "run/metrics.json").read_bytes()
    assert not (folder / "final/metrics.json").exists()
    card = " ".join((package / "MODEL_CARD.md").read_text().split())
    for text in (
        "trained on all subjects of data in the layout of ct-ich 1.0.0",
        "but 080, 088: 8 subjects.",
        "by `ichor train smoke.yaml --data ct-ich --out FINAL --calibrate-on RUN --all-but 080 --all-but 088`",
        "These metrics are not of this model",
        "It is calibrated on the out-of-fold output of the five models below",
        "| figure | this recipe |",
        "not a medical device",
    ):
        assert text in card
    assert str(folder) not in card


def test_it_is_not_trained_twice_and_stays_with_the_run_it_was_calibrated_on(
    folder: Path, on_all: list[object], tmp_path: Path
) -> None:
    final, run = tmp_path / "final", tmp_path / "run"
    shutil.copytree(folder / "final", final)
    shutil.copytree(folder / "run", run)
    shutil.rmtree(final / "all/model")  # as if it had been killed after the last epoch
    (final / "out-of-fold.json").unlink()
    refused("expected a finished run with out-of-fold.json", "export", final, "--out", tmp_path / "x")
    weights = (final / "all/weights.pt").stat().st_mtime_ns
    words = [{folder / "final": final, folder / "run": run}.get(word, word) for word in on_all]
    done = ichor(*words)
    assert done.returncode == 0, done.stderr
    assert "epoch" not in done.stderr
    assert (final / "all/weights.pt").stat().st_mtime_ns == weights
    parameters = [read_config(one / "all/model").parameters for one in (final, folder / "final")]
    assert parameters[0] == parameters[1]
    refused("expected a run with left out 080, found one with 080, 088", *words[:-2])
    file = run / "fold-2/model/config.yaml"
    as_it_was = file.read_text()
    file.write_text(as_it_was.replace("network: model.onnx", "network: model.int8.onnx"))
    refused("expected fold 2's network as it was reported on, model.onnx, found model.int8.onnx", *words)
    file.write_text(as_it_was)
    (run / "reported.json").write_text("{}")  # its folds were done anew
    refused("expected a run with calibrated on", *words)


def test_networks_are_shared_by_the_folds_that_test_on_what_they_did_not_see(folder: Path) -> None:
    run, data = folder / "run", CtIch(folder / "data")
    networks = ["1", "1-2", "1-5", "2", "2-3", "3", "3-4", "4", "4-5", "5"]
    assert sorted(one.name for one in (run / "networks").iterdir()) == networks
    made_by = json.loads((run / "metrics.json").read_text())["made_by"]
    seconds = [json.loads(f.read_text())["seconds"] for f in run.rglob("made_by.json")]
    assert len(seconds) == 15 and made_by["seconds"] == pytest.approx(sum(seconds), abs=0.1)
    for k in FOLDS:
        own = UNetSlices.load(run / f"fold-{k}/model")
        network = (run / f"networks/{k}/model/model.onnx").read_bytes()
        assert (run / f"fold-{k}/model/model.onnx").read_bytes() == network
        trained = read_config(run / f"fold-{k}/model").training
        assert trained is not None and not trained.validation_subjects
        assert {*trained.training_subjects, *trained.test_subjects} == {*data.subjects}
        evidence = []
        for j in ((k - 2) % 5 + 1, k % 5 + 1):
            a, b = sorted((k, j))
            other = UNetSlices.load(run / f"networks/{a}-{b}/model")
            evidence += [other.calibration_evidence(case) for case in data.cases(authors_fold(j, data.subjects).test)]
        assert own.parameters == calibrated(evidence, own.parameters.head_mm)


def test_one_fold_trains_its_networks_and_a_killed_one_is_finished(folder: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    words = ["train", folder / "smoke.yaml", "--data", folder / "data", "--out", run, "--fold", 3]
    done = ichor(*words)
    assert done.returncode == 0, done.stderr
    assert sorted(one.name for one in (run / "networks").iterdir()) == ["2-3", "3", "3-4"]
    shutil.rmtree(run / "fold-3")
    shutil.rmtree(run / "networks/2-3/model")
    (run / "metrics.json").unlink()
    done = ichor(*words)
    assert done.returncode == 0, done.stderr
    assert "epoch" not in done.stderr
    again, first = (read_config(one / "fold-3/model").parameters for one in (run, folder / "run"))
    assert again == first


def test_under_torchrun_the_same_networks_are_shared(folder: Path, tmp_path: Path) -> None:
    words = ["--standalone", "--nproc-per-node", "2", "-m", "ichor", "crossval", folder / "smoke.yaml"]
    at = ["--data", folder / "data", "--out", tmp_path / "two"]
    done = subprocess.run(
        [sys.executable, "-m", "torch.distributed.run", *map(str, [*words, *at, "--fold", 4, "--fold", 5])],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert len([*(tmp_path / "two/networks").iterdir()]) == 5
    assert json.loads((tmp_path / "two/metrics.json").read_text())["folds"] == [4, 5]


def test_a_recipe_that_cannot_be_cross_fitted_creates_no_folder(folder: Path, tmp_path: Path) -> None:
    best = write(tmp_path / "best.yaml", keep="best")
    words = ("--data", folder / "data", "--out", tmp_path / "x")
    refused("expected training.keep last and no patience", "crossval", best, *words)
    assert not (tmp_path / "x").exists()


def test_methods_that_cannot_be_trained_on_all_are_reported_in_one_line(folder: Path, tmp_path: Path) -> None:
    config, data, run = folder / "smoke.yaml", ("--data", folder / "data", "--out", tmp_path / "x"), folder / "run"
    other, best = write(tmp_path / "other.yaml", epochs=2), write(tmp_path / "best.yaml", keep="best", patience=3)
    more = write_ct_ich(tmp_path / "more", {"049": 1}, n_slices=2)
    half = tmp_path / "half"
    shutil.copytree(run, half, ignore=shutil.ignore_patterns("fold-*"))
    (half / "metrics.json").write_text(json.dumps({**json.loads((run / "metrics.json").read_text()), "folds": [1, 4]}))
    chosen, bad = ("--calibrate-on", run), ("--all-but", "059", "--all-but", "88")
    for line, words in (
        ("expected subjects of the dataset to leave out, found 059, 88", (config, *data, *chosen, *bad)),
        ("--all-but: expected --calibrate-on RUN with it", (config, *data, "--all-but", "088")),
        ("--calibrate-on: expected no --fold", (config, *data, *chosen, "--fold", "2")),
        ("expected a finished run of `ichor crossval`", (config, *data, "--calibrate-on", tmp_path)),
        ("expected a run of folds 1 to 5, found 1, 4", (config, *data, "--calibrate-on", half)),
        ("expected a run of smoke with the same settings", (other, *data, *chosen)),
        ("expected training.keep last and no patience", (best, *data, *chosen)),
        ("expected a method that can be trained on all subjects, found threshold", ("paper/threshold", *data, *chosen)),
        ("expected a run on data", (config, "--data", more, "--out", tmp_path / "x", *chosen)),
    ):
        refused(line, "train", *words)
        assert not (tmp_path / "x").exists()


def test_training_on_own_data_starts_from_the_package(folder: Path, package: Path, tmp_path: Path) -> None:
    """On other subjects than the package's, of another dataset."""
    subjects = dict.fromkeys((f"{n:03}" for n in range(1, 6)), 1)
    own = write_ct_ich(tmp_path / "own", subjects, n_slices=2)
    config = tmp_path / "mine.yaml"
    config.write_text(yaml.safe_dump({**SMOKE, "name": "mine", "cross_fitted": False, "folds": "stratified"}))
    words = ["train", config, "--data", own, "--out", tmp_path / "run"]
    done = ichor(*words, "--from", package)
    assert done.returncode == 0, done.stderr
    training = read_config(tmp_path / "run/fold-1/model").training
    assert training is not None and training.started_from is not None
    assert training.started_from.model == "made"
    assert training.started_from.training == read_config(package).training
    made_by = json.loads((tmp_path / "run/metrics.json").read_text())["made_by"]
    assert made_by["command"] == "ichor train mine.yaml --data ct-ich --out RUN --from package"

    assert ichor("export", tmp_path / "run", "--out", tmp_path / "tuned").returncode == 0
    card = " ".join((tmp_path / "tuned/MODEL_CARD.md").read_text().split())
    assert "Training started from the weights of made" in card and "The paper's column is of other data." in card
    # What it has seen is remembered through the packages that it comes from.
    at = ["--data", folder / "data", "--out", tmp_path / "x"]
    refused(
        "expected a package that was not trained on subjects to test",
        "train",
        folder / "smoke.yaml",
        *at,
        "--from",
        tmp_path / "tuned",
        "--fold",
        2,
    )
    refused("expected a run with started from none, found one with made", *words)


def test_refused_input_exits_with_2(folder: Path, package: Path, tmp_path: Path) -> None:
    at = ("--data", folder / "data", "--out", tmp_path / "x")
    done = ichor("crossval", folder / "smoke.yaml", *at, "--from", package)
    assert done.returncode == 2
    assert (
        "expected a package that was not trained on subjects to test or calibrate on, found one trained on"
        in done.stderr
    )
    assert done.stderr.count("\n") == 1


def test_an_incompatible_start_is_reported_in_one_line(folder: Path, package: Path, tmp_path: Path) -> None:
    config, data = folder / "smoke.yaml", ("--data", folder / "data", "--out", tmp_path / "x")
    with_head = write(tmp_path / "head.yaml", subtype_loss=0.25)
    nobody = tmp_path / "nobody"
    shutil.copytree(package, nobody)
    content = yaml.safe_load((nobody / "config.yaml").read_text())
    (nobody / "config.yaml").write_text(yaml.safe_dump({**content, "training": None}))
    write_sums(nobody)
    for line, words in (
        (f"expected a model package or one of {DEFAULT_MODEL}", (config, *data, "--from", "nothing")),
        ("skips concatenated, subtype head no, found widths [32,", (config, *data, "--from", DEFAULT_MODEL)),
        ("the network of smoke, subtype head yes, found subtype head no", (with_head, *data, "--from", package)),
        ("a package of the method threshold, found one of unet", ("paper/threshold", *data, "--from", package)),
        ("expected a package that lists its training subjects", (config, *data, "--from", nobody)),
        ("not trained on subjects to test or", (config, *data, "--from", package, "--fold", "2")),
    ):  # fmt: skip
        refused(line, "train", *words)
        assert not (tmp_path / "x").exists()
