"""`ichor dataset export` as a process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ichor.cli.dataset_export import Layout
from ichor.dataset.export.run import LAYOUTS
from made_ct_ich import write_ct_ich

COMMAND = [sys.executable, "-m", "ichor", "dataset", "export"]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_ct_ich(tmp_path_factory.mktemp("data"), {"049": 1, "050": 0, "051": 2}, n_slices=2)


def run(*words: str | Path, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    command = [*COMMAND, *map(str, words)]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, env={**os.environ, **(environment or {})}
    )


def test_the_command_offers_every_layout() -> None:
    assert [one.value for one in Layout] == list(LAYOUTS)


def test_subjects_are_counted_and_named_as_they_are_done(data: Path, tmp_path: Path) -> None:
    done = run(data, "--to", "nnunet", "--out", tmp_path / "out", "--subject", "049")
    assert (done.returncode, done.stdout) == (0, f"{tmp_path}/out: 1 of 1 subjects\n")
    assert done.stderr == "[1/1] 049\n"
    done = run(data, "--to", "nnunet", "--out", tmp_path / "out")
    assert (done.returncode, done.stdout) == (0, f"{tmp_path}/out: 3 of 3 subjects (1 before)\n")


def test_ctrl_c_stops_it_and_the_same_command_goes_on(data: Path, tmp_path: Path) -> None:
    words = [*COMMAND, str(data), "--to", "bids", "--out", str(tmp_path / "out")]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None and process.stderr.readline() == "[1/3] 049\n"
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert said.splitlines()[-1].endswith("of 3 subjects left; run again to go on")
    done = run(data, "--to", "bids", "--out", tmp_path / "out")
    assert done.returncode == 0 and "3 of 3 subjects (" in done.stdout


def test_what_cannot_be_read_is_listed_at_the_end(tmp_path: Path) -> None:
    data = write_ct_ich(tmp_path / "data", {"049": 1, "050": 0}, n_slices=2)
    (data / "Patients_CT" / "049" / "brain" / "1.jpg").write_bytes(b"no image")
    some = run(data, "--to", "nnunet", "--out", tmp_path / "out")
    assert some.returncode == 1 and "1 of 2 subjects" in some.stdout
    line = some.stderr.splitlines()[-1]
    assert line.startswith(f"failed: {data}/Patients_CT/049/brain/1.jpg: expected a JPEG image, found ")
    alone = run(data, "--to", "nnunet", "--out", tmp_path / "out", "--subject", "049")
    assert alone.returncode == 2 and alone.stderr.splitlines()[-1].startswith("ichor: ")


def test_without_highdicom_one_line_says_what_to_install_and_nothing_is_written(data: Path, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("import sys; sys.modules['highdicom'] = None\n")
    out = tmp_path / "out"
    done = run(data, "--to", "dicom", "--out", out, environment={"PYTHONPATH": str(tmp_path)})
    assert done.returncode == 2 and not out.exists()
    assert done.stderr == (
        "ichor: DICOM Segmentations: expected the package highdicom, found no highdicom; "
        "install it by pip install 'ichor-ct[dicom-out]'\n"
    )
