from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage

from ichor.errors import BadConfig
from ichor.methods import load_model
from ichor.methods.calibration import Calibration, Calibrations
from ichor.methods.unet_slices.candidates import FEATURES, FalsePositiveClassifier
from ichor.methods.unet_slices.method import UNetSlices
from ichor.methods.unet_slices.outline import outlined
from ichor.methods.unet_slices.settings import Parameters
from ichor.read import open_scan
from ichor.scan import Scan, Source
from ichor.segmentation import RawOutput
from ichor.windows import BRAIN
from paths import CT_ICH_PART
from synthetic_scans import synthetic_head
from untrained_package import untrained_method


def voxels(raw: RawOutput) -> np.ndarray:
    return raw.voxels["probability"].values


@pytest.fixture(scope="module")
def method() -> UNetSlices:
    loaded = load_model().method
    assert isinstance(loaded, UNetSlices)
    return loaded


@pytest.fixture(scope="module")
def scan() -> Scan:
    """The middle of the demonstration subject, with its blood."""
    whole = open_scan(CT_ICH_PART / "Patients_CT/088")
    keep = slice(2, 10)  # numbers 21 to 28 of the subject
    assert whole.pixel_mm is not None
    assert whole.positions_mm is not None
    return Scan(
        whole.voxels[keep], whole.source, whole.pixel_mm[keep], whole.positions_mm[keep], whole.orientation[keep]
    )


def test_the_mask_follows_from_the_probabilities_and_the_threshold(method: UNetSlices, scan: Scan) -> None:
    found = method.predict(scan)
    assert method.parameters is not None
    threshold, offset = method.parameters.threshold, method.parameters.logit_offset
    assert found.probability is not None and found.mask is not None
    reaches = found.probability >= threshold
    assert np.array_equal(found.mask, reaches if offset is None else outlined(found.probability, threshold, offset))
    assert found.mask.any()
    assert found.probability.dtype == np.float32
    highest = found.slice_probability.max(keepdims=True)
    assert found.scan_probability == pytest.approx(method.parameters.calibration.scan.apply(highest)[0])


def test_a_scan_that_is_stored_turned_gets_the_same_answer(method: UNetSlices, scan: Scan) -> None:
    straight = method.raw_output(scan)
    assert scan.positions_mm is not None
    turned = replace(
        scan,
        voxels=scan.voxels.transpose(0, 2, 1)[:, ::-1],
        orientation=np.tile([[0.0, 1.0, 0.0], [-1.0, 0.0, 0.0]], (scan.n_slices, 1, 1)),
        positions_mm=scan.positions_mm + np.array([0.33 * 649, 0, 0]),
    )
    found = method.raw_output(turned)
    assert np.abs(found.arrays["slice_probability"] - straight.arrays["slice_probability"]).max() < 1e-5
    assert np.abs(voxels(found) - voxels(straight).transpose(0, 2, 1)[:, ::-1]).max() < 1e-5


def test_an_unknown_pixel_size_is_taken_from_the_head(method: UNetSlices, scan: Scan) -> None:
    unknown = Scan(scan.voxels, Source("images", Path("made")))
    found = method.predict(unknown)
    known = method.predict(scan)
    both = (found.mask & known.mask).sum() * 2 / (found.mask.sum() + known.mask.sum())
    assert both > 0.6


def test_gray_slices_are_read_as_hu(method: UNetSlices, scan: Scan) -> None:
    gray = replace(scan, voxels=np.round(BRAIN.gray(scan.hu)).astype(np.uint8), gray_window=BRAIN)
    clipped = replace(scan, voxels=np.clip(scan.hu, BRAIN.lowest_hu, BRAIN.highest_hu))
    both = [voxels(method.raw_output(one)) for one in (gray, clipped)]
    assert np.abs(both[0] - both[1]).max() < 0.05


