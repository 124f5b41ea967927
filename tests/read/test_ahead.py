"""A scan that is read while this process is busy with something else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ichor.errors import UnreadableInput
from ichor.read import ReadOptions, ahead, open_scan, read_ahead
from reading_processes import HU


def test_a_scan_read_ahead_is_taken_once(series: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read_ahead(series)
    monkeypatch.chdir(series.parent)
    scan = open_scan(series.name)  # the same place by another name
    np.testing.assert_array_equal(scan.voxels, HU)
    assert ahead.take_read_ahead(series, ReadOptions()) is None
    read_ahead(series / "nothing")
    with pytest.raises(UnreadableInput, match="found nothing at that path"):
        open_scan(series / "nothing")
    read_ahead(series / "nothing")
    np.testing.assert_array_equal(open_scan(series, ReadOptions(pixel_mm=1)).voxels, HU)
