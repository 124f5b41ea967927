"""The study of the label ceiling, as a process on a synthetic dataset, and its simulated readers."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from scipy import ndimage

from studies.label_ceiling.page import edge_error
from studies.label_ceiling.readers import px, widened
from study import study
from synthetic_ct_ich import write_ct_ich


def test_larger_alterations_agree_less(tmp_path: Path) -> None:
    write_ct_ich(tmp_path / "ct-ich", {"051": 1, "052": 1}, n_slices=3)
    for name in ("one", "two"):
        study("label_ceiling", "--data", tmp_path / "ct-ich", "--out", tmp_path / name).check_returncode()
    assert (tmp_path / "one" / "ceiling.json").read_bytes() == (tmp_path / "two" / "ceiling.json").read_bytes()
    found = json.loads((tmp_path / "one" / "ceiling.json").read_text())
    dice = {name: row["dice"]["value"] for name, row in found["readers"].items()}
    assert all(row["dice"]["n"] == 2 for row in found["readers"].values())
    assert 1 > dice["widened by 1 mm"] > dice["widened by 2 mm"] > 0
    assert 1 > dice["edge displaced, SD 1 mm"] > dice["edge displaced, SD 3 mm"] > 0
    assert found["contrast_hu"]["median"] > 20  # a made bleed is bright
    page = (tmp_path / "one" / "README.md").read_text()
    assert "not a medical device" in page and f"{dice['smoothed by 1 mm']:.3f}" in page


def test_the_edge_error_is_interpolated_between_measurements() -> None:
    rows = {f"edge displaced, SD {sd} mm": {"dice": {"value": dice}} for sd, dice in ((1, 0.8), (2, 0.6), (3, 0.5))}
    told = [edge_error(rows, dice) for dice in (1.0, 0.9, 0.65, 0.5, 0.4)]
    assert told == ["0.0 mm (SD)", "0.5 mm (SD)", "1.8 mm (SD)", "3.0 mm (SD)", "more than 3 mm (SD)"]


def test_widening_agrees_with_dilation_by_scipy() -> None:
    disc = np.hypot(*np.mgrid[-30:31, -30:31]) < 12
    ball = np.hypot(*np.mgrid[-4:5, -4:5]) < px(1) + 0.5  # from a pixel's centre to the edge is half a pixel
    assert np.array_equal(widened(1.0, disc), ndimage.binary_dilation(disc, ball))
