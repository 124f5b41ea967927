"""The reading process: what it says of a scan arrives whole, and nothing that befalls it reaches the one that asked."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import psutil
import pytest

from dicom_made import ct_slices, hu_of_head, made_series, save
from ichor.errors import UnreadableInput
from ichor.read import ReadOptions, begin_scan, inspect, open_scan, read_ahead, start_reading_process
from ichor.read.open import read_here
from ichor.scan import Scan
from made_video import write_pair
from phantom import head

HU = hu_of_head()
HANG_S = 60
NO_WINDOWS = pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX's")


@pytest.fixture(scope="module")
def series(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_series(tmp_path_factory.mktemp("series"))


def zipped(folder: Path, where: Path) -> Path:
    return Path(shutil.make_archive(str(where / "scan"), "zip", folder))


def readers() -> list[psutil.Process]:
    """The reading processes of this one."""
    return [one for one in psutil.Process().children() if "ichor.read.worker" in " ".join(one.cmdline())]


def until(true: Callable[[], object]) -> None:
    end = time.monotonic() + HANG_S
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A temporary folder of the test's own: other tests unpack at the same time."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "room"))
    (tmp_path / "room").mkdir()
    return tmp_path / "room"


def assert_same(scan: Scan, other: Scan) -> None:
    for name in ("voxels", "pixel_mm", "positions_mm", "orientation", "thickness_mm"):
        a, b = getattr(scan, name), getattr(other, name)
        assert (a is None) == (b is None)
        if a is not None:
            assert a.dtype == b.dtype
            np.testing.assert_array_equal(a, b)
    assert (scan.warnings, scan.gray_window, scan.contrast) == (other.warnings, other.gray_window, other.contrast)
    for name in ("kind", "path", "series_uid", "instance_uids", "frame_numbers"):
        assert getattr(scan.source, name) == getattr(other.source, name)


def test_a_scan_arrives_as_it_was_read(series: Path) -> None:
    scan = open_scan(series)
    assert_same(scan, read_here(series, ReadOptions()))
    assert scan.voxels.flags.writeable and scan.voxels.flags.c_contiguous


def test_the_process_is_kept_for_the_next_scan(series: Path) -> None:
    open_scan(series)
    before = {one.pid for one in readers()}
    inspect(series)
    open_scan(series)
    with pytest.raises(UnreadableInput):
        open_scan(series / "nothing")
    assert {one.pid for one in readers()} == before


def test_it_may_be_started_before_it_is_needed(series: Path) -> None:
    start_reading_process()
    start_reading_process()
    reading = begin_scan(series)
    np.testing.assert_array_equal(reading.scan().voxels, HU)


def test_a_scan_read_ahead_is_taken_once(series: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from ichor.read import ahead

    read_ahead(series)
    monkeypatch.chdir(series.parent)
    scan = open_scan(series.name)  # the same place by another name
    np.testing.assert_array_equal(scan.voxels, HU)
    assert ahead.taken(series, ReadOptions()) is None
    read_ahead(series / "nothing")
    with pytest.raises(UnreadableInput, match="found nothing of that name"):
        open_scan(series / "nothing")
    read_ahead(series / "nothing")
    np.testing.assert_array_equal(open_scan(series, ReadOptions(pixel_mm=1)).voxels, HU)


def test_threads_read_at_the_same_time(series: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        for scan in pool.map(open_scan, [series] * 12):
            np.testing.assert_array_equal(scan.voxels, HU)


def test_relative_paths_begin_where_the_asker_is(series: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    open_scan(series)  # by a process that began elsewhere
    monkeypatch.chdir(series.parent)
    scan = open_scan(series.name)
    np.testing.assert_array_equal(scan.voxels, HU)
    assert scan.source.path == Path(series.name)


def test_a_path_that_is_no_text(series: Path, tmp_path: Path) -> None:
    folder = tmp_path / os.fsdecode(b"head-\xe4")
    try:
        folder.symlink_to(series)
    except OSError as error:
        assert error.errno == errno.EILSEQ  # macOS has no such names
        return
    assert open_scan(folder).source.path == folder


def killed_while_it_decodes(path: Path, by: int, file: str = "") -> str:
    """What is said of an input whose reading process is sent a signal as it begins to decode."""
    reading = begin_scan(path)
    victims = set()

    def watch(said: dict[str, Any]) -> None:
        if "decoding" in said and file in said["decoding"]:
            assert reading.pid is not None
            victims.add(reading.pid)
            os.kill(reading.pid, by)

    with pytest.raises(UnreadableInput) as refused:
        reading.scan(watch)  # larger than the pipe is wide: it cannot have been answered before
    assert victims and not any(map(psutil.pid_exists, victims))
    (line,) = str(refused.value).splitlines()
    assert line.startswith(f"{path}: expected ")
    return line


@pytest.fixture(scope="module")
def long_series(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One that takes a moment to decode: its voxels alone are more than the pipe holds."""
    return made_series(tmp_path_factory.mktemp("long"), hu_of_head(40, 256, 256))


