"""What other scanners would make of training images."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from ichor.train.acquisitions import Acquisitions
from ichor.train.augmentation import draw
from ichor.train.settings import AugmentationSettings
from ichor.windows import BRAIN

N = 6
NONE = Acquisitions(
    below=np.zeros(N),
    above=np.zeros(N),
    kernel=np.zeros(N),
    noise_hu=np.zeros(N),
    noise_peak=np.full(N, 0.2),
    window_hu=np.tile([BRAIN.lowest_hu, BRAIN.highest_hu], (N, 1)),
)


def images(size: int = 96) -> torch.Tensor:
    return torch.randn(N, 3, size, size, generator=torch.Generator().manual_seed(1)) * 100


def made(acquisitions: Acquisitions, hu: torch.Tensor, seed: int = 0) -> torch.Tensor:
    return acquisitions.apply(hu.clone(), torch.Generator().manual_seed(seed))


def test_nothing_drawn_changes_nothing() -> None:
    hu = images()
    assert torch.equal(made(NONE, hu), hu)


def test_slices_are_mixed_with_those_next_to_them() -> None:
    hu = images()
    part = np.array([0.5, 0, 0, 0, 0, 0])
    below, own, above = made(replace(NONE, above=part, below=part[::-1].copy()), hu).unbind(1)
    assert torch.allclose(own[0], (hu[0, 1] + 0.5 * hu[0, 2]) / 1.5, atol=1e-4)
    assert torch.allclose(below[0], (hu[0, 0] + 0.5 * hu[0, 1]) / 1.5, atol=1e-4)
    assert torch.equal(above[0], hu[0, 2])
    assert torch.allclose(own[5], (hu[5, 1] + 0.5 * hu[5, 0]) / 1.5, atol=1e-4)
    assert torch.equal(own[2], hu[2, 1])


def test_a_sharp_kernel_adds_what_a_smooth_one_removes() -> None:
    hu = images()
    sharper, smoother = (made(replace(NONE, kernel=np.full(N, by)), hu) for by in (1.0, -1.0))
    assert torch.allclose(sharper - hu, hu - smoother, atol=1e-3)
    assert sharper.std() > 1.5 * hu.std() > 2.5 * smoother.std()
    flat = torch.full((N, 3, 32, 32), 40.0)
    assert torch.allclose(made(replace(NONE, kernel=np.full(N, 2.0)), flat), flat)


@pytest.mark.parametrize("peak", [0.1, 0.35])
def test_noise_is_as_strong_as_drawn_and_its_power_peaks_where_drawn(peak: float) -> None:
    flat = torch.full((N, 3, 128, 128), 40.0)
    noise_hu = np.array([0, 5, 10, 20, 20, 20.0])
    noise = made(replace(NONE, noise_hu=noise_hu, noise_peak=np.full(N, peak)), flat) - flat
    assert noise.std(dim=(1, 2, 3)).numpy() == pytest.approx(noise_hu, rel=1e-3)
    power = np.abs(np.fft.fft2(noise[3:].numpy())).reshape(-1, 128, 128) ** 2
    frequency = np.hypot(np.fft.fftfreq(128)[:, None], np.fft.fftfreq(128))
    edges = np.arange(0, 0.5, 0.05)
    rings = [power[:, (frequency >= a) & (frequency < a + 0.05)].mean() for a in edges]
    assert edges[int(np.argmax(rings))] <= peak <= edges[int(np.argmax(rings))] + 0.1
    assert abs(np.corrcoef(noise[3].flatten(), noise[4].flatten())[0, 1]) < 0.05


def test_most_images_stay_nearly_as_they_were_and_draws_are_replayed() -> None:
    settings = AugmentationSettings(rotation_deg=0, shift=0, shear_deg=0, zoom=0, acquisitions=True)
    first, again = (draw(settings, 2000, np.random.default_rng(3)).acquisitions for _ in range(2))
    assert first is not None and again is not None
    np.testing.assert_equal([getattr(first, n) for n in first.__slots__], [getattr(again, n) for n in again.__slots__])
    assert np.mean(first.kernel > 0) == pytest.approx(0.12, abs=0.03)
    assert np.mean(first.kernel < 0) == pytest.approx(0.08, abs=0.03)
    assert np.mean(first.noise_hu > 0) == pytest.approx(0.12, abs=0.03) and 19 < first.noise_hu.max() <= 20
    assert np.mean(first.above > 0) == pytest.approx(0.12, abs=0.03) and first.above.max() <= 0.5
    changed = (first.kernel != 0) | (first.noise_hu > 0) | (first.above > 0) | (first.below > 0)
    assert 0.45 < np.mean(~changed) < 0.65


def test_an_image_known_in_one_window_is_clipped_to_it() -> None:
    settings = AugmentationSettings(
        rotation_deg=0, shift=0, shear_deg=0, zoom=0, acquisitions=True, brain_window_only=1.0
    )
    changes = draw(settings, N, np.random.default_rng(5))
    hu, _ = changes.apply(images() * 5, torch.zeros(N, 1, 96, 96))
    assert changes.acquisitions is not None
    ends = np.stack([hu.amin(dim=(1, 2, 3)).numpy(), hu.amax(dim=(1, 2, 3)).numpy()], axis=1)
    assert ends == pytest.approx(changes.acquisitions.window_hu, abs=1e-4)
    usual = (ends == (BRAIN.lowest_hu, BRAIN.highest_hu)).all(axis=1)
    assert 0 < usual.sum() < N
