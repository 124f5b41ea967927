"""`ichor dataset export` as a process."""

from __future__ import annotations

import fcntl
import os
import re
import resource
import signal
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest

from ichor.cli.dataset_export import Layout
from ichor.dataset.export.run import LAYOUTS
from synthetic_ct_ich import write_ct_ich

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


def test_ctrl_c_stops_it_and_the_same_command_continues(data: Path, tmp_path: Path) -> None:
    words = [*COMMAND, str(data), "--to", "bids", "--out", str(tmp_path / "out")]
    first = "[1/3] 049\n"
    # It cannot come to its end before the signal: the pipe has room for its first line only.
    reader, writer = pipe_with_room_for(len(first))
    with os.fdopen(reader) as errors:
        process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=writer, text=True)
        while not is_full(reader):
            assert process.poll() is None
            time.sleep(0.01)
        os.close(writer)
        process.send_signal(signal.SIGINT)
        said = errors.read()
        process.communicate(timeout=60)
    assert process.returncode == 130
    assert first in said
    (left,) = re.findall(r"ichor: interrupted with ([12]) of 3 subjects left; run again to continue\n$", said)
    done = run(data, "--to", "bids", "--out", tmp_path / "out")
    assert done.returncode == 0 and f"3 of 3 subjects ({3 - int(left)} before)" in done.stdout


def pipe_with_room_for(n: int) -> tuple[int, int]:
    """The two ends of a pipe that is full but for n bytes: who writes more waits until it is read."""
    reader, writer = os.pipe()
    size = fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, resource.getpagesize())
    os.write(writer, b"." * (size - n))
    return reader, writer


def is_full(pipe: int) -> bool:
    waiting = fcntl.ioctl(pipe, termios.FIONREAD, bytes(4))
    return int.from_bytes(waiting, sys.byteorder) == fcntl.fcntl(pipe, fcntl.F_GETPIPE_SZ)


def test_unreadable_input_is_listed_at_the_end(tmp_path: Path) -> None:
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
        "ichor: DICOM objects: expected the package highdicom, found none; "
        "install it with pip install 'ichor-ct[dicom-out]'\n"
    )
