from __future__ import annotations

import numpy as np
import pytest

from ichor.methods.calibration import logit
from ichor.methods.unet_slices.rescoring import N_FEATURES, rescored, slice_features


def _outputs(n: int = 3) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    return {
        "probability": rng.random((n, 32, 32)).astype(np.float32) * 0.9,
        "slice_probability": rng.random(n).astype(np.float32),
        "subtype_probability": rng.random((n, 5)).astype(np.float32),
    }


def test_features_are_the_logits_of_slice_subtypes_and_most_probable_pixels_and_the_expected_size() -> None:
    outputs = _outputs()
    found = slice_features(outputs)
    assert found.shape == (3, N_FEATURES)
    assert found.dtype == np.float32
    for i, pixels in enumerate(outputs["probability"]):
        ordered = logit(np.sort(pixels.ravel())[::-1])
        expected = [
            float(logit(outputs["slice_probability"][i])),
            *logit(outputs["subtype_probability"][i]),
            *(ordered[:n].mean() for n in (1, 20, 100, 500)),
            np.log1p(pixels.sum()),
        ]
        assert found[i] == pytest.approx(expected, abs=1e-4)


def test_a_field_of_few_pixels_has_features_too() -> None:
    outputs = _outputs()
    outputs["probability"] = outputs["probability"][:, :4, :4]
    assert np.isfinite(slice_features(outputs)).all()


@pytest.mark.parametrize(
    ("positions", "calls"),
    [
        (np.arange(7) * 5.0, [[0, 1, 2, 3, 4, 5, 6]]),
        (np.arange(7) * 2.5, [[0, 2, 4, 6], [1, 3, 5]]),
        (np.arange(7) * 8.0, [[0, 1, 2, 3, 4, 5, 6]]),
        (np.arange(3) * 0.5, [[0], [1], [2]]),
        (None, [[0, 1, 2, 3, 4, 5, 6]]),
    ],
)
def test_thin_slices_are_read_as_several_scans(positions: np.ndarray | None, calls: list[list[int]]) -> None:
    n = sum(map(len, calls))
    features = np.arange(n, dtype=np.float32)[:, None]
    seen = []

    def reader(some: np.ndarray) -> dict[str, np.ndarray]:
        seen.append(some[:, 0].astype(int).tolist())
        return {"slice_probability": some[:, 0] / 10, "subtype_probability": np.repeat(some, 5, axis=1)}

    read = rescored(reader, features, positions, 5.0)
    assert seen == calls
    assert read["slice_probability"] == pytest.approx(np.arange(n) / 10)
    assert read["subtype_probability"].shape == (n, 5)
