"""What holds for the package as a whole: what it imports, what it ships, how it is installed."""

from __future__ import annotations

import email
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from importlib.metadata import packages_distributions
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from ichor.windows import NAMED_WINDOWS
from locked import locked
from phantom import head
from studies.reviewed_systems.comparison import systems_in

ROOT = Path(__file__).resolve().parents[1]
HEAVY = {
    *("matplotlib", "monai", "nibabel", "numpy", "onnxruntime", "openvino", "pandas", "PIL"),
    *("pydicom", "scipy", "skimage", "SimpleITK", "sklearn", "torch"),
}
MOST_BYTES = 10 * 2**20


def modules_after(code: str) -> set[str]:
    """The top-level modules that a fresh process has loaded after `code`."""
    report = "import atexit, json, sys; atexit.register(lambda: print(json.dumps(sorted(sys.modules))))\n"
    command = [sys.executable, "-c", report + code]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return {name.split(".")[0] for name in json.loads(done.stdout.splitlines()[-1])}


def test_importing_ichor_imports_nothing_heavy() -> None:
    assert not modules_after("import ichor") & HEAVY


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["--version"],
        ["screen", "--help"],
        ["inspect", "--help"],
        ["dataset", "export", "--help"],
        ["dataset", "download", "--help"],
        ["node", "run", "--help"],
    ],
)
def test_help_imports_nothing_heavy(arguments: list[str]) -> None:
    code = f"import sys; from ichor.cli import main; sys.argv = {['ichor', *arguments]!r}; main()"
    assert not modules_after(code) & HEAVY


def test_the_help_names_every_gray_window() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "ichor", "inspect", "--help"], capture_output=True, text=True, check=True
    )
    assert set(NAMED_WINDOWS) <= set(re.findall(r"\w+", done.stdout))


def not_in_the_base_install() -> set[str]:
    """The modules of packages that are locked for an extra only."""
    base_names = {entry.name for entry in locked("base") if entry.marker is None or entry.marker.evaluate()}
    return {
        module
        for module, distributions in packages_distributions().items()
        if not {name.lower().replace("_", "-").replace(".", "-") for name in distributions} & base_names
    } - {"ichor"}


def test_screening_needs_the_base_install_only(tmp_path: Path) -> None:
    absent = not_in_the_base_install()
    assert {"torch", "monai", "onnx", "sklearn"} <= absent
    assert not {"numpy", "pydicom", "openvino"} & absent
    (tmp_path / "sitecustomize.py").write_text(
        "import sys\n"
        f"for name in {sorted(absent)!r}:\n"
        "    sys.modules.setdefault(name, None)  # importing it fails as if it were not installed\n"
    )
    affine = np.diag([-0.9, -0.9, 5.0, 1.0])
    nib.save(nib.Nifti1Image(head(8, 256, 240).transpose(2, 1, 0), affine), tmp_path / "head.nii")
    command = [
        sys.executable,
        "-m",
        "ichor",
        "screen",
        str(tmp_path / "head.nii"),
        "--out",
        str(tmp_path / "out"),
    ]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": str(tmp_path)}
    )
    assert done.returncode == 0, done.stderr
    assert len(list(tmp_path.glob("out/*/findings.json"))) == 1


def tracked(*under: str) -> list[Path]:
    """The files that git knows, and that are there."""
    listed = subprocess.run(["git", "ls-files", "-z", *under], cwd=ROOT, capture_output=True, text=True, check=True)
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


@pytest.mark.git
def test_no_tracked_file_is_large() -> None:
    assert [path.name for path in tracked() if path.stat().st_size > MOST_BYTES] == []


@pytest.mark.git
def test_masks_are_kept_of_few_results() -> None:
    """Of the others, scores.csv has all that Dice and detection follow from."""
    kept = {path.parent for path in tracked("results") if path.name == "masks.json.gz"}
    own = {folder.name for folder in kept if folder.parent.name == "results"}
    assert own == {"ichor-1", "paper-unet-tiles"}
    ranked = [one.name for one in systems_in(ROOT / "results" / "literature") if one.paper and not one.seeded]
    assert {folder.name for folder in kept if folder.name not in own} == set(ranked[:3])


@pytest.mark.git
def test_no_tracked_text_names_a_machine() -> None:
    home = re.compile(r"/(root|home/\w+|work|opt/wheels)/")
    texts = [path for path in tracked() if path.suffix in {".md", ".txt", ".toml", ".yaml", ".json", ".cff", ""}]
    assert [path.name for path in texts if home.search(path.read_text(encoding="utf-8", errors="ignore"))] == []


@pytest.fixture(scope="module")
def wheel(git: str, tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """The wheel built of the tracked files, as a release would be."""
    source, built = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for path in tracked("src", "pyproject.toml", "README.md", "LICENSE", "NOTICE"):
        target = source / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--no-deps",
        "--no-build-isolation",
        "--quiet",
        str(source),
    ]
    subprocess.run([*command, "--wheel-dir", str(built)], check=True)
    (file,) = built.glob("*.whl")
    return zipfile.ZipFile(file)


def test_the_wheel_holds_all_of_the_package(wheel: zipfile.ZipFile) -> None:
    expected = {path.relative_to(ROOT / "src").as_posix() for path in tracked("src")}
    assert {".py", ".yaml", ".onnx"} <= {Path(name).suffix for name in expected}
    assert expected <= set(wheel.namelist())


def test_the_wheel_carries_its_license_and_its_attributions(wheel: zipfile.ZipFile) -> None:
    names = {Path(name).name for name in wheel.namelist() if "dist-info/licenses/" in name}
    assert {"LICENSE", "NOTICE"} <= names


def test_the_base_install_asks_for_no_torch(wheel: zipfile.ZipFile) -> None:
    (name,) = [one for one in wheel.namelist() if one.endswith("dist-info/METADATA")]
    metadata = email.message_from_bytes(wheel.read(name))
    base = [one for one in metadata.get_all("Requires-Dist", []) if "extra ==" not in one]
    names = {re.split(r"[^\w.-]", one)[0].lower() for one in base}
    assert {"numpy", "pydicom", "nibabel"} <= names
    assert not {"torch", "monai", "lightning-fabric", "onnx", "scikit-learn", "scikit-image"} & names


def make_with(python: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """`make demo` in a copy of the Makefile's folder, with a Python that is a shell script of that body."""
    shutil.copyfile(ROOT / "Makefile", folder / "Makefile")
    (folder / "pyproject.toml").touch()
    fake = folder / "python"
    fake.write_text(f"#!/bin/sh\n{python}\n")
    fake.chmod(0o755)
    command = ["make", "demo", f"PYTHON={fake}"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("python", "line"),
    [
        (
            '[ "$1" = --version ] && echo Python 3.9.2; exit 1',
            "expected Python 3.11 or newer, found Python 3.9.2",
        ),
        (
            'case "$2" in *ensurepip*) exit 1;; esac',
            "expected Python's venv and ensurepip modules, found none",
        ),
    ],
)
def test_make_says_in_one_line_what_a_machine_lacks(python: str, line: str, tmp_path: Path) -> None:
    done = make_with(python, tmp_path)
    assert done.returncode != 0
    said = [
        one for one in done.stderr.splitlines() if not re.match(r"make(\[\d+\])?:", one)
    ]  # make inside of make counts itself
    assert len(said) == 1 and said[0].startswith("ichor: ") and line in said[0]
