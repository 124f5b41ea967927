"""The documents on the Python API: the notebook and the code of the pages run, and show what they give."""

from __future__ import annotations

import base64
import io
import json
import re
import runpy
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import ichor
from ichor.write.registry import OUTPUTS
from outside import ichor as ichor_command
from outside import install
from synthetic_scans import write_synthetic_nifti
from untrained_package import write_package

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def blocks(document: Path, language: str) -> list[str]:
    return [text for found, text in BLOCK.findall(document.read_text(encoding="utf-8")) if found == language]


@pytest.fixture(scope="module")
def script() -> dict[str, Any]:
    return runpy.run_path(str(ROOT / "scripts" / "notebook.py"))


@pytest.mark.long
def test_the_notebook_runs_and_shows_what_its_cells_give(script: dict[str, Any]) -> None:
    notebook = json.loads(script["NOTEBOOK"].read_text(encoding="utf-8"))
    assert (notebook["nbformat"], notebook["metadata"]["language_info"]["name"]) == (4, "python")
    assert len({cell["id"] for cell in notebook["cells"]}) == len(notebook["cells"])
    cells = script["code_cells"](notebook)
    for cell, shown in zip(cells, script["run"](notebook), strict=True):
        again = script["outputs_of"](shown)
        assert again, "expected each cell to show something"
        assert [one.get("text") for one in cell["outputs"]] == [one.get("text") for one in again], (
            "run scripts/notebook.py"
        )
        for one in cell["outputs"]:
            if "data" in one:
                picture = Image.open(io.BytesIO(base64.b64decode(one["data"]["image/png"])))
                assert picture.format == "PNG" and min(picture.size) > 100
    assert script["NOTEBOOK"].stat().st_size < 150_000


def test_the_code_of_the_reference_runs(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    code = "\n".join(blocks(DOCS / "reference" / "python.md", "python"))
    assert "ichor.screen(" in code and "ichor.Screener(" in code
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "examples True" in done.stdout
    assert {one.name for one in (tmp_path / "my-results" / "demo-scan").iterdir()} == {
        "findings.json",
        "mask.nii.gz",
        "report.html",
    }


def test_the_reference_names_everything_that_there_is() -> None:
    text = (DOCS / "reference" / "python.md").read_text(encoding="utf-8")
    named = set(re.findall(r"\w+", text))
    assert {name for name in ichor.__all__ if not name.startswith("_")} <= named
    public = {name for one in (ichor.Result, ichor.Screener) for name in vars(one) if not name.startswith("_")}
    assert public - {"result", "head", "patient"} <= named


@pytest.fixture
def example(tmp_path: Path) -> Path:
    """The example of an output, installed as the page says."""
    page = DOCS / "how-to" / "add-an-output.md"
    (code,), (registration,) = blocks(page, "python"), blocks(page, "toml")
    group, entry = registration.splitlines()
    assert group == '[project.entry-points."ichor.outputs"]'
    return install(tmp_path / "site", "slice_table", code, "ichor.outputs", entry.replace('"', ""))


@pytest.mark.long
def test_the_example_of_an_output_works_from_a_package_outside(example: Path, tmp_path: Path) -> None:
    package = write_package(tmp_path / "package")
    scan = write_synthetic_nifti(tmp_path / "head.nii.gz", n=6, size=64, pixel_mm=(3.2, 3.2), distances_mm=20.0)
    words = ("screen", scan, "--model", package, "--out", tmp_path / "out", "--outputs", "report,slice-table")
    ichor_command(example, *words)
    folder = tmp_path / "out" / "head"
    assert {one.name for one in folder.iterdir()} == {"findings.json", "report.html", "slices.tsv"}
    found = json.loads((folder / "findings.json").read_text())
    expected = [f"{one['index'] + 1}\t{one['probability']:.4f}" for one in found["slices"]]
    assert (folder / "slices.tsv").read_text().splitlines() == ["slice\tprobability", *expected]
    assert (folder / "slices.tsv").stat().st_mode & 0o777 == 0o600
    # Without that package nobody knows it.
    said = ichor_command(tmp_path, *words, "--force", expected=2)
    assert f"expected an output among {', '.join(OUTPUTS)}, found 'slice-table'" in said
    assert (folder / "slices.tsv").exists()


def test_a_broken_output_of_another_package_is_reported_in_one_line(example: Path, tmp_path: Path) -> None:
    (example / "slice_table.py").write_text("import no_such_library_at_all\n")
    scan = write_synthetic_nifti(tmp_path / "head.nii.gz", n=6, size=64)
    words = ("screen", scan, "--out", tmp_path / "out", "--outputs", "slice-table")
    said = ichor_command(example, *words, expected=2)
    assert "slice-table: expected the output at slice_table:SliceTable, found No module named" in said
    assert said.count("\n") == 1 and not (tmp_path / "out").exists()
