from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from ichor.errors import BadConfig
from ichor.experiments.config import load_config
from ichor.methods.gautam2019 import Gautam2019, wavelet_denoised
from synthetic_classical import DEEP, GRID, case, dice, made, training


@pytest.fixture(scope="module")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> Gautam2019:
    method = Gautam2019(grid=GRID)
    method.fit(training(), [], tmp_path_factory.mktemp("gautam"))
    return method


@pytest.mark.parametrize("size", [64, 61], ids=["even", "odd"])
def test_wavelets_remove_noise_and_keep_a_square(size: int) -> None:
    clean = np.full((2, size, size), 30, np.float32)
    clean[:, 16:40, 16:40] = 65
    noisy = clean + np.random.default_rng(0).normal(0, 4, clean.shape).astype(np.float32)
    denoised, coarse = wavelet_denoised(noisy, np.ones(clean.shape, bool))
    assert denoised.shape == coarse.shape == clean.shape
    assert np.abs(denoised - clean).mean() < 0.4 * np.abs(noisy - clean).mean()
    assert coarse[0, 24:28, 24:28].std() == pytest.approx(0, abs=1e-4)


def test_an_image_without_noise_stays_as_it_is() -> None:
    flat = np.full((1, 32, 32), 30, np.float32)
    flat[:, 8:16, 8:16] = 65
    denoised, _ = wavelet_denoised(flat, np.ones(flat.shape, bool))
    np.testing.assert_allclose(denoised, flat, atol=1e-4)


def test_blood_is_outlined_and_a_head_without_blood_is_clean(fitted: Gautam2019) -> None:
    scan = made(DEEP)
    found, clean = fitted.predict(scan).mask, fitted.predict(made(None)).mask
    assert found is not None and clean is not None
    assert dice(found, case("001", scan).mask) > 0.85
    assert not clean.any()


def test_without_pywavelets_it_says_what_to_install(fitted: Gautam2019, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pywt", None)
    with pytest.raises(BadConfig, match=r"expected the package pywt, found none; .*'ichor-ct\[literature\]'"):
        fitted.predict(made(DEEP))


def test_without_hemorrhage_fitting_raises_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match="gautam2019: expected training cases with hemorrhage, found none"):
        Gautam2019(grid=GRID).fit([case("001", made(None))], [], tmp_path)


def test_the_config_is_built_in() -> None:
    assert load_config("literature/gautam2019").method == "gautam2019"
