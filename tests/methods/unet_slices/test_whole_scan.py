"""Settings by which a scan is seen as a whole: smoothed slice scores, and corrected gray values."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ichor.anatomy.rim import rim_hu
from ichor.methods.calibration import Calibration, Calibrations
from ichor.methods.unet_slices.method import UNetSlices
from ichor.methods.unet_slices.slice_scores import scan_probability, smoothed
from ichor.models.package import read_config
from ichor.simulate.hardening import bright_rim
from ichor.simulate.image import gray_images
from ichor.simulate.pictures import Style, picture
from ichor.windows import GrayWindow
from simulate_heads import head_case
from synthetic_scans import synthetic_head
from untrained_package import untrained_method, write_package


def with_settings(**changed: object) -> UNetSlices:
    method = untrained_method()
    method.settings = method.settings.model_copy(update=changed)
    return method


def test_smoothed_scores_replace_those_of_single_slices() -> None:
    scan = synthetic_head(n=12, size=64, pixel_mm=(3.2, 3.2), distances_mm=5.0)
    alone = untrained_method().raw_output(scan).arrays
    found = with_settings(slice_scores="smoothed").raw_output(scan).arrays
    heights = np.full(12, 5.0)
    single = np.asarray(alone["slice_probability"], np.float64)
    assert found["slice_probability"] == pytest.approx(smoothed(single, np.arange(12) * 5.0, heights))
    assert float(found["scan_probability"]) == pytest.approx(scan_probability(single, heights))
    assert found["subtype_probability"] == pytest.approx(alone["subtype_probability"])


def test_a_slice_beside_missing_slices_counts_as_its_thickness() -> None:
    scan = synthetic_head(
        n=12, size=64, pixel_mm=(3.2, 3.2), distances_mm=np.r_[np.full(5, 1.0), 20.0, np.full(5, 1.0)]
    )
    assert scan.slice_heights_mm is not None and scan.slice_heights_mm.max() == 10.5
    single = np.asarray(untrained_method().raw_output(scan).arrays["slice_probability"], np.float64)
    for thickness, heights in ((1.0, np.ones(12)), (4.0, np.minimum(scan.slice_heights_mm, 4.0))):
        found = with_settings(slice_scores="smoothed").raw_output(replace(scan, thickness_mm=np.full(12, thickness)))
        assert found.arrays["slice_probability"] == pytest.approx(smoothed(single, scan.slice_positions_mm, heights))
        assert float(found.arrays["scan_probability"]) == pytest.approx(scan_probability(single, heights))


def test_the_scan_is_as_probable_as_its_most_probable_slice_otherwise() -> None:
    scan = synthetic_head(n=12, size=64, pixel_mm=(3.2, 3.2), distances_mm=5.0)
    method = untrained_method()
    calibration = Calibrations(slice=Calibration(slope=2.0), scan=Calibration(intercept=0.5))
    assert method.parameters is not None
    method.parameters = method.parameters.model_copy(update={"calibration": calibration})
    raw, found = method.raw_output(scan), method.predict(scan)
    highest = found.slice_probability.max()
    assert found.scan_probability == pytest.approx(float(calibration.scan.apply(np.asarray(highest))))
    raw.arrays.pop("scan_probability")  # as in runs of earlier versions
    assert method.postprocess(raw).scan_probability == found.scan_probability


def test_a_rim_is_removed_before_the_network_sees_the_scan() -> None:
    case = head_case()
    rimmed = bright_rim(40.0, case).scan
    corrects = with_settings(corrected=True, pixel_mm=1.2, size=176)
    leaves = with_settings(pixel_mm=1.2, size=176)
    assert np.nanmean(rim_hu(leaves.field_of(rimmed)[0], 1.2)[:4]) > 5
    assert np.nanmean(rim_hu(corrects.field_of(rimmed)[0], 1.2)[:4]) < 2


def test_bone_that_a_narrow_window_cut_off_is_restored_before_the_network_sees_the_scan() -> None:
    case = gray_images(GrayWindow(40, 80), head_case())
    found = with_settings(corrected=True, pixel_mm=1.2, size=176).field_of(case.scan)[0]
    assert with_settings(pixel_mm=1.2, size=176).field_of(case.scan)[0].max() <= 80
    assert (found >= 200).mean() > 0.01


def test_pictures_that_are_too_dark_are_brightened_before_the_network_sees_them() -> None:
    one = picture(Style(GrayWindow(127.5, 255)), head_case(), 14, np.random.default_rng(0)).scan
    dark = with_settings(pixel_mm=1.2, size=176).field_of(one)[0]
    found = with_settings(corrected=True, pixel_mm=1.2, size=176).field_of(one)[0]
    middle = (slice(None), slice(70, 106), slice(70, 106))
    assert np.median(dark[middle]) < 0
    assert 25 < np.median(found[middle]) < 40


def test_the_card_says_so(tmp_path: Path) -> None:
    package = write_package(tmp_path / "model")
    config = read_config(package)
    settings = {**config.settings, "slice_scores": "smoothed", "corrected": True}
    said = UNetSlices.description(settings, config.parameters)
    assert "First, a bright rim all along the skull, as beam hardening leaves it, is removed" in said
    assert "averaged with a Gaussian of 5 mm" in said and "15 mm" in said
    plain = UNetSlices.description(config.settings, config.parameters)
    assert "rim" not in plain and "Gaussian" not in plain
