"""`ichor screen` where `--out` cannot be written: one line that names it, and nothing half-written.

The full and the read-only disk are real ones where the system lets a test mount them, in a namespace of its own
(`unshare`); elsewhere the system calls fail as theirs do.
"""

from __future__ import annotations

import errno
import os
import resource
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pytest

from screen_command import command
from synthetic_scans import write_synthetic_nifti

pytestmark = pytest.mark.long

SMALL = {"n": 8, "size": 64, "pixel_mm": (3.2, 3.2), "distances_mm": 14.0}
NOBODY = 65534
# Mount a disk with the options $1 at $2, run the command after them, then say what lies there.
ON_A_DISK = 'mount -t tmpfs -o "$1" tmpfs "$2"; out=$2; shift 2; "$@"; code=$?; ls -A "$out" >&3; exit $code'
FULL, READ_ONLY = "size=100k", "ro"  # one scan takes 60 KiB
# Stand-ins for disks, run in every process by sitecustomize.
STANDS_FOR = {
    FULL: """
fsync, synced = os.fsync, []
def full(descriptor):
    name = os.readlink(f"/proc/self/fd/{descriptor}")
    if "/out/." in name and "/out/.a." not in name:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    fsync(descriptor)
os.fsync = full
""",
    READ_ONLY: """
opened = os.open
def read_only(path, flags, *rest, **more):
    if "/out/" in os.fsdecode(path) and flags & os.O_CREAT:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))
    return opened(path, flags, *rest, **more)
os.open = read_only
""",
}


@cache
def may_mount() -> bool:
    with tempfile.TemporaryDirectory() as there:
        words = [*unshared(), "sh", "-c", ON_A_DISK + " 3>&1", "sh", FULL, there, "true"]
        return subprocess.run(words, capture_output=True, check=False).returncode == 0


def unshared() -> list[str]:
    return ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--mount", "--map-root-user"]


def screen_on(disk: str, place: Path, *words: str) -> tuple[subprocess.CompletedProcess[str], set[str]]:
    """The command with such a disk as `out`, and the names of what lay there at its end."""
    (place / "out").mkdir()
    (place / "listed").touch()
    run = command("screen", place / "in", "--model", place / "60", "--out", place / "out", *words)
    environment = dict(os.environ)
    if shutil.which("unshare") and may_mount():
        script = f'exec 3>"{place / "listed"}"; {ON_A_DISK}'
        run = [*unshared(), "sh", "-c", script, "sh", disk, str(place / "out"), *run]
    else:
        (place / "sitecustomize.py").write_text(f"import errno, os\n{STANDS_FOR[disk]}")
        environment["PYTHONPATH"] = os.pathsep.join([str(place), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(run, capture_output=True, text=True, check=False, env=environment)
    here = {one.name for one in (place / "out").iterdir()}
    return done, here | set((place / "listed").read_text().split())


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "in").mkdir()
    for name in ("a", "b", "c"):
        write_synthetic_nifti(tmp_path / "in" / f"{name}.nii.gz", **SMALL)
    (tmp_path / "60").mkdir()
    (tmp_path / "60" / "config.yaml").write_text("60")
    return tmp_path


def screen(place: Path, out: Path, **how: object) -> subprocess.CompletedProcess[str]:
    words = command("screen", place / "in", "--model", place / "60", "--out", out)
    return subprocess.run(words, capture_output=True, text=True, check=False, **how)  # type: ignore[call-overload, no-any-return]


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_full_disk_ends_the_batch_with_one_line(place: Path, workers: str) -> None:
    done, left = screen_on(FULL, place, "--workers", workers)
    assert done.returncode == 2 and done.stdout == ""
    last = done.stderr.splitlines()[-1]
    assert last.startswith(f"ichor: {place / 'out'}/") and "Traceback" not in done.stderr
    assert "could not be written (No space left on device) with 2 of 3 scans left; run again to continue" in last or (
        workers == "2" and "could not be written (No space left on device) with 3 of 3 scans left" in last
    )
    assert left <= {"a", "b", "c", "summary.csv"} and len(left & {"a", "b", "c"}) <= 1
    assert workers == "2" or left == {"a", "summary.csv"}


def test_a_read_only_disk_is_reported_in_one_line(place: Path) -> None:
    done, left = screen_on(READ_ONLY, place)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"ichor: {place / 'out'}: could not be written (Read-only file system)\n"
    assert not left


def test_a_file_that_may_not_be_so_large_fails_that_scan(place: Path) -> None:
    """A limit on the size of files: each scan fails, since another one's files might be smaller."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

    done = screen(place, place / "out", preexec_fn=limit)
    assert done.returncode == 1 and "Traceback" not in done.stderr
    failures = [line for line in done.stderr.splitlines() if line.startswith("failed: ")]
    assert failures == [
        f"failed: {place / 'out' / name}: could not be written ({os.strerror(errno.EFBIG)})" for name in "abc"
    ]
    assert {one.name for one in (place / "out").iterdir()} == {"summary.csv"}


def test_anything_but_a_folder_is_refused_by_name(place: Path) -> None:
    (place / "file").touch()
    (place / "nowhere").symlink_to(place / "nothing")
    (place / "loop").symlink_to(place / "loop")
    found = {
        "file": "a file",
        "nowhere": "a link to nothing",
        "loop": os.strerror(errno.ELOOP),
        "file/below": os.strerror(errno.ENOTDIR),
        "/proc/ichor": os.strerror(errno.ENOENT),
    }
    for name, what in found.items():
        done = screen(place, place / name)
        said = f"ichor: {place / name}: expected a folder to write to, found {what}\n"
        assert (done.returncode, done.stdout, done.stderr) == (2, "", said)
    assert {one.name for one in place.iterdir()} == {"in", "60", "file", "nowhere", "loop"}


@contextmanager
def nobody_special() -> Iterator[None]:
    """As a user to whom permissions apply: root is nobody meanwhile."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.mark.parametrize("mode", [0o600, 0o500, 0o000])
def test_a_folder_without_permissions_is_reported_in_one_line(mode: int) -> None:
    from ichor.errors import OutputFailed
    from ichor.read.base import ReadOptions
    from ichor.screening.batch import plan
    from ichor.screening.out_folder import check_out_folder, make_out_folder

    place = Path(tempfile.mkdtemp())
    out = place / "out"
    (out / "something").mkdir(parents=True)
    try:
        place.chmod(0o755)
        if os.geteuid() == 0:
            os.chown(out, NOBODY, NOBODY)
        out.chmod(mode)
        with nobody_special(), pytest.raises(OutputFailed) as failed:
            check_out_folder(out)
            plan([Path("head.nii")], out, ReadOptions())
            make_out_folder(out)
        assert str(failed.value) == f"{out}: could not be written ({os.strerror(errno.EACCES)})"
    finally:
        out.chmod(0o700)
        shutil.rmtree(place)
