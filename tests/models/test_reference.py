"""scan_scores.csv of a package: that of its recipe, read as it is, and refused in one line where it is damaged."""

from __future__ import annotations

from pathlib import Path

import pytest

from ichor.errors import BadConfig
from ichor.models.package import DEFAULT_MODEL, SUMS, find_package, verify
from ichor.models.reference import REFERENCE, copy_reference, read_reference
from ichor.models.verdict import read_verdict_rule
from paths import ROOT

SHIPPED = find_package(DEFAULT_MODEL)


def test_the_shipped_package_has_the_verdict_of_its_recipe_under_its_checksums() -> None:
    assert (SHIPPED / REFERENCE).read_bytes() == (ROOT / "results" / DEFAULT_MODEL / REFERENCE).read_bytes()
    assert f"  {REFERENCE}\n" in (SHIPPED / SUMS).read_text()
    verify(SHIPPED)
    found, rule = read_reference(SHIPPED), read_verdict_rule(SHIPPED)
    assert found is not None and rule is not None
    n = rule.suspected.sensitivity.n + rule.suspected.specificity.n
    assert len(found.probability) == len(found.flagged) == n and 0 < found.flagged.sum() < n


def test_it_is_copied_and_removed(tmp_path: Path) -> None:
    assert read_reference(tmp_path) is None
    copy_reference(SHIPPED, tmp_path)
    assert read_reference(tmp_path) is not None
    (tmp_path / "empty").mkdir()
    copy_reference(tmp_path / "empty", tmp_path)
    assert not (tmp_path / REFERENCE).exists()


def test_a_detector_marks_nothing(tmp_path: Path) -> None:
    (tmp_path / REFERENCE).write_text("subject,fold,probability,volume_ml\n1,1,0.25,\n2,1,0.5,\n")
    found = read_reference(tmp_path)
    assert found is not None and list(found.probability) == [0.25, 0.5] and not found.flagged.any()


@pytest.mark.parametrize(
    "content",
    ["", "probability,volume_ml\n", "a,b\n1,2\n", "probability,volume_ml\nx,1\n", "probability,volume_ml\n2,1\n"],
)
def test_a_damaged_one_is_refused_in_one_line(tmp_path: Path, content: str) -> None:
    (tmp_path / REFERENCE).write_text(content)
    with pytest.raises(BadConfig, match="expected") as caught:
        read_reference(tmp_path)
    assert str(tmp_path / REFERENCE) in str(caught.value) and "\n" not in str(caught.value)
