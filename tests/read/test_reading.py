"""Reading in another process: a scan arrives whole, and nothing that befalls the process reaches the one that asked."""

from __future__ import annotations

import errno
import os
import signal
import threading
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from ichor.errors import UnreadableInput
from ichor.read import ReadOptions, begin_scan, open_scan
from ichor.read.open import read_here
from ichor.scan import Scan
from phantom import head
from reading_processes import HU, readers
from signals import NO_WINDOWS, until
from synthetic_video import write_pair


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


def test_relative_paths_start_at_the_callers_folder(series: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    open_scan(series)  # by a process that began elsewhere
    monkeypatch.chdir(series.parent)
    scan = open_scan(series.name)
    np.testing.assert_array_equal(scan.voxels, HU)
    assert scan.source.path == Path(series.name)


def test_a_path_that_is_not_text(series: Path, tmp_path: Path) -> None:
    folder = tmp_path / os.fsdecode(b"head-\xe4")
    try:
        folder.symlink_to(series)
    except OSError as error:
        assert error.errno == errno.EILSEQ  # macOS has no such names
        return
    assert open_scan(folder).source.path == folder


def test_a_process_that_died_unexpectedly_is_replaced(series: Path) -> None:
    open_scan(series)
    for one in readers():
        one.kill()
        until(lambda one=one: one.status() == psutil.STATUS_ZOMBIE)
    np.testing.assert_array_equal(open_scan(series).voxels, HU)


@NO_WINDOWS
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_signals_to_the_caller_do_not_end_the_reading_process(long_series: Path, name: str) -> None:
    """Those of a terminal reach all its processes, and what the asker then does is up to it."""
    reading = begin_scan(long_series)
    pid = reading.pid
    assert pid is not None
    scan = reading.scan(lambda said: os.kill(pid, getattr(signal, name)) if "decoding" in said else None)
    assert scan.n_slices == 40


@NO_WINDOWS
def test_ctrl_c_while_it_reads_ends_the_reading(series: Path, long_series: Path) -> None:
    def interrupt(said: dict[str, Any]) -> None:
        raise KeyboardInterrupt

    before = {one.pid for one in readers()}
    with pytest.raises(KeyboardInterrupt):
        begin_scan(long_series).scan(interrupt)
    until(lambda: len({one.pid for one in readers()} - before) == 0)
    np.testing.assert_array_equal(open_scan(series).voxels, HU)


def test_an_abandoned_reading_is_ended(long_series: Path) -> None:
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
