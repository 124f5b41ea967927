"""The folder of a result: which outputs it has, what is refused, and what is never replaced."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ichor.errors import BadConfig, IchorError
from ichor.screening.screener import Screener
from ichor.write import registry
from ichor.write.findings_json import FindingsJson
from ichor.write.folder import is_foreign, read_findings
from ichor.write.nifti import Mask
from ichor.write.registry import DEFAULT, OUTPUTS, outputs_of
from ichor.write.result import Result
from synthetic_scans import DetectorMethod, ThresholdMethod, synthetic_head


@pytest.fixture(scope="module")
def result() -> Result:
    return Screener.of(ThresholdMethod()).screen(synthetic_head(n=8, size=64))


def names(folder: Path) -> set[str]:
    return {one.name for one in folder.iterdir()}


def test_the_default_ones_are_written_where_none_are_asked_for(result: Result, tmp_path: Path) -> None:
    assert names(result.save(tmp_path / "a")) == {"report.html", "mask.nii.gz", "findings.json"}
    detected = Screener.of(DetectorMethod()).screen(result.scan)
    assert names(detected.save(str(tmp_path / "b"))) == {"report.html", "findings.json"}


def test_findings_are_written_last_and_say_how_long_writing_took(
    result: Result, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there: list[set[str]] = []
    findings_json = type(outputs_of([])[0])
    write = findings_json.write
    monkeypatch.setattr(
        findings_json, "write", lambda self, result, folder: (there.append(names(folder)), write(self, result, folder))
    )
    folder = result.save(tmp_path / "out", ["json", "report", "json"])
    assert there == [{"report.html"}]
    written = read_findings(folder)
    assert written is not None
    assert written.timing_s.write > result.findings.timing_s.write
    timing = result.findings.timing_s
    assert written == result.findings.with_writing_s(written.timing_s.write - timing.write)


def test_an_earlier_result_is_replaced_whole(result: Result, tmp_path: Path) -> None:
    result.save(tmp_path / "out", ["report", "probability"])
    assert names(result.save(tmp_path / "out", ["nifti"])) == {"mask.nii.gz", "findings.json"}


def test_only_results_and_empty_folders_are_replaced(result: Result, tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "thesis.txt").write_text("all of it")
    (tmp_path / "file").write_text("one")
    for place in (tmp_path / "kept", tmp_path / "file"):
        assert is_foreign(place)
        with pytest.raises(IchorError, match="expected an earlier result or nothing, found something else; it is kept"):
            result.save(place)
    assert (tmp_path / "kept" / "thesis.txt").read_text() == "all of it"
    (tmp_path / "empty").mkdir()
    assert "report.html" in names(result.save(tmp_path / "empty"))


def test_an_unknown_output_is_reported_in_one_line_that_names_the_known_ones(result: Result, tmp_path: Path) -> None:
    expected = f"^expected an output among {', '.join(OUTPUTS)}, found 'jpeg'$"
    with pytest.raises(BadConfig, match=expected):
        result.save(tmp_path / "out", ["report", "jpeg"])
    assert list(tmp_path.iterdir()) == []


class Other(Mask):
    """Of the same file."""

    name = "other"


def test_two_outputs_with_one_file_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    known = {"nifti": Mask(), "other": Other(), "json": FindingsJson()}
    monkeypatch.setattr(registry, "get", known.__getitem__)
    expected = "^expected outputs with different files, found mask.nii.gz in both nifti and other$"
    with pytest.raises(BadConfig, match=expected):
        registry.outputs_of(["nifti", "other"])


def test_an_invalid_output_is_reported_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(registry.OUTPUTS, "path", "pathlib:Path")
    with pytest.raises(
        BadConfig, match=r"^path: expected an output of that name, found PosixPath, which is not an output$"
    ):
        registry.get("path")


def test_the_default_outputs_are_registered_and_in_the_order_of_the_documents() -> None:
    assert list(registry.OUTPUTS)[: len(DEFAULT)] == list(DEFAULT)


def test_results_in_memory_are_not_results_of_a_batch(result: Result, tmp_path: Path) -> None:
    folder = result.save(tmp_path / "out", [])
    said = json.loads((folder / "findings.json").read_text())
    assert said["made_by"]["method_sha256"] is None and said["made_by"]["read_options"] == {}
