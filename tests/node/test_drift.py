"""Drift of a node's results: counted right from its queue, tested against what the package ships, and said plainly."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from ichor.evaluate.drift import FEWEST
from ichor.models.package import DEFAULT_MODEL, find_package
from ichor.models.reference import REFERENCE, read_reference
from ichor.models.verdict import read_verdict_rule
from ichor.node.drift import DriftReport, drift_of, report
from ichor.node.people import Role
from ichor.node.queue.analysis import Summary
from ichor.node.queue.queue import Queue
from ichor.node.queue.scores import Score
from ichor.node.queue.studies import Instance
from ichor.node.reference import of_package
from ichor.screening.inputs import content_sha256
from node_parts import write_config
from web_parts import web_parts

SHIPPED = find_package(DEFAULT_MODEL)
MONDAY = datetime(2026, 3, 2, tzinfo=UTC).timestamp()
WEEK_S = 7 * 24 * 3600


def report_on(package: Path, scores: list[Score], others: int) -> DriftReport:
    """Against the scans that the package was tested on."""
    return report(package.name, of_package(package), scores, others)


def verdict_of(probability: float) -> str:
    rule = read_verdict_rule(SHIPPED)
    assert rule is not None
    return "suspected" if probability >= rule.suspected.threshold else "none"


def score(probability: float, week: int = 0, warnings: int = 0, decision: str | None = None) -> Score:
    return Score(MONDAY + week * WEEK_S + 60, verdict_of(probability), probability, warnings, decision)


def reference_scores(week: int = 0) -> list[Score]:
    """Scans with the probabilities of the reference."""
    found = read_reference(SHIPPED)
    assert found is not None
    return [score(float(p), week) for p in found.probability]


def test_scans_like_the_reference_do_not_differ_and_others_do() -> None:
    low = [score(0.01, week=1) for _ in range(50)]
    found = report_on(SHIPPED, [*reference_scores(), *low], 0)
    same, other = found.weeks
    assert [one.week for one in found.weeks] == ["2026-W10", "2026-W11"] and not same.differs and other.differs
    assert same.p_probabilities == pytest.approx(1) and same.p_positives == pytest.approx(1)
    reference = read_reference(SHIPPED)
    assert reference is not None and found.reference is not None
    positive = int((reference.probability >= read_verdict_rule(SHIPPED).suspected.threshold).sum())  # type: ignore[union-attr]
    assert found.reference.positives.value == pytest.approx(positive / 82) and found.reference.n == 82
    table = [[0, 50], [positive, 82 - positive]]
    assert other.p_positives == pytest.approx(stats.fisher_exact(table).pvalue)
    expected = stats.ks_2samp(np.full(50, 0.01), reference.probability).pvalue
    assert other.p_probabilities == pytest.approx(expected)
    assert found.level == pytest.approx(0.05 / 6)  # two tests of two weeks and of all


def test_counts_and_shares_of_a_week() -> None:
    decisions = ["accept", "accept", "reject", "correct", None]
    scores = [score(0.9, warnings=k, decision=one) for k, one in enumerate(decisions)]
    (week,) = report_on(SHIPPED, scores, 0).weeks
    assert (week.n, week.positives.value, week.mean_probability.value) == (5, 1.0, pytest.approx(0.9))
    assert week.warned.value == 0.8 and (week.rejected.value, week.rejected.n) == (0.5, 4)
    assert week.positives.ci95 == pytest.approx((0.025 ** (1 / 5), 1.0))
    assert (week.p_positives, week.p_probabilities, week.differs) == (None, None, False)


def test_too_few_scans_another_prevalence_and_left_out_results_are_said() -> None:
    said = " ".join(report_on(SHIPPED, [score(0.9)], 3).statements)
    assert f"too few scans for a test: 1, and a test needs {FEWEST}" in said
    assert "3 results are left out" in said and "36 of the 82 scans" in said
    nothing = report_on(SHIPPED, [], 0)
    assert nothing.weeks == () and nothing.whole.n == 0 and nothing.whole.positives.value is None


def test_what_no_prevalence_explains_is_said() -> None:
    every = report_on(SHIPPED, [score(0.99) for _ in range(200)], 0)
    assert "no prevalence explains it" in every.statements[-1]
    some = report_on(SHIPPED, [score(0.99 if k % 4 else 0.01) for k in range(200)], 0)
    assert "no prevalence explains it" not in some.statements[-1]


def test_a_package_without_reference_is_said(tmp_path: Path) -> None:
    package = shutil.copytree(SHIPPED, tmp_path / "package")
    (package / REFERENCE).unlink()
    found = report_on(package, [score(0.9) for _ in range(30)], 0)
    assert found.reference is None and found.whole.p_positives is None and found.whole.positives.value == 1
    assert "no reference to compare with" in found.statements[-1]


def fill(queue: Queue, probabilities: list[float], method: str | None) -> None:
    """Studies with results of a package."""
    for k, probability in enumerate(probabilities):
        queue.studies.receive(Instance(f"{method}{k}".ljust(64, "0")[-64:], f"{k:064d}", "c" * 64, "1.2", 1), 0)
        queue.studies.complete_quiet(0)
        analysis = queue.analyses.next()
        assert analysis is not None
        summary = Summary(probability, None, 0)
        queue.analyses.done(analysis, verdict_of(probability), [], method=method, summary=summary)


def test_the_last_result_of_each_study_counts_if_the_model_gave_it(tmp_path: Path) -> None:
    write_config(tmp_path, screening={"model": DEFAULT_MODEL})
    with Queue(tmp_path) as queue:
        fill(queue, [0.9, 0.1], content_sha256(SHIPPED))
        fill(queue, [0.9], "another")
        (first,) = queue._database.rows("SELECT key FROM study ORDER BY id LIMIT 1")
        queue.studies.receive(Instance(first["key"], "f" * 64, "d" * 64, "1.2", 1), 0)
        queue.studies.complete_quiet(0)
        analysis = queue.analyses.next()
        assert analysis is not None and analysis.replaces == 1
        summary = Summary(0.2, None, 1)
        queue.analyses.done(analysis, "none", [], method=content_sha256(SHIPPED), summary=summary)
    command = [sys.executable, "-m", "ichor", "node", "drift", str(tmp_path)]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "Research use only" in text and "too few scans" in text and "1 result is left out" in text
    found = json.loads(subprocess.run([*command, "--json"], capture_output=True, text=True, check=True).stdout)
    assert found["whole"]["n"] == 2 and found["whole"]["positives"]["value"] == 0
    assert (
        found["whole"]["mean_probability"]["value"] == pytest.approx(0.15) and found["whole"]["warned"]["value"] == 0.5
    )


def test_old_results_and_strangers_are_left_out(tmp_path: Path) -> None:
    with web_parts(tmp_path / "node") as web:
        fill(web.queue, [0.9], content_sha256(SHIPPED))
        assert web.stranger().get("/api/drift").status_code == 401
        found = web.program(Role.VIEWER).get("/api/drift").json()
        assert found["whole"]["n"] == 1 and found["model"] == DEFAULT_MODEL
        later = datetime.now(UTC).timestamp() + 27 * WEEK_S
        assert drift_of(web.queue, web.services.config, now=later).whole.n == 0
