from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from monai.inferers import sliding_window_inference
from skimage import morphology

from ichor.errors import BadConfig
from ichor.methods import load_model
from ichor.methods.field import tile_corners
from ichor.methods.morphology import close_then_open
from ichor.methods.unet_tiles.method import UNetTiles
from ichor.methods.unet_tiles.settings import Parameters
from ichor.nets.unet import UNet
from ichor.read import open_scan
from ichor.scan import Scan
from ichor.train.forward import Probabilities, TorchForward
from paths import CT_ICH_PART, GE_HEAD_PART


@pytest.fixture(scope="module")
def method() -> UNetTiles:
    torch.manual_seed(0)
    made = UNetTiles(width=2)
    network = UNet(2)
    with torch.no_grad():  # spread the probabilities, so that a threshold divides them
        network.head.weight.mul_(40)
    made.forward, made.parameters = TorchForward(network), Parameters(head_mm=180)
    return made


DEMONSTRATION = CT_ICH_PART / "Patients_CT/088"


def some_of(path: Path, first: int, end: int) -> Scan:
    """Some slices of a scan."""
    whole = open_scan(path)
    assert whole.pixel_mm is not None and whole.positions_mm is not None
    keep = slice(first, end)
    return Scan(
        whole.voxels[keep], whole.source, whole.pixel_mm[keep], whole.positions_mm[keep], whole.orientation[keep]
    )


def test_the_papers_slice_has_49_tiles(method: UNetTiles) -> None:
    corners = method.corners
    assert len(corners) == 49
    assert corners.min() == 0
    assert corners.max() == 480
    with pytest.raises(ValueError, match="expected a field that tiles of 160 at stride 80 cover, found 650"):
        tile_corners(650, 160, 80)


def test_overlapping_tiles_are_averaged_as_monai_does(method: UNetTiles) -> None:
    scan = some_of(DEMONSTRATION, 5, 8)
    probability = method.raw_output(scan).voxels["probability"].values
    assert probability.shape == scan.voxels.shape
    assert isinstance(method.forward, TorchForward)
    network = Probabilities(method.forward.network)
    crop = torch.from_numpy(scan.hu[1:2, None, 5:-5, 5:-5].astype(np.float32))
    with torch.inference_mode():
        expected = sliding_window_inference(
            crop, (160, 160), 7, lambda tiles: network(tiles)["probability"][:, None], overlap=0.5
        )
    assert np.abs(probability[1, 5:-5, 5:-5] - expected[0, 0].numpy()).max() < 1e-5
    assert not probability[:, :5].any()


def test_closing_and_opening_are_those_of_scikit_image() -> None:
    rng = np.random.default_rng(0)
    mask = rng.random((2, 120, 130)) > 0.6
    mask[:, 40:80, 50:90] = True
    mask[:, 55:60, 60:64] = False
    found = close_then_open(mask)
    for one, ours in zip(mask, found, strict=True):
        padded = np.pad(one, 20)
        closed = morphology.closing(padded, morphology.footprint_rectangle((10, 10)))
        opened = morphology.opening(closed, morphology.footprint_rectangle((5, 5)))
        assert np.array_equal(ours, opened[20:-20, 20:-20])
    alone = np.zeros((1, 50, 50), bool)
    alone[0, :3, :3] = True
    assert not close_then_open(alone).any()


def test_the_mask_is_thresholded_closed_and_opened(method: UNetTiles) -> None:
    scan = some_of(DEMONSTRATION, 5, 8)
    segmentation = method.predict(scan)
    assert 0 < segmentation.mask.mean() < 1
    assert np.array_equal(segmentation.mask, close_then_open(segmentation.probability >= 0.5))
    assert segmentation.made_by.threshold == 0.5


def test_stretched_tiles_make_full_hemorrhage_of_a_faint_maximum() -> None:
    """What the released code did: each tile saved as an image from its lowest probability to its highest."""

    def faint(tiles: np.ndarray) -> dict[str, np.ndarray]:
        probability = np.zeros((len(tiles), 160, 160), np.float32)
        probability[:, 40:120, 40:120] = 1e-4
        return {"probability": probability}

    plain, as_released = (UNetTiles(width=2, stretch=stretch) for stretch in (False, True))
    plain.forward = as_released.forward = faint
    scan = some_of(DEMONSTRATION, 6, 7)
    plain.parameters = Parameters(head_mm=180)
    raw = plain.raw_output(scan)
    assert not plain.postprocess(raw).mask.any()
    released = as_released.postprocess(raw)
    assert released.slice_probability.tolist() == [1.0]
    # By hand: the stretched tile is 1 in its middle and 0 around it; two tiles overlap there, or one at the border.
    expected = np.zeros((640, 640))
    times = np.zeros((640, 640))
    for r, c in plain.corners:
        expected[r + 40 : r + 120, c + 40 : c + 120] += 1
        times[r : r + 160, c : c + 160] += 1
    assert np.abs(released.probability[0, 5:-5, 5:-5] - expected / times).max() < 1 / 255


def test_a_package_gives_the_same_output(method: UNetTiles, tmp_path: Path) -> None:
    method.save(tmp_path / "tiles")
    loaded = load_model(tmp_path / "tiles")
    scan = some_of(GE_HEAD_PART, 2, 4)
    ours, theirs = method.predict(scan), loaded.predict(scan)
    assert np.abs(ours.probability - theirs.probability).max() < 1e-4
    assert 0 < (ours.probability >= 0.5).mean() < 1
    sure = np.abs(ours.probability - 0.5) > 1e-4
    assert np.array_equal((ours.probability >= 0.5)[sure], (theirs.probability >= 0.5)[sure])


def test_an_unfitted_method_raises_a_clear_error() -> None:
    with pytest.raises(BadConfig, match="expected a fitted or loaded method"):
        UNetTiles().predict(some_of(DEMONSTRATION, 0, 1))