@NO_WINDOWS
@pytest.mark.parametrize("by", ["SIGSEGV", "SIGABRT", "SIGKILL"])
def test_a_crash_is_one_line_and_the_next_input_is_read(series: Path, long_series: Path, by: str) -> None:
    line = killed_while_it_decodes(long_series, getattr(signal, by))
    assert "makes the decoder crash" in line
    np.testing.assert_array_equal(open_scan(series).voxels, HU)


@NO_WINDOWS
def test_a_slice_that_crashes_the_decoder_is_left_out(tmp_path: Path) -> None:
    hu = hu_of_head(40, 256, 256)
    folder = save(ct_slices(hu), tmp_path, names=[f"{k:02d}.dcm" for k in range(40)])
    reading = begin_scan(folder)

    def watch(said: dict[str, Any]) -> None:
        if Path(said.get("decoding", "")).name == "07.dcm":
            assert reading.pid is not None
            os.kill(reading.pid, signal.SIGSEGV)

    scan = reading.scan(watch)
    np.testing.assert_array_equal(scan.voxels, np.delete(hu, 7, axis=0))
    assert scan.warnings == (
        "07.dcm: its pixel data make the decoder crash; slice left out.",
        "about 1 slice missing between slices 7 and 8: 10.0 mm apart.",
    )


@NO_WINDOWS
def test_a_crash_while_unpacked_leaves_nothing(long_series: Path, tmp_path: Path, room: Path) -> None:
    line = killed_while_it_decodes(zipped(long_series, tmp_path), signal.SIGKILL, "ichor-unpacked-")
    assert "ichor-unpacked-" not in line
    assert not list(room.iterdir())


def test_a_process_that_died_unasked_is_replaced(series: Path) -> None:
    open_scan(series)
    for one in readers():
        one.kill()
        until(lambda one=one: one.status() == psutil.STATUS_ZOMBIE)
    np.testing.assert_array_equal(open_scan(series).voxels, HU)


