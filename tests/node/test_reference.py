"""A node's drift from the scans of its own validation."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from ichor.errors import BadConfig, UnreadableInput
from ichor.findings.verdict import Tier
from ichor.models.package import DEFAULT_MODEL
from ichor.node.config import NodeConfig, read_config
from ichor.node.drift import report
from ichor.node.queue.queue import Queue
from ichor.node.queue.scores import Score
from ichor.node.reference import TESTED, reference_of
from ichor.node.run import Node
from ichor.validation.adjudication import adjudicate
from ichor.validation.cases import Validated
from ichor.validation.results import write_results
from ichor.validation.screening import model_of
from ichor.view.ruling import AskedRuling
from node_parts import write_config
from synthetic_truth import made_cases, made_validation

CASES = made_cases(150, seed=13)
PROBABILITY = np.array([one.found.probability for one in CASES if one.found])


def validated(operating_point: str | None = None) -> Validated:
    return made_validation(CASES).model_copy(update={"model": model_of(DEFAULT_MODEL, operating_point)[1]})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "validation").mkdir()
    write_results(tmp_path / "validation", validated())
    return tmp_path / "validation"


def config(reference: Path | None, **screening: object) -> NodeConfig:
    return NodeConfig.model_validate({"screening": {"model": DEFAULT_MODEL, "reference": reference, **screening}})


def test_results_are_compared_with_the_scans_of_the_validation(folder: Path) -> None:
    reference = reference_of(config(folder))
    assert reference is not None
    scores = [Score(1e9, "suspected" if p >= 0.5 else "none", float(p), 0, None) for p in PROBABILITY]
    same = report(DEFAULT_MODEL, reference, scores, 0)
    assert same.reference is not None and same.reference.n == 150
    assert same.reference.what == "scans of the node's own validation with truth.csv"
    assert same.reference.with_hemorrhage == sum(bool(one.truth.hemorrhage) for one in CASES)
    assert same.whole.p_positives == pytest.approx(1) and not same.whole.differs
    low = [Score(1e9, "none", 0.01, 0, None) for _ in range(60)]
    other = report(DEFAULT_MODEL, reference, low, 0).whole
    assert other.p_probabilities == pytest.approx(stats.ks_2samp(np.full(60, 0.01), PROBABILITY).pvalue)
    positive = int((PROBABILITY >= 0.5).sum())
    assert other.p_positives == pytest.approx(stats.fisher_exact([[0, 60], [positive, 150 - positive]]).pvalue)
    assert other.differs


def test_the_corrected_truth_counts(folder: Path) -> None:
    before = reference_of(config(folder))
    case = next(one for one in CASES if one.truth.hemorrhage and one.found and one.found.tier is not Tier.SUSPECTED)
    adjudicate(folder, case.scan, AskedRuling(ruling="wrong", hemorrhage=False, who="Ada", seen=0))
    after = reference_of(config(folder))
    assert before is not None and before.with_hemorrhage is not None and after is not None
    assert after.with_hemorrhage == before.with_hemorrhage - 1
    assert np.array_equal(after.scans.probability, before.scans.probability)


def test_without_a_validation_the_reference_is_the_models_test_data() -> None:
    found = reference_of(config(None))
    assert found is not None and found.what == TESTED and found.with_hemorrhage == 36


def test_validations_of_another_package_or_operating_point_are_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(UnreadableInput, match="expected a validation"):
        reference_of(config(tmp_path))
    write_results(folder, validated("triage"))
    with pytest.raises(BadConfig, match="expected a validation at the operating point balanced, found one at triage"):
        reference_of(config(folder))
    assert reference_of(config(folder, operating_point="triage")) is not None
    write_results(folder, made_validation(CASES))
    with pytest.raises(
        BadConfig, match=f"expected a validation of {DEFAULT_MODEL}, found one of made 1, another package"
    ):
        reference_of(config(folder))


def test_a_node_with_a_wrong_reference_does_not_start(tmp_path: Path) -> None:
    write_config(tmp_path, screening={"model": DEFAULT_MODEL, "reference": "none"})
    with pytest.raises(UnreadableInput, match="expected a validation"), Node(tmp_path, read_config(tmp_path)):
        pass


def test_the_command_names_the_reference(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "node").mkdir()
    write_config(tmp_path / "node", screening={"model": DEFAULT_MODEL, "reference": "../validation"})
    with Queue(tmp_path / "node"):
        pass
    command = [sys.executable, "-m", "ichor", "node", "drift", str(tmp_path / "node")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Reference: scans of the node's own validation with truth.csv." in done.stdout
    assert "reference  150" in done.stdout
