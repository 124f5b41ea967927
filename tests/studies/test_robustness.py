"""The robustness study, as a process on a synthetic dataset and an untrained network: resumed, and with bad input."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from ichor.dataset.ct_ich import CtIch
from studies.robustness import predictions
from studies.robustness.conditions import CONDITIONS
from studies.robustness.page import page as written
from study import study
from synthetic_ct_ich import write_ct_ich_nifti
from untrained_package import write_untrained_run

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_ct_ich_nifti(tmp_path_factory.mktemp("made") / "ct-ich", {"051": 1, "052": 0}, n_slices=3)


@pytest.fixture(scope="module")
def run(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_untrained_run(tmp_path_factory.mktemp("runs") / "run", data)


def robustness(*words: object) -> CompletedProcess[str]:
    return study("robustness", *words)


def test_every_condition_has_a_row(run: Path, data: Path, tmp_path: Path) -> None:
    done = robustness(run, "--data", data, "--out", tmp_path / "one", "--fold", 2)
    assert done.returncode == 0, done.stderr
    assert "[2/2] fold 2, subject 052" in done.stderr
    found = json.loads((tmp_path / "one" / "robustness.json").read_text())
    assert (found["experiment"], found["folds"], found["data"]["n_subjects"]) == ("untrained", [2], 2)
    assert list(found["conditions"]) == [c.key for c in CONDITIONS]
    for row in found["conditions"].values():
        assert (row["dice"]["n"], row["scan_auc"]["n"]) == (1, 2)
    assert {key: row["slice_auc"]["n"] for key, row in found["conditions"].items() if "thickness" in key} == {
        "thickness-1": 30,
        "thickness-2.5": 12,
        "thickness-7": 6,
        "thickness-10": 4,
    }
    assert found["conditions"]["noise-20"]["noise_hu"]["value"] > found["conditions"]["unchanged"]["noise_hu"]["value"]
    page = (tmp_path / "one" / "README.md").read_text()
    assert done.stdout.strip() == page.strip()
    assert all(f"| {c.title} |" in page for c in CONDITIONS)
    assert "| under 18 | 0, 0 with a Dice | 0 | not defined |" in page
    assert "not a medical device" in page
    assert str(data) not in page + json.dumps(found)
    assert "The model was trained on simulations" not in page
    assert "The model was trained on simulations" in written({**found, "trained_on_such": True})
    assert found["made_by"]["command"].endswith("--out results/robustness --fold 2")


def test_the_page_compares_with_an_earlier_model(run: Path, data: Path, tmp_path: Path) -> None:
    """Reuses the stored rows of the test above."""
    file = tmp_path / "before.json"
    figures = {name: {"value": value} for name, value in (("dice", 0.123), ("slice_auc", 0.9), ("scan_auc", None))}
    before = {"experiment": "earlier", "conditions": {"unchanged": figures}}
    file.write_text(json.dumps({**before, "data": {"fingerprint": CtIch(data).fingerprint}}))
    words = (run, "--data", data, "--out", tmp_path / "out", "--fold", 2, "--before", file)
    done = robustness(*words)
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "out" / "robustness.json").read_text())
    assert found["before"] == before
    now = found["conditions"]["unchanged"]
    cells = [f"{now[name]['value']:.3f}" for name in ("dice", "slice_auc", "scan_auc")]
    row = f"| unchanged | 0.123 | {cells[0]} | 0.900 | {cells[1]} | not defined | {cells[2]} |  |"
    assert row in (tmp_path / "out" / "README.md").read_text()

    for text, line in (
        (json.dumps({**before, "data": {"fingerprint": "other"}}), "expected a result on data"),
        ("{}", "expected the robustness.json of an earlier model, found none"),
    ):
        file.write_text(text)
        done = robustness(*words)
        assert done.returncode == 2
        assert line in done.stderr
        assert done.stderr.count("\n") == 1


def test_stored_rows_are_not_computed_again_unless_the_model_changes(
    run: Path, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(predictions, "CONDITIONS", CONDITIONS[:1])
    model = run / "fold-2" / "model"
    method, dataset, file = predictions.load_model(model), CtIch(data), tmp_path / "kept" / "051.json"
    first = predictions.rows_of_subject(method, dataset, "051", file, "one")
    before = file.stat().st_mtime_ns
    assert predictions.rows_of_subject(method, dataset, "051", file, "one") == first
    assert file.stat().st_mtime_ns == before

    # As if it had been interrupted after the first condition; a changed value shows whether the stored row is used.
    kept = json.loads(file.read_text())
    kept["conditions"]["unchanged"]["noise_hu"] = 99.0
    file.write_text(json.dumps(kept))
    monkeypatch.setattr(predictions, "CONDITIONS", CONDITIONS[:1] + CONDITIONS[-1:])
    rows = predictions.rows_of_subject(method, dataset, "051", file, "one")
    assert rows["unchanged"]["noise_hu"] == 99.0
    assert rows.keys() == {"unchanged", CONDITIONS[-1].key}
    assert predictions.rows_of_subject(method, dataset, "051", file, "other")["unchanged"] == first["unchanged"]

    shutil.copytree(model, tmp_path / "model")
    assert predictions.content_sha256(tmp_path / "model") == predictions.content_sha256(model)
    (tmp_path / "model" / "config.yaml").write_text("other")
    assert predictions.content_sha256(tmp_path / "model") != predictions.content_sha256(model)


def test_a_run_that_does_not_fit_is_refused_in_one_line(run: Path, data: Path, tmp_path: Path) -> None:
    alien = write_ct_ich_nifti(tmp_path / "alien", {"051": 0}, n_slices=1)
    for words, line in (
        (
            [tmp_path, "--data", data],
            "expected a run of `ichor crossval` with a model of fold 1, 2, 3, 4, 5, found none",
        ),
        ([run, "--data", data, "--fold", 1, "--fold", 2], "with a model of fold 1, found none"),
        ([run, "--data", alien], "expected a model trained on data"),
        ([run, "--data", tmp_path], "expected a dataset in a layout"),
    ):
        done = robustness(*words, "--out", tmp_path / "out")
        assert done.returncode == 2
        assert line in done.stderr
        assert done.stderr.count("\n") == 1
        assert not (tmp_path / "out").exists()