@NO_WINDOWS
def test_what_takes_too_long_is_one_line(long_series: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from ichor.read import process

    end_in = process._Process._end_in
    monkeypatch.setattr(process._Process, "_end_in", lambda self, seconds: end_in(self, min(seconds, 1)))
    reading = begin_scan(long_series)
    pid = reading.pid
    assert pid is not None
    with pytest.raises(UnreadableInput, match="expected reading it to take at most 1 s, found that it takes longer"):
        reading.scan(lambda said: os.kill(pid, signal.SIGSTOP) if "decoding" in said else None)
    assert not psutil.pid_exists(pid)


@NO_WINDOWS
def test_what_needs_too_much_memory_is_one_line(tmp_path: Path, series: Path) -> None:
    if not sys.platform.startswith("linux"):
        pytest.skip("no other system holds a process to its memory")
    # A file of 2 GB that is all hole: it takes no room on the disk, and is given none in memory.
    header = nib.Nifti1Header()
    header.set_data_shape((512, 512, 1000))
    header.set_data_dtype(np.float64)
    header["vox_offset"], header["magic"] = 352, b"n+1"
    with (tmp_path / "head.nii").open("wb") as file:
        file.write(header.binaryblock + bytes(4))
        file.truncate(352 + 512 * 512 * 1000 * 8)
    with pytest.raises(UnreadableInput) as refused:
        open_scan(tmp_path / "head.nii")
    assert "of memory, found that it needs more" in str(refused.value)
    np.testing.assert_array_equal(open_scan(series).voxels, HU)


ASKER = """
import sys, time
from ichor.read import begin_scan, open_scan
reading = begin_scan(sys.argv[1])
def watch(said):
    if "ichor-unpacked-" in said.get("decoding", ""):
        print("unpacked", flush=True)
        time.sleep(1000)
reading.scan(watch)
"""


@NO_WINDOWS
@pytest.mark.parametrize("by", ["SIGTERM", "SIGKILL"])
def test_nothing_is_left_of_an_asker_that_is_killed(long_series: Path, tmp_path: Path, by: str) -> None:
    """Neither its reading process nor what that had unpacked."""
    path = zipped(long_series, tmp_path)
    room = tmp_path / "room"
    room.mkdir()
    command = [sys.executable, "-c", ASKER, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env={**os.environ, "TMPDIR": str(room)}) as asker:
        assert asker.stdout is not None and asker.stdout.readline() == b"unpacked\n"
        children = psutil.Process(asker.pid).children()
        assert len(children) == 1 and len(list(room.iterdir())) == 1
        (folder,) = room.iterdir()
        assert folder.stat().st_mode & 0o777 == 0o700
        asker.send_signal(getattr(signal, by))
    until(lambda: not any(one.is_running() and one.status() != psutil.STATUS_ZOMBIE for one in children))
    assert not list(room.iterdir())


@NO_WINDOWS
def test_folders_whose_process_was_killed_are_removed_by_the_next(series: Path, tmp_path: Path, room: Path) -> None:
    for name, mode, age_s in (
        ("ichor-unpacked-1-a", 0o700, 1e4),
        ("ichor-unpacked-1-b", 0o755, 1e4),
        ("x", 0o700, 1e4),
    ):
        folder = room / name
        (folder / "content").mkdir(parents=True)
        folder.chmod(mode)
        os.utime(folder, (time.time() - age_s,) * 2)
    open_scan(zipped(series, tmp_path))
    assert {one.name for one in room.iterdir()} == {"ichor-unpacked-1-b", "x"}


@NO_WINDOWS
def test_a_fork_reads_in_a_process_of_its_own(series: Path) -> None:
    open_scan(series)
    pid = os.fork()
    if pid == 0:
        try:
            os._exit(0 if np.array_equal(open_scan(series).voxels, HU) else 1)
        finally:
            os._exit(2)
    _, status = os.waitpid(pid, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    np.testing.assert_array_equal(open_scan(series).voxels, HU)


@NO_WINDOWS
def test_ctrl_c_while_it_reads_ends_the_reading(series: Path, long_series: Path) -> None:
    def interrupt(said: dict[str, Any]) -> None:
        raise KeyboardInterrupt

    before = {one.pid for one in readers()}
    with pytest.raises(KeyboardInterrupt):
        begin_scan(long_series).scan(interrupt)
    until(lambda: len({one.pid for one in readers()} - before) == 0)
    np.testing.assert_array_equal(open_scan(series).voxels, HU)


def test_a_reading_let_go_of_is_ended(long_series: Path) -> None:
    before = threading.active_count()
    for _ in range(3):
        begin_scan(long_series)
    until(lambda: threading.active_count() <= before)


def test_decoders_print_nothing(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    pair = write_pair(tmp_path / "pair", head(6, 64, 48))
    content = bytearray((pair / "head_brain.avi").read_bytes())
    content[-4000:] = bytes(4000)
    (pair / "head_brain.avi").write_bytes(content)
    with pytest.raises(UnreadableInput):
        open_scan(pair)
    assert capfd.readouterr() == ("", "")
