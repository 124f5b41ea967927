"""Which results are listed, in which order, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from ichor.errors import UnreadableInput
from ichor.screening.summary import row_of, write_summary
from ichor.view.results import find_results
from ichor.view.summaries import details, row
from synthetic_scans import DetectorMethod, ThresholdMethod
from view.result_files import write_result


def test_the_most_urgent_come_first_and_what_failed_last(tmp_path: Path) -> None:
    out = tmp_path / "out"
    write_result(out, "none", blood_at_mm=None)
    write_result(out, "small", blood_radii_mm=(10.0, 10.0, 20.0))
    write_result(out, "large")
    (out / "damaged").mkdir()
    (out / "damaged" / "findings.json").write_text('{"scan": "DOE^JANE"}')
    write_summary(out / "summary.csv", [row_of("broken", "failed", None, reason="broken: expected a head CT")])
    found = find_results([out])
    assert [one.name for one in found[:3]] == ["large", "small", "none"]
    failed = {one.name: one.reason for one in found[3:]}
    assert failed["broken"] == "broken: expected a head CT"
    assert "expected findings of Ichor" in failed["damaged"] and "DOE" not in failed["damaged"]
    assert [one.name for one in find_results([out / "small", out, out / "small"])] == [one.name for one in found]
    assert row(0, found[0])["volume_ml"] == details(0, found[0])["volume_ml"] > 0


@pytest.mark.parametrize("made", ["nothing", "file", "empty"])
def test_a_path_without_results_is_reported_in_one_line(tmp_path: Path, made: str) -> None:
    path = tmp_path / "here"
    if made == "file":
        path.write_text("x")
    if made == "empty":
        path.mkdir()
    with pytest.raises(UnreadableInput, match="expected results of ichor screen") as raised:
        find_results([path])
    assert str(path) in str(raised.value) and "\n" not in str(raised.value)


def test_titles_of_lesions_with_and_without_subtypes(tmp_path: Path) -> None:
    write_result(tmp_path / "out", "told")
    write_result(tmp_path / "out", "untold", method=ThresholdMethod())
    write_result(tmp_path / "out", "detected", method=DetectorMethod(), outputs=None)
    found = {one.name: details(0, one) for one in find_results([tmp_path / "out"])}
    (lesion,) = found["told"]["lesions"]
    assert lesion["subtype"] in lesion["title"] and lesion["title"] in ("IPH or SDH", "SDH or IPH", "IPH", "SDH")
    (lesion,) = found["untold"]["lesions"]
    assert lesion["title"] == "hemorrhage" and [one["name"] for one in found["untold"]["colours"]] == ["ICH"]
    assert found["detected"]["lesions"] == [] and not found["detected"]["segments"]


def test_two_close_subtypes_are_both_named(tmp_path: Path) -> None:
    folder = write_result(tmp_path / "out", n=12, blood_at_mm=(38.0, 10.0, 30.0), blood_radii_mm=(16.0, 24.0, 15.0))
    (one,) = find_results([folder])
    (lesion,) = details(0, one)["lesions"]
    assert lesion["title"] == "SDH"  # 0.8 against 0.3
    folder = write_result(tmp_path / "out", n=12, blood_at_mm=(38.0, 10.0, 55.0), blood_radii_mm=(16.0, 24.0, 30.0))
    (one,) = find_results([folder])
    (lesion,) = details(0, one)["lesions"]
    assert " or " in lesion["title"]  # it reaches over both halves
