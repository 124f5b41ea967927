"""A small program that uses the Python API; test_typed.py has mypy look at it, and runs it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import assert_type

import numpy as np
from numpy.typing import NDArray

import ichor


def screened(path: Path, out: Path) -> float | None:
    """The volume of what was found, after everything that the API offers was used once."""
    scan = ichor.open_scan(path, ichor.ReadOptions(gray_window=ichor.GrayWindow(40, 120)))
    assert_type(scan, ichor.Scan)
    screener = ichor.Screener("ichor-1", operating_point="balanced", threads=1)
    result = screener.screen(scan)
    assert_type(result, ichor.Result)
    assert_type(ichor.screen(path, model="ichor-1", operating_point="triage"), ichor.Result)
    assert_type(result.scan, ichor.Scan)
    assert_type(result.findings, ichor.Findings)
    assert_type(result.segmentation, ichor.Segmentation)
    assert_type(result.mask, NDArray[np.bool_] | None)
    assert_type(result.probability, NDArray[np.float32] | None)
    assert_type(result.save(out, outputs=["report", "json"]), Path)
    assert_type(ichor.__version__, str)
    assert_type(result.findings.hemorrhage.volume_ml, float | None)
    try:
        ichor.open_scan("nowhere")
    except ichor.IchorError as error:
        assert_type(error, ichor.IchorError)
    return result.findings.hemorrhage.volume_ml


if __name__ == "__main__":
    sys.stdout.write(f"{screened(Path(sys.argv[1]), Path(sys.argv[2]))}\n")