def test_the_shipped_model_classifies_slices_among_their_neighbors(
    method: UNetSlices, scan: Scan, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert method.rescorer is not None and method.parameters is not None
    # Without the false-positive classifier, to which a lesion's slices matter.
    without = method.parameters.model_copy(update={"false_positive_classifier": None})
    monkeypatch.setattr(method, "parameters", without)
    read = method.predict(scan)
    monkeypatch.setattr(method, "rescorer", None)
    alone = method.predict(scan)
    assert np.array_equal(read.probability, alone.probability)
    assert not np.allclose(read.slice_probability, alone.slice_probability, atol=1e-3)
    assert read.subtype_probability is not None
    assert read.subtype_probability.shape == (scan.n_slices, 5)


def test_a_single_slice_is_segmented(method: UNetSlices, scan: Scan) -> None:
    assert scan.pixel_mm is not None
    one = Scan(scan.voxels[:1], scan.source, scan.pixel_mm[:1])
    assert method.predict(one).mask.shape == one.voxels.shape


def test_subtypes_are_predicted_if_the_network_has_them(scan: Scan) -> None:
    assert untrained_method(subtypes=False).predict(scan).subtype_probability is None
    tells = untrained_method()
    found, answered = tells.predict(scan).subtype_probability, tells.raw_output(scan).arrays["subtype_probability"]
    assert found is not None
    assert np.array_equal(found, answered)
    assert found.shape == (scan.n_slices, 5) and found.dtype == np.float64
    assert ((found > 0) & (found < 1)).all() and found.std() > 0


def test_a_package_without_calibration_returns_the_networks_output(scan: Scan, monkeypatch: pytest.MonkeyPatch) -> None:
    method = untrained_method()
    calibrated = method.predict(scan)
    assert method.parameters is not None and method.parameters.calibration == Calibrations()
    monkeypatch.setattr(Calibration, "apply", lambda self, probability: probability)
    network = method.predict(scan)
    assert np.array_equal(calibrated.probability, network.probability)
    assert np.array_equal(calibrated.slice_probability, network.slice_probability)
    assert calibrated.scan_probability == network.scan_probability
    assert calibrated.made_by == network.made_by and calibrated.made_by.operating_point is None


def test_its_output_is_calibrated_and_in_the_same_order(scan: Scan) -> None:
    method = untrained_method()
    assert method.parameters is not None
    plain = method.predict(scan)
    tasks = {
        "voxel": Calibration(slope=0.5, intercept=-1),
        "slice": Calibration(slope=2, intercept=1),
        "subtype": Calibration(slope=0.3, intercept=0.5),
        "scan": Calibration(slope=0.7, intercept=-0.5),
    }
    method.parameters = method.parameters.model_copy(update={"calibration": Calibrations(**tasks)})
    found, raw = method.predict(scan), method.raw_output(scan)
    assert np.array_equal(found.probability, voxels(raw))  # what is kept of a run is calibrated too
    assert np.allclose(found.slice_probability, tasks["slice"].apply(plain.slice_probability))
    assert np.array_equal(np.argsort(found.slice_probability), np.argsort(plain.slice_probability))
    assert plain.subtype_probability is not None and found.subtype_probability is not None
    assert np.allclose(found.subtype_probability, tasks["subtype"].apply(plain.subtype_probability))
    assert found.scan_probability == pytest.approx(tasks["scan"].apply(found.slice_probability.max(keepdims=True))[0])
    # Calibrated before it is brought onto the scan's grid, where neighbours are mixed.
    inside = plain.probability > 0
    assert np.array_equal(inside, found.probability > 0)
    assert np.abs(found.probability - tasks["voxel"].apply(plain.probability))[inside].mean() < 0.01


def test_a_voxels_probability_is_its_networks_times_its_lesions() -> None:
    scan = synthetic_head(n=8, size=64, pixel_mm=(3.2, 3.2), distances_mm=14.0)  # on the grid of the network's field
    scan.voxels[1, 30:34, 20:24] = 65  # a second lesion, smaller

    def network(hu: np.ndarray) -> dict[str, np.ndarray]:
        blood = (hu[:, 1] > 60) & (hu[:, 1] < 90)
        return {
            "probability": np.where(blood, 0.9, 0.2).astype(np.float32),
            "slice_probability": np.linspace(0.1, 0.9, len(hu), dtype=np.float32),
        }

    method = untrained_method()
    method.forward = network
    plain = method.raw_output(scan)
    assert method.parameters is not None
    # By its volume alone a lesion of v mL is hemorrhage with a probability of v / (1 + v).
    classifier = FalsePositiveClassifier(
        intercept=0, weights={**dict.fromkeys(FEATURES, 0.0), "log_ml": 1.0}, elsewhere=0.25
    )
    method.parameters = method.parameters.model_copy(update={"false_positive_classifier": classifier})
    found = method.raw_output(scan)
    lesions, n = ndimage.label(voxels(plain) > 0.5)
    assert n == 2
    for k in (1, 2):
        v = (lesions == k).sum() * 14 * 3.2**2 / 1000
        assert np.allclose(voxels(found)[lesions == k], 0.9 * v / (1 + v))
    assert np.allclose(voxels(found)[lesions == 0], 0.2 * 0.25)
    assert np.array_equal(found.arrays["slice_probability"], plain.arrays["slice_probability"])


def test_calibrated_parameters_are_kept_by_a_package(tmp_path: Path) -> None:
    method = untrained_method()
    method.parameters = Parameters(
        threshold=0.4,
        head_mm=180,
        calibration=Calibrations(slice=Calibration(slope=0.123456789, intercept=-2)),
        false_positive_classifier=FalsePositiveClassifier(
            intercept=-1 / 3, weights={name: 1 / 7**k for k, name in enumerate(FEATURES)}, elsewhere=0.1
        ),
        operating_point="balanced",
        operating_points={"triage": 0.1, "balanced": 0.4},
    )
    method.save(tmp_path / "package")
    assert UNetSlices.load(tmp_path / "package").parameters == method.parameters
    triage = load_model(tmp_path / "package", operating_point="triage").method
    assert isinstance(triage, UNetSlices) and triage.parameters == method.parameters.at("triage")
    with pytest.raises(BadConfig, match="expected one of the operating points triage, balanced, found specific"):
        load_model(tmp_path / "package", operating_point="specific")


def test_an_unfitted_method_raises_a_clear_error(scan: Scan) -> None:
    with pytest.raises(BadConfig, match="expected a fitted or loaded method"):
        UNetSlices().predict(scan)
    with pytest.raises(BadConfig, match="expected a fitted or loaded method"):
        UNetSlices().save(Path("nowhere"))
