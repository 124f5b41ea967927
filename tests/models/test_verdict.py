"""verdict.json: read, refused in one line where it is damaged, and what the shipped package has."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from ichor.dataset.ct_ich import CtIch
from ichor.errors import BadConfig
from ichor.models.package import DEFAULT_MODEL, SUMS, find_package, verify, write_sums
from ichor.models.verdict import VERDICT, Thresholds, read_verdict_rule, write_verdict_rule
from ichor.screening.screener import Screener
from paths import ROOT
from verdict_rules import verdict_rule_of

SHIPPED = find_package(DEFAULT_MODEL)


def test_it_is_read_as_it_was_written_and_none_removes_it(tmp_path: Path) -> None:
    assert read_verdict_rule(tmp_path) is None
    write_verdict_rule(tmp_path, verdict_rule_of(0.2, 0.5))
    assert read_verdict_rule(tmp_path) == verdict_rule_of(0.2, 0.5)
    higher = verdict_rule_of(0.4, 0.7)
    own = Thresholds(possible=higher.possible, suspected=higher.suspected)
    with_own = verdict_rule_of(0.2, 0.5).model_copy(update={"single_slice": own})
    write_verdict_rule(tmp_path, with_own)
    assert read_verdict_rule(tmp_path) == with_own
    write_verdict_rule(tmp_path, None)
    assert not (tmp_path / VERDICT).exists()


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"possible": 0.2, "suspected": 0.5}', "\udcff"])
def test_a_damaged_one_is_refused_in_one_line(tmp_path: Path, content: str) -> None:
    (tmp_path / VERDICT).write_bytes(content.encode(errors="surrogateescape"))
    with pytest.raises(BadConfig) as caught:
        read_verdict_rule(tmp_path)
    assert str(tmp_path / VERDICT) in str(caught.value) and "\n" not in str(caught.value)


def test_thresholds_out_of_order_are_refused(tmp_path: Path) -> None:
    said = json.loads((SHIPPED / VERDICT).read_text())
    (tmp_path / VERDICT).write_text(json.dumps({"possible": said["suspected"], "suspected": said["possible"]}))
    with pytest.raises(BadConfig, match="at or above"):
        read_verdict_rule(tmp_path)


def test_the_shipped_package_has_the_verdict_of_its_recipe_under_its_checksums() -> None:
    assert (SHIPPED / VERDICT).read_bytes() == (ROOT / "results" / DEFAULT_MODEL / VERDICT).read_bytes()
    assert f"  {VERDICT}\n" in (SHIPPED / SUMS).read_text()
    verify(SHIPPED)


def test_the_shipped_thresholds_are_those_of_the_committed_scores(ct_ich: Path) -> None:
    rule, dataset = read_verdict_rule(SHIPPED), CtIch(ct_ich)
    assert rule is not None
    with (ROOT / "results" / DEFAULT_MODEL / "scan_scores.csv").open() as file:
        rows = list(csv.DictReader(file))
    truth = np.array([dataset.labels[row["subject"]].any() for row in rows])
    probability = np.array([float(row["probability"]) for row in rows])
    assert (rule.possible.sensitivity.n, rule.possible.specificity.n) == (truth.sum(), (~truth).sum())
    assert (probability[truth] >= rule.possible.threshold).mean() >= 0.97
    assert (probability[~truth] < rule.suspected.threshold).mean() >= 0.9


def test_a_package_without_it_still_screens(tmp_path: Path) -> None:
    package = shutil.copytree(SHIPPED, tmp_path / "package")
    (package / VERDICT).unlink()
    write_sums(package)
    verdict = Screener(package).screen(ROOT / "examples/demo-scan").findings.verdict
    assert verdict is not None
    assert (verdict.tier, verdict.possible, verdict.suspected) == ("suspected", None, None)
