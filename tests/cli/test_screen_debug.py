"""`ichor screen --debug`, as a process: a scan that cannot be read shows where in the reading process it went wrong."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from screen_command import command


def stderr_of(folder: Path, *options: str) -> str:
    package = folder.parent / "60"
    package.mkdir()
    (package / "config.yaml").write_text("60")
    words = command("screen", folder, "--model", package, "--out", folder.parent / "out", *options)
    return subprocess.run(words, capture_output=True, text=True, check=False).stderr


def broken(folder: Path, *names: str) -> Path:
    folder.mkdir()
    for name in names:
        (folder / f"{name}.nii.gz").write_bytes(b"\x1f\x8b no gzip")
    return folder


@pytest.mark.parametrize(("names", "options"), [(("a",), ()), (("a", "b"), ("--workers", "2"))])
def test_the_traceback_of_the_reading_process_is_shown(tmp_path: Path, names: tuple[str], options: tuple[str]) -> None:
    said = stderr_of(broken(tmp_path / "in", *names), "--debug", *options)
    assert said.count("gzip.BadGzipFile: ") == len(names)
    assert said.count("in read_here\n") == len(names)
    for name in names:
        assert f"ichor.errors.UnreadableInput: {tmp_path / 'in' / name}.nii.gz: expected a complete NIfTI file" in said


def test_without_it_one_line_says_so(tmp_path: Path) -> None:
    (line,) = stderr_of(broken(tmp_path / "in", "a")).splitlines()
    assert line.startswith(f"ichor: {tmp_path / 'in' / 'a.nii.gz'}: expected a complete NIfTI file, found a problem")
