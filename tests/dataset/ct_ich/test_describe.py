"""`ichor dataset describe` as a process, on the dataset and on made copies of both releases."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ichor.dataset.ct_ich import CtIch
from ichor.dataset.ct_ich.published import TABLE_3, TABLE_4
from ichor.dataset.ct_ich.tables import read_demographics
from paths import CT_ICH_PART
from synthetic_ct_ich import write_ct_ich, write_ct_ich_nifti


def run(*words: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ichor", "dataset", "describe", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def described(root: Path, out: Path) -> dict[str, Any]:
    done = run(root, "--out", out)
    assert done.returncode == 0, done.stderr
    return json.loads(out.read_text(encoding="utf-8"))


def row(rows: list[dict[str, str]], name: str) -> dict[str, str]:
    (found,) = [one for one in rows if one["name"] == name]
    return found


@pytest.fixture(scope="module")
def folder(ct_ich: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the command writes of all of the dataset."""
    return describe_into(tmp_path_factory.mktemp("described"), ct_ich)


def describe_into(out: Path, data: Path) -> Path:
    """Files under `out`/deep, and what was shown in `out`/stdout."""
    done = run(data, "--out", out / "deep")
    assert done.returncode == 0, done.stderr
    (out / "stdout").write_text(done.stdout, encoding="utf-8")
    return out


def test_table_3_is_the_papers(folder: Path) -> None:
    found = json.loads((folder / "deep/dataset.json").read_text(encoding="utf-8"))
    assert [one["name"] for one in found["subjects"]] == [one.name for one in TABLE_3]
    for one in found["subjects"]:
        assert one["here"] == one["paper"]
        assert one["why"] is None


def test_table_4_differs_where_source_md_says_and_each_difference_is_explained(folder: Path) -> None:
    found = json.loads((folder / "deep/dataset.json").read_text(encoding="utf-8"))
    assert [one["name"] for one in found["slices"]] == [one.name for one in TABLE_4.values()]
    different = {one["name"]: (one["paper"], one["here"]) for one in found["slices"] if one["paper"] != one["here"]}
    assert different == {
        "Epidural (EDH)": ("182", "173"),
        "No hemorrhage": ("2173", "2183"),
        "All": ("2491", "2501"),
    }
    for one in found["slices"]:
        assert (one["why"] is not None) == (one["name"] in different)
    why = row(found["slices"], "Epidural (EDH)")["why"]
    assert "the 9 labels are on some of 21 such slices of subjects 049, 053, 074, 092" in why
    assert "According to the condition on file, 051, 076, 082 also have EDH" in why
    assert "cannot be known from the data" in why
    more = row(found["slices"], "No hemorrhage")["why"]
    assert "Both have 318 slices with hemorrhage, so the difference of 10 concerns slices without" in more


def test_what_the_paper_does_not_count(folder: Path, ct_ich: Path) -> None:
    found = json.loads((folder / "deep/dataset.json").read_text(encoding="utf-8"))
    beyond = found["beyond_the_paper"]
    assert beyond["Slices with several subtypes"].startswith("25 (IVH + IPH 8, IPH + EDH 4")
    assert beyond["With hemorrhage, without 070 (excluded from overlap)"].startswith("35 subjects, 304 slices")
    assert beyond["Subjects whose subtypes differ between the two tables"] == "none"
    assert beyond["Subjects called normal whose slices are labelled"] == "058"
    assert beyond["Delineated slices"] == "318"
    assert beyond["Slices labelled and not delineated"] == "none"
    assert beyond["Slices delineated and not labelled"] == "none"
    assert found["fingerprint"] == CtIch(ct_ich).fingerprint


def test_terminal_and_markdown_say_the_same_as_json(tmp_path: Path) -> None:
    folder = describe_into(tmp_path, CT_ICH_PART)
    found = json.loads((folder / "deep/dataset.json").read_text(encoding="utf-8"))
    markdown = (folder / "deep/dataset.md").read_text(encoding="utf-8")
    shown = " ".join((folder / "stdout").read_text(encoding="utf-8").split())
    for one in (*found["subjects"], *found["slices"]):
        mark = " *" if one["why"] else ""
        assert f"| {one['name']} | {one['paper']} | {one['here']}{mark} |" in markdown
        assert f"{one['name']} {one['paper']} {one['here']}{mark}" in shown
        if one["why"]:
            assert one["why"] in markdown
            assert one["why"] in shown
    for name, figure in found["beyond_the_paper"].items():
        assert f"| {name} | {figure} |" in markdown


def test_a_part_of_the_dataset_says_which_subjects_are_absent(tmp_path: Path) -> None:
    root = write_ct_ich(tmp_path / "data", {"049": 1, "058": 0}, n_slices=3)
    found = described(root, tmp_path / "out.json")
    for one in (*found["subjects"], *found["slices"]):
        assert one["why"] == "80 of the paper's 82 subjects are absent (050 to 057, 059 to 130)."


def test_in_release_1_3_1_the_demographics_of_the_absent_explain_table_3(tmp_path: Path) -> None:
    """Of the paper's 82 subjects 059 to 065 have no images, as in the release, but rows in the demographics."""
    absent = [f"{n:03d}" for n in range(59, 66)]
    there = [f"{n:03d}" for n in range(49, 131) if f"{n:03d}" not in absent]
    root = write_ct_ich_nifti(tmp_path / "data", {s: int(s < "085") for s in there}, n_slices=1, without_images=absent)
    found = described(root, tmp_path / "out.json")
    assert found["release"] == "1.3.1"
    assert row(found["subjects"], "Subjects") == {
        "name": "Subjects",
        "paper": "82",
        "here": "75",
        "why": "7 of the paper's 82 subjects are absent (059 to 065). Including their rows of the demographics it "
        "is 82, as in the paper.",
    }
    assert row(found["slices"], "All")["why"] == (
        "7 of the paper's 82 subjects are absent (059 to 065). This release has the slices of the original series, "
        "the paper counts those of the JPG release."
    )
    assert "none of them has hemorrhage, so there is another cause" in row(found["slices"], "With hemorrhage")["why"]
    assert len(read_demographics(root / "Patient_demographics.csv").rows) == 82


def test_only_markdown_is_written_if_a_file_is_requested(tmp_path: Path) -> None:
    root = write_ct_ich(tmp_path / "data", {"049": 1}, n_slices=2)
    done = run(root, "--out", tmp_path / "out" / "table.md")
    assert done.returncode == 0
    assert [file.name for file in (tmp_path / "out").iterdir()] == ["table.md"]
    assert "Research use only; not a medical device." in (tmp_path / "out/table.md").read_text(encoding="utf-8")


def test_input_and_output_errors_are_reported_in_one_line(tmp_path: Path) -> None:
    root = write_ct_ich(tmp_path / "data", {"049": 0, "050": 0}, n_slices=1)
    (tmp_path / "file").touch()
    done = run(root, "--out", tmp_path / "file" / "folder")
    assert done.returncode == 2
    assert done.stderr.startswith(
        f"ichor: {tmp_path / 'file' / 'folder'}: expected a file or folder to write to, found"
    )
    table = root / "hemorrhage_diagnosis.csv"
    table.write_text(table.read_text(encoding="utf-8").replace("\n50,", "\n51,"), encoding="utf-8")
    done = run(root)
    assert done.returncode == 2
    assert done.stderr == f"ichor: {table}: expected rows of subject 050, found none\n"
