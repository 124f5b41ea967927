from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ichor.evaluate.prediction import TABLE_THRESHOLDS, Prediction, SingleSlices
from ichor.runs.kept import pack, read_prediction, read_raw, unpack, write_kept
from ichor.segmentation import RawOutput, Scale, VoxelMap


def one(value: float, scale: Scale = Scale.PROBABILITY) -> VoxelMap:
    return VoxelMap(np.full((1, 1, 1), value, np.float32), scale)


@given(st.floats(0, 1, width=32))
def test_a_packed_probability_is_within_a_tenth_of_its_logit(p: float) -> None:
    found = float(unpack(pack(one(p)), Scale.PROBABILITY).values[0, 0, 0])
    assert 0 <= found <= 1
    if 5e-6 < p < 1 - 5e-6:
        logit = np.log(p / (1 - p))
        assert abs(np.log(found / (1 - found)) - logit) < 0.051
    else:
        assert abs(found - p) < 1e-5


def test_zero_and_one_stay_exact_and_order_is_kept() -> None:
    grid = np.linspace(0, 1, 1001, dtype=np.float32)[:, None, None]
    found = unpack(pack(VoxelMap(grid)), Scale.PROBABILITY).values.ravel()
    assert (found[0], found[-1]) == (0, 1)
    assert (np.diff(found) >= 0).all()


@given(st.floats(-12.7, 12.7))
def test_a_packed_logit_stays_a_logit(z: float) -> None:
    found = unpack(pack(one(z, Scale.LOGIT)), Scale.LOGIT)
    assert found.scale is Scale.LOGIT
    assert found.values[0, 0, 0] == pytest.approx(z, abs=0.051)


def test_logits_of_a_method_come_back_as_what_they_were(tmp_path: Path) -> None:
    """Taken for probabilities, 40, -5 and 1.2 would all come back as one half."""
    logits = np.array([40, -5, 1.2], np.float32).reshape(3, 1, 1)
    raw = RawOutput({"probability": VoxelMap(logits, Scale.LOGIT)}, {"gray": np.arange(3, dtype=np.uint8)})
    write_kept(tmp_path / "049.npz", prediction(), raw)
    found = read_raw(tmp_path / "049.npz")
    voxels = found.voxels["probability"]
    assert voxels.values.ravel() == pytest.approx([12.7, -5, 1.2], abs=0.051)  # cut at 3e-6 from 0 and 1
    assert voxels.probability().ravel() == pytest.approx([1, 0.0067, 0.77], abs=0.01)
    assert found.arrays["gray"].tolist() == [0, 1, 2]
    with pytest.raises(ValueError, match="expected probabilities in 0 to 1, found -5 to 40"):
        VoxelMap(logits)


def prediction() -> Prediction:
    mask = np.random.default_rng(0).random((3, 5, 7)) > 0.5
    areas = {t: mask.sum(axis=(1, 2)) for t in TABLE_THRESHOLDS}
    return Prediction("049", 2, mask, np.array([0.1, 0.2, 0.3]), 0.4, 0.5, areas)


def test_a_prediction_comes_back(tmp_path: Path) -> None:
    written = prediction()
    write_kept(tmp_path / "049.npz", written, RawOutput())
    found = read_prediction(tmp_path / "049.npz")
    assert (found.subject, found.fold, found.scan_probability, found.threshold) == ("049", 2, 0.4, 0.5)
    assert found.slice_probability.tolist() == [0.1, 0.2, 0.3]
    assert np.array_equal(found.mask, written.mask)
    assert all(np.array_equal(found.areas[t], written.areas[t]) for t in TABLE_THRESHOLDS)
    assert found.single_slices is None
    alone = SingleSlices(np.array([0.5, 0.6, 0.7]), np.array([True, False, True]))
    write_kept(tmp_path / "049.npz", replace(written, single_slices=alone), RawOutput())
    again = read_prediction(tmp_path / "049.npz").single_slices
    assert again is not None
    assert (again.probability.tolist(), again.marked.tolist()) == ([0.5, 0.6, 0.7], [True, False, True])


def test_a_file_written_before_0_2_is_read(tmp_path: Path) -> None:
    """Its raw output was called an answer, and every voxel map was one of probabilities."""
    tenths = pack(one(0.25))
    np.savez_compressed(tmp_path / "049.npz", **{"answer.probability": tenths, "answer.stretched": np.uint8([7])})
    found = read_raw(tmp_path / "049.npz")
    assert found.voxels["probability"].values[0, 0, 0] == pytest.approx(0.25, abs=0.02)
    assert found.arrays["stretched"].tolist() == [7]
