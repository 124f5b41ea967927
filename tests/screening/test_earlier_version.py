"""Results made by an earlier Ichor (tests/data/version-06608c8): read, kept in the summary, done again by the rule."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from ichor.findings.schema import json_schema
from ichor.screening.inputs import input_sha256, path_sha256
from ichor.write.folder import read_findings
from paths import EARLIER_VERSION

DEMO = Path(__file__).resolve().parents[2] / "examples" / "demo-scan"
EARLIER = EARLIER_VERSION / "screened"


@pytest.fixture
def out(tmp_path: Path) -> Path:
    shutil.copytree(EARLIER, tmp_path / "out")
    return tmp_path / "out"


def screen(out: Path) -> dict[str, dict[str, str]]:
    """Screen the demonstration scan into a folder; gives the rows of its summary."""
    command = [sys.executable, "-m", "ichor", "screen", str(DEMO), "--out", str(out)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    with (out / "summary.csv").open(newline="") as file:
        return {row["scan"]: row for row in csv.DictReader(file)}


def content(folder: Path) -> dict[str, bytes]:
    return {one.name: one.read_bytes() for one in folder.iterdir()}


def test_its_findings_are_read() -> None:
    found = read_findings(EARLIER / "demo-scan")
    assert found is not None
    said = json.loads((EARLIER / "demo-scan" / "findings.json").read_text())
    assert found.hemorrhage.volume_ml == said["hemorrhage"]["volume_ml"]
    assert found.made_by.path_sha256 == said["made_by"]["path_sha256"]
    assert found.method.inference is None
    assert "schema_version" not in said and found.schema_version == 2
    assert [one.message for one in found.scan.input_checks] == [one["sentence"] for one in said["scan"]["unlike"]]
    assert found.method.segments
    assert [one.flagged for one in found.slices] == [one["area_px"] > 0 for one in said["slices"]]
    jsonschema.validate(json.loads(found.as_json()), json_schema_of_today())


def test_other_versions_are_not_results(out: Path) -> None:
    file = out / "demo-scan" / "findings.json"
    said = json.loads(file.read_text())
    for odd in (
        {},
        [],
        {**said, "scan": None},
        {**said, "slices": [{}]},
        {**said, "schema_version": 3},
        {**said, "more": 1},
    ):
        file.write_text(json.dumps(odd))
        assert read_findings(file.parent) is None
    file.write_bytes(b"\xff{")
    assert read_findings(file.parent) is None


def json_schema_of_today() -> Any:
    return json.loads(json_schema())


@pytest.mark.long
def test_a_result_of_another_input_is_kept_next_to_the_new_one(out: Path) -> None:
    earlier = content(EARLIER / "demo-scan")
    (row,) = csv.DictReader((EARLIER / "summary.csv").read_text().splitlines())
    row["input_checks"] = row.pop("unlike")  # as the column was called
    rows = screen(out)
    new = "examples-demo-scan"
    assert set(rows) == {"demo-scan", new}
    assert row.items() <= (rows["demo-scan"] | {"status": "done"}).items()
    assert (rows["demo-scan"]["path"], rows[new]["path"]) == ("", str(DEMO))
    assert rows["demo-scan"]["status"] == "skipped"
    assert rows[new]["status"] == "done"
    assert content(out / "demo-scan") == earlier


@pytest.mark.long
def test_one_of_the_same_input_keeps_its_name_and_is_made_with_its_path(out: Path) -> None:
    hashed = f"demo-scan-{path_sha256(DEMO)[:8]}"  # as two scans of one name were called
    (out / "demo-scan").rename(out / hashed)
    file = out / hashed / "findings.json"
    said = json.loads(file.read_text())
    said["made_by"] |= {"path_sha256": path_sha256(DEMO), "input_sha256": input_sha256(DEMO)}
    file.write_text(json.dumps(said))
    rows = screen(out)
    assert {name: row["status"] for name, row in rows.items() if row["status"] != "failed"} == {hashed: "done"}
    found = read_findings(out / hashed)
    assert found is not None and found.scan.path == str(DEMO) and found.scan.series_uids
    assert screen(out)[hashed]["status"] == "skipped"


@pytest.mark.long
def test_one_of_the_same_input_by_another_model_is_done_again(out: Path) -> None:
    file = out / "demo-scan" / "findings.json"
    said = json.loads(file.read_text())
    said["made_by"] |= {"path_sha256": path_sha256(DEMO), "input_sha256": input_sha256(DEMO), "method_sha256": "0" * 64}
    file.write_text(json.dumps(said))
    rows = screen(out)
    assert {name: row["status"] for name, row in rows.items()} == {"demo-scan": "done"}
    found = read_findings(out / "demo-scan")
    assert found is not None and found.made_by.method_sha256 not in (None, "0" * 64)


def test_one_of_schema_version_1_that_is_otherwise_the_same_is_not_done_again(out: Path) -> None:
    shutil.rmtree(out)
    assert screen(out)["demo-scan"]["status"] == "done"
    file = out / "demo-scan" / "findings.json"
    said = json.loads(file.read_text())
    del said["schema_version"], said["method"]["segments"]
    checks = said["scan"].pop("input_checks")
    said["scan"]["unlike"] = [{"kind": one["kind"], "sentence": one["message"]} for one in checks]
    for one in said["slices"]:
        del one["flagged"]
    file.write_text(json.dumps(said))
    row = screen(out)["demo-scan"]
    assert (row["status"], row["input_checks"]) == ("skipped", "part of a head")
    assert json.loads(file.read_text()) == said
