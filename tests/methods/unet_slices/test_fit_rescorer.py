from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ichor.evaluate.detection import roc_curve
from ichor.methods.unet_slices.fit_rescorer import TorchRescorer, train_rescorer
from ichor.methods.unet_slices.rescoring import N_FEATURES
from ichor.models.engine import Engine

pytestmark = pytest.mark.long


def _scans(n: int, seed: int) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Scans of 12 slices: hemorrhage lies on runs of slices, which a single slice tells only with noise."""
    rng = np.random.default_rng(seed)
    features, labels = [], []
    for _ in range(n):
        of = np.zeros((12, 5), bool)
        start = rng.integers(0, 8)
        of[start : start + 5, 2] = rng.random() < 0.7
        noisy = rng.normal(0, 1, (12, N_FEATURES)) + 1.5 * of.any(axis=1)[:, None] * (np.arange(N_FEATURES) == 0)
        features.append(noisy.astype(np.float32))
        labels.append(of)
    return features, labels


@pytest.fixture(scope="module")
def reader() -> TorchRescorer:
    trained = train_rescorer(*_scans(40, seed=1), seed=0)
    assert isinstance(trained, TorchRescorer)
    return trained


def test_neighbors_help_a_slice(reader: TorchRescorer) -> None:
    features, labels = _scans(60, seed=2)
    truth = np.concatenate(labels).any(axis=1)
    alone = roc_curve(truth, np.concatenate(features)[:, 0].astype(np.float64)).auc
    read = [reader(one) for one in features]
    among = roc_curve(truth, np.concatenate([one["slice_probability"] for one in read]).astype(np.float64)).auc
    assert among > alone + 0.05
    assert read[0]["subtype_probability"].shape == (12, 5)


@pytest.mark.parametrize("engine", ["openvino", "onnxruntime"])
def test_the_exported_rescorer_handles_scans_of_any_length(reader: TorchRescorer, engine: str, tmp_path: Path) -> None:
    reader.export(tmp_path / "rescorer.onnx")
    exported = Engine(tmp_path / "rescorer.onnx", engine=engine, threads=1)  # type: ignore[arg-type]
    for n in (1, 2, 35, 200):
        features = np.random.default_rng(n).normal(size=(n, N_FEATURES)).astype(np.float32)
        expected, found = reader(features), exported(features)
        assert found.keys() == expected.keys()
        for name in expected:
            assert found[name].shape == expected[name].shape
            assert np.abs(found[name] - expected[name]).max() < 1e-5


def test_the_same_scans_give_the_same_rescorer() -> None:
    features, labels = _scans(3, seed=3)
    first, second = (train_rescorer(features, labels, seed=5)(features[0]) for _ in range(2))
    assert np.array_equal(first["slice_probability"], second["slice_probability"])
