"""A full disk, at every moment: one line, and what was saved before is there. A limit on the size of files stands for
it: a write beyond it fails, as one on a full disk does."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from ichor.annotate.project import open_project
from ichor.errors import OutputFailed
from synthetic_scans import synthetic_head, write_synthetic_nifti

resource = pytest.importorskip("resource", reason="expected limits of processes as POSIX has them, found none")

SIZE = 32
HANG_S = 120


def limit(most: int) -> Callable[[], None]:
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))


@contextmanager
def full(most: int = 0) -> Iterator[None]:
    """This process writes no file beyond its first bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def run(*words: object, most: int) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ichor", "annotate", *map(str, words)]
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=limit(most),
        timeout=HANG_S,
    )


@pytest.fixture(scope="module")
def head(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_synthetic_nifti(tmp_path_factory.mktemp("scan") / "head.nii.gz", n=4, size=64)


@pytest.mark.parametrize("most", [0, 2000, 30_000])
def test_where_there_is_no_project_yet(tmp_path: Path, head: Path, most: int) -> None:
    study = tmp_path / "study"
    # A port that cannot be: where the disk does suffice, the command ends there.
    done = run(study, "--add", head, "--port", "70000", "--no-browser", most=most)
    assert done.returncode == 2
    (line,) = [one for one in done.stderr.splitlines() if one.startswith("ichor: ")]
    assert "Traceback" not in done.stderr
    assert "could not be" in line and "study" in line
    with open_project(study, create=True) as project:  # and when there is room again
        project.add_scan(synthetic_head(n=4, size=SIZE), "001", "first")


def test_where_a_project_is_opened(tmp_path: Path, head: Path) -> None:
    study = tmp_path / "study"
    with open_project(study, create=True) as project:
        project.add_scan(synthetic_head(n=4, size=SIZE), "001", "first")
    for words in (("open", study, "--port", "70000"), ("export", study, "--to", "nifti", "--out", tmp_path / "out")):
        done = run(*words, most=0)
        assert done.returncode == 2 and "Traceback" not in done.stderr
        (line,) = done.stderr.splitlines()
        assert "could not be" in line
    with open_project(study) as project:
        assert len(project.scans()) == 1


def test_saved_changes_stay_and_later_ones_are_saved_again(tmp_path: Path) -> None:
    drawn = np.full((SIZE, SIZE), 5, np.uint8)
    study = tmp_path / "study"
    with open_project(study, create=True) as project:
        project.add_scan(synthetic_head(n=4, size=SIZE), "001", "first")
        project.add_reader("ann")
        project.put_label_map(1, "ann", 0, drawn, by="ann")
        with full():
            for _ in range(2):
                with pytest.raises(OutputFailed, match=r"project\.sqlite: could not be read or written"):
                    project.put_label_map(1, "ann", 1, drawn, by="ann")
            with pytest.raises(OutputFailed, match="could not be written"):
                project.add_scan(synthetic_head(n=4, size=SIZE), "002", "second")
            assert project.label_map(1, "ann")[0].all()
        assert project.put_label_map(1, "ann", 1, drawn, by="ann") == 1
        assert [one.subject for one in project.scans()] == ["001"]
    with open_project(study) as project:
        assert [bool(one.all()) for one in project.label_map(1, "ann")] == [True, True, False, False]


def test_closing_on_a_full_disk_loses_nothing(tmp_path: Path) -> None:
    drawn = np.full((SIZE, SIZE), 5, np.uint8)
    study = tmp_path / "study"
    project = open_project(study, create=True)
    project.add_scan(synthetic_head(n=4, size=SIZE), "001", "first")
    project.add_reader("ann")
    project.put_label_map(1, "ann", 0, drawn, by="ann")
    with full(), pytest.raises(OutputFailed):
        project.close()
    with open_project(study) as again:
        assert again.label_map(1, "ann")[0].all()
