"""A method of another package, found by its entry point."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from outside import ichor
from paths import DEMO
from synthetic_ct_ich import write_ct_ich
from synthetic_methods import SEGMENTS, install_methods

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for PYTHONPATH that holds the other package as pip would install it."""
    return install_methods(tmp_path_factory.mktemp("site"))


@pytest.fixture(scope="module")
def package(installed: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its model, from a config over a run of all folds to a package."""
    folder = tmp_path_factory.mktemp("work")
    subjects = {"051": 1, "052": 0, "066": 2, "067": 0, "081": 1, "083": 0, "096": 2, "097": 0, "111": 1, "112": 0}
    data = write_ct_ich(folder / "data", subjects, n_slices=3)
    (folder / "mine.yaml").write_text(yaml.safe_dump({"name": "mine", "method": SEGMENTS, "folds": "stratified"}))
    said = ichor(installed, "crossval", folder / "mine.yaml", "--data", data, "--out", folder / "run")
    assert "not a medical device" in said
    ichor(installed, "evaluate", folder / "run", "--data", data)
    ichor(installed, "results", folder / "run", "--out", folder / "pages")
    ichor(installed, "train", folder / "mine.yaml", "--data", data, "--out", folder / "one")
    ichor(installed, "export", folder / "one", "--out", folder / "package")
    return folder / "package"


def test_it_is_cross_validated(package: Path) -> None:
    metrics = json.loads((package.parent / "run" / "metrics.json").read_text())
    assert metrics["data"]["n_subjects"] == 10
    assert metrics["slice"]["auc"]["value"] > 0.9  # the made blood is dense
    assert metrics["scan"]["auc"]["value"] > 0.9
    assert metrics["dice"]["pooled"]["value"] > 0.3
    page = (package.parent / "run" / "README.md").read_text()
    assert "AUC" in page
    assert "(../run/README.md)" in (package.parent / "pages" / "README.md").read_text()


def test_it_screens(package: Path, installed: Path, tmp_path: Path) -> None:
    ichor(installed, "screen", DEMO, "--out", tmp_path / "out", "--model", package)
    (findings,) = (tmp_path / "out").glob("*/findings.json")
    found = json.loads(findings.read_text())
    assert found["method"]["name"] == SEGMENTS
    assert found["method"]["model"] == "mine"
    assert found["hemorrhage"]["volume_px"] > 0
    assert 0 < found["hemorrhage"]["probability"] < 1
    assert (findings.parent / "mask.nii.gz").exists()
    assert "not a medical device" in (findings.parent / "report.html").read_text()


def test_missing_abilities_are_reported_in_one_line(package: Path, installed: Path, tmp_path: Path) -> None:
    data = package.parent / "data"
    cross = {"name": "mine", "method": SEGMENTS, "folds": "stratified", "cross_fitted": True}
    (tmp_path / "cross.yaml").write_text(yaml.safe_dump(cross))
    said = ichor(
        installed, "crossval", tmp_path / "cross.yaml", "--data", data, "--out", tmp_path / "x", expected=2
    ).strip()
    assert said.endswith("expected a method that can be cross-fitted, found dense-voxels, which cannot")
    said = ichor(installed, "quantize", package, "--data", data, expected=2)
    assert "expected a method that can be quantized, found dense-voxels, which cannot" in said
    point = ("screen", DEMO, "--out", tmp_path / "y", "--model", package, "--operating-point", "triage")
    assert "operating point" in ichor(installed, *point, expected=2)


def test_without_that_package_the_method_is_not_known(package: Path, tmp_path: Path) -> None:
    said = ichor(tmp_path, "screen", DEMO, "--out", tmp_path / "out", "--model", package, expected=2)
    assert "expected a method among " in said and "found 'dense-voxels'" in said


def test_a_broken_entry_point_is_reported_in_one_line(package: Path, tmp_path: Path) -> None:
    install_methods(tmp_path / "site", "import no_such_library_at_all\n")
    said = ichor(tmp_path / "site", "screen", DEMO, "--out", tmp_path / "o", "--model", package, expected=2)
    assert f"{SEGMENTS}: expected the method at dense_methods:DenseVoxels" in said and "Traceback" not in said
