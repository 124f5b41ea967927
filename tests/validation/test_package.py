"""A package that derives from the shipped one: same networks, other thresholds and calibration, and it says so."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from ichor.errors import BadConfig
from ichor.findings.verdict import tier_of
from ichor.methods.calibration import Calibration
from ichor.models.derived import read_derived
from ichor.models.package import DEFAULT_MODEL, find_package, read_config, verify, write_sums
from ichor.models.reference import read_reference
from ichor.models.verdict import Thresholds, read_verdict_rule, write_verdict_rule
from ichor.pages.card import write_card
from ichor.screening.inputs import content_sha256
from ichor.screening.screener import Screener
from ichor.validation.adjudication import Adjudications, adjudicate
from ichor.validation.cases import Validated
from ichor.validation.package import recalibrated_package
from ichor.validation.results import write_results
from ichor.validation.screening import model_of
from ichor.view.ruling import AskedRuling
from synthetic_scans import synthetic_head
from synthetic_truth import made_cases, made_validation
from verdict_rules import verdict_rule_of

CASES = made_cases(300, seed=9, shift=1.5)


def of_package(package: str | Path) -> Validated:
    """A validation of a package, with made results."""
    return made_validation(CASES).model_copy(update={"model": model_of(package, None)[1]})


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("packages") / "our-site"
    recalibrated_package(of_package(DEFAULT_MODEL), Adjudications(), DEFAULT_MODEL, out)
    return out


def test_a_derived_package_says_what_it_derives_from(package: Path) -> None:
    verify(package)
    derived, parent = read_derived(package), find_package(DEFAULT_MODEL)
    assert derived is not None and derived.parent.sha256 == content_sha256(parent)
    assert (derived.parent.model, read_config(package).model) == (DEFAULT_MODEL, "our-site")
    one = derived.recalibration
    assert (one.scans, one.patients, one.with_hemorrhage) == (300, 300, sum(bool(c.truth.hemorrhage) for c in CASES))
    card = (package / "MODEL_CARD.md").read_text()
    words = " ".join(card.split())
    assert f"our-site derives from {DEFAULT_MODEL} 0.1.0 (SHA-256 of its files {derived.parent.sha256})" in words
    assert "were fitted again on 300 scans of 300 patients" in words
    assert "Research use only; not a medical device." in card
    write_card(package)  # the same card again: the checksums still hold
    verify(package)


def test_only_thresholds_and_calibration_change(package: Path) -> None:
    parent = find_package(DEFAULT_MODEL)
    changed = {"config.yaml", "verdict.json", "scan_scores.csv", "derived.json", "MODEL_CARD.md", "SHA256SUMS"}
    for file in parent.iterdir():
        assert file.name in changed or file.read_bytes() == (package / file.name).read_bytes(), file.name
    assert {file.name for file in package.iterdir()} == {file.name for file in parent.iterdir()} | changed
    before, after = read_config(parent).parameters, read_config(package).parameters
    assert {name for name in after if after[name] != before.get(name)} == {"calibration"}
    assert {name: one for name, one in after["calibration"].items() if name != "scan"} == {
        name: one for name, one in before["calibration"].items() if name != "scan"
    }


def test_scans_get_the_recalibrated_probability_and_verdict(package: Path) -> None:
    derived, rule = read_derived(package), read_verdict_rule(package)
    assert derived is not None and rule is not None
    one = derived.recalibration
    old, new = Screener(DEFAULT_MODEL, threads=1), Screener(package, threads=1)
    for scan in (
        synthetic_head(size=64, pixel_mm=(3.2, 3.2)),
        synthetic_head(size=64, pixel_mm=(3.2, 3.2), blood_at_mm=None),
    ):
        before, after = (screener.screen(scan).findings for screener in (old, new))
        p = before.hemorrhage.probability
        expected = 1 / (1 + np.exp(-(one.slope * np.log(p / (1 - p)) + one.intercept)))
        assert after.hemorrhage.probability == pytest.approx(expected, abs=1e-4) and expected != pytest.approx(
            p, abs=0.01
        )
        assert after.tier is tier_of(after.hemorrhage.probability, after.hemorrhage.present, rule)
        assert after.method.model == "our-site"
        assert after.made_by.method_sha256 == content_sha256(package)
        assert [each.probability for each in after.slices] == [each.probability for each in before.slices]
        assert after.hemorrhage.volume_px == before.hemorrhage.volume_px


def test_thresholds_for_single_slices_call_the_same_as_before(tmp_path: Path) -> None:
    parent = shutil.copytree(find_package(DEFAULT_MODEL), tmp_path / "parent")
    higher, rule = verdict_rule_of(0.4, 0.7), read_verdict_rule(parent)
    assert rule is not None
    own = Thresholds(possible=higher.possible, suspected=higher.suspected)
    write_verdict_rule(parent, rule.model_copy(update={"single_slice": own}))
    write_sums(parent)
    recalibrated_package(of_package(parent), Adjudications(), parent, tmp_path / "site")
    after, derived = read_verdict_rule(tmp_path / "site"), read_derived(tmp_path / "site")
    assert after is not None and after.single_slice is not None and derived is not None
    calibration = Calibration(slope=derived.recalibration.slope, intercept=derived.recalibration.intercept)
    for one, threshold in ((after.single_slice.possible, 0.4), (after.single_slice.suspected, 0.7)):
        assert one.threshold == pytest.approx(float(calibration.apply(np.array(threshold))), abs=1e-6)
        assert one.threshold != threshold
    assert after.single_slice.possible.sensitivity == own.possible.sensitivity
    card = " ".join((tmp_path / "site" / "MODEL_CARD.md").read_text().split())
    assert "on each slice of the scans that the original model's recipe was tested on as a picture by itself" in card
    assert (
        f"| hemorrhage possible | {after.single_slice.possible.threshold:.2f} | 95 % (85 to 99 %; 36 slices) |" in card
    )


def test_the_reference_for_drift_is_that_of_the_site(package: Path) -> None:
    reference = read_reference(package)
    assert reference is not None and len(reference.probability) == 300
    flagged = np.array([one.found.flagged for one in CASES if one.found])
    assert np.array_equal(reference.flagged, flagged)
    with (package / "scan_scores.csv").open() as file:
        assert [row["subject"] for row in csv.DictReader(file)] == [str(k) for k in range(1, 301)]  # no names


def test_a_package_may_derive_from_a_derived_one(package: Path, tmp_path: Path) -> None:
    recalibrated_package(of_package(package), Adjudications(), package, tmp_path / "second")
    derived = read_derived(tmp_path / "second")
    assert derived is not None and derived.parent.model == "our-site"
    assert derived.parent.derived is not None and derived.parent.derived.parent.model == DEFAULT_MODEL
    assert f"which derives from {DEFAULT_MODEL}" in " ".join(
        (tmp_path / "second" / "MODEL_CARD.md").read_text().split()
    )


def test_the_truth_is_that_of_the_adjudication(tmp_path: Path) -> None:
    validated = of_package(DEFAULT_MODEL)
    case = next(one for one in CASES if one.truth.hemorrhage)
    ruled = adjudicate(tmp_path, case.scan, AskedRuling(ruling="wrong", hemorrhage=False, who="Ada", seen=0))
    recalibrated_package(validated, ruled, DEFAULT_MODEL, tmp_path / "site")
    derived = read_derived(tmp_path / "site")
    assert derived is not None
    assert derived.recalibration.with_hemorrhage == sum(bool(one.truth.hemorrhage) for one in CASES) - 1
    assert derived.recalibration.truth == "of the table, with 1 scan adjudicated"


def test_other_packages_and_folders_are_refused(package: Path, tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match="expected a folder that does not exist yet"):
        recalibrated_package(of_package(DEFAULT_MODEL), Adjudications(), DEFAULT_MODEL, package)
    with pytest.raises(BadConfig, match=rf"expected the package that was validated, {DEFAULT_MODEL} 0.1.0 .*--model"):
        recalibrated_package(of_package(DEFAULT_MODEL), Adjudications(), package, tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_the_command(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    write_results(tmp_path / "out", of_package(DEFAULT_MODEL))
    words = [sys.executable, "-m", "ichor", "recalibrate", str(tmp_path / "out"), "--out", str(tmp_path / "site")]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (
        done.stdout.splitlines()[0] == f"300 scans, {sum(bool(one.truth.hemorrhage) for one in CASES)} with hemorrhage"
    )
    assert "Research use only" in done.stdout
    results = json.loads((tmp_path / "out" / "validation.json").read_text())["recalibration"]
    rule = read_verdict_rule(tmp_path / "site")
    assert rule is not None and results["thresholds"]["suspected"] == rule.suspected.threshold
    again = subprocess.run(words, capture_output=True, text=True, check=False)
    assert again.returncode == 2 and "expected a folder that does not exist yet" in again.stderr


def test_too_few_scans_are_refused(tmp_path: Path) -> None:
    few = of_package(DEFAULT_MODEL).model_copy(update={"cases": CASES[:30]})
    with pytest.raises(BadConfig, match=r"truth.csv: expected at least 20 scans with and 20 without hemorrhage, found"):
        recalibrated_package(few, Adjudications(), DEFAULT_MODEL, tmp_path / "new")


def test_an_invalid_derived_json_is_refused(package: Path, tmp_path: Path) -> None:
    (tmp_path / "derived.json").write_text(json.dumps({"notice": "x"}))
    with pytest.raises(BadConfig, match=r"expected what the package derives from, found something else at parent"):
        read_derived(tmp_path)
