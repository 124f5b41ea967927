"""A reading that breaks off: a crash and a limit that is exceeded are one line, and the next input is read."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import psutil
import pytest

from ichor.errors import UnreadableInput
from ichor.read import begin_scan, open_scan
from ichor.read.deadline import Deadline
from ichor.read.pool import SHARED
from reading_processes import HU, killed_while_it_decodes, zipped
from signals import LINUX, NO_WINDOWS
from synthetic_dicom import ct_slices, hu_of_head, save


@NO_WINDOWS
@pytest.mark.parametrize(
    ("by", "why"),
    [
        ("SIGSEGV", "expected a head CT, found content that crashes the decoder"),
        ("SIGABRT", "expected a head CT, found content that crashes the decoder"),
        ("SIGKILL", "the process that reads it was killed 3 times; perhaps memory ran out"),
    ],
)
def test_a_crash_is_reported_in_one_line_and_the_next_input_is_read(
    series: Path, long_series: Path, by: str, why: str
) -> None:
    line = killed_while_it_decodes(long_series, getattr(signal, by))
    assert line.startswith(f"{long_series}: {why}")
    np.testing.assert_array_equal(open_scan(series).voxels, HU)


@NO_WINDOWS
def test_a_kill_from_outside_leaves_no_slice_out(long_series: Path) -> None:
    reading, victims = begin_scan(long_series), set()

    def watch(said: dict[str, Any]) -> None:
        if "decoding" in said and len(victims) < 2 and reading.pid not in victims:
            assert reading.pid is not None
            victims.add(reading.pid)
            os.kill(reading.pid, signal.SIGKILL)

    scan = reading.scan(watch)
    assert len(victims) == 2
    assert scan.warnings == open_scan(long_series).warnings
    np.testing.assert_array_equal(scan.voxels, open_scan(long_series).voxels)


# Run by Python as a reading process starts: the decoder of one file crashes the process, at the very moment.
CRASHES = """
import os, signal
from ichor.read import progress
tell = progress.decoding
def decoding(file, **more):
    tell(file, **more)
    if file.name == "07.dcm":
        os.kill(os.getpid(), signal.SIGSEGV)
progress.decoding = decoding
"""


@NO_WINDOWS
def test_a_slice_that_crashes_the_decoder_is_excluded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hu = hu_of_head(40, 256, 256)
    folder = save(ct_slices(hu), tmp_path / "scan", names=[f"{k:02d}.dcm" for k in range(40)])
    (tmp_path / "sitecustomize.py").write_text(CRASHES)
    monkeypatch.syspath_prepend(str(tmp_path))
    SHARED.end_idle()  # those that run already do not crash
    scan = open_scan(folder)
    SHARED.end_idle()
    np.testing.assert_array_equal(scan.voxels, np.delete(hu, 7, axis=0))
    assert scan.warnings == (
        "07.dcm: its pixel data crash the decoder; slice left out.",
        "About 1 slice missing between slices 7 and 8: 10.0 mm apart.",
    )


@NO_WINDOWS
def test_a_crash_while_unpacked_leaves_nothing(long_series: Path, tmp_path: Path, room: Path) -> None:
    line = killed_while_it_decodes(zipped(long_series, tmp_path), signal.SIGKILL, "ichor-unpacked-")
    assert "ichor-unpacked-" not in line
    assert not list(room.iterdir())


@NO_WINDOWS
def test_a_timeout_is_reported_in_one_line(long_series: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    allow = Deadline.set
    monkeypatch.setattr(Deadline, "set", lambda self, seconds: allow(self, min(seconds, 1)))
    reading = begin_scan(long_series)
    pid = reading.pid
    assert pid is not None
    with pytest.raises(UnreadableInput, match="expected to read it in at most 1 s, found that it takes longer"):
        reading.scan(lambda said: os.kill(pid, signal.SIGSTOP) if "decoding" in said else None)
    assert not psutil.pid_exists(pid)


@LINUX
def test_excessive_memory_is_reported_in_one_line(tmp_path: Path, series: Path) -> None:
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


def test_the_traceback_of_the_reading_process_is_the_cause(tmp_path: Path) -> None:
    (tmp_path / "head.nii.gz").write_bytes(b"\x1f\x8b no gzip")
    with pytest.raises(UnreadableInput) as refused:
        open_scan(tmp_path / "head.nii.gz")
    assert len(str(refused.value).splitlines()) == 1
    there = str(refused.value.__cause__)
    assert "Traceback" in there and "nifti.py" in there and "BadGzipFile" in there
