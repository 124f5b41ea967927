from __future__ import annotations

import numpy as np
import pytest

from ichor.methods.classical.fuzzy import fuzzy_centres, membership, spatial_clusters
from synthetic_classical import dice


def noisy_discs(noise: float) -> tuple[np.ndarray, np.ndarray]:
    """Two slices with background at 10, tissue at 35 and a bright disc at 65; and the discs."""
    rows, columns = np.mgrid[:80, :80]
    truth = np.stack([np.hypot(rows - 40, columns - 40) < 12, np.hypot(rows - 30, columns - 50) < 8])
    image = np.where(truth, 65.0, np.where(columns < 20, 10.0, 35.0))
    return (image + np.random.default_rng(1).normal(0, noise, image.shape)).astype(np.float32), truth


def test_the_centers_are_those_of_the_three_tissues() -> None:
    image, _ = noisy_discs(2)
    assert fuzzy_centres(image, 3) == pytest.approx([10, 35, 65], abs=1.5)


def test_memberships_sum_to_one_and_are_one_at_a_center() -> None:
    u = membership(np.array([10.0, 22.5, 35.0]), np.array([10.0, 35.0]))
    assert u.sum(axis=0) == pytest.approx(1)
    assert u[:, 0] == pytest.approx([1, 0], abs=1e-3)
    assert u[:, 1] == pytest.approx([0.5, 0.5])


def test_the_neighbors_remove_noise() -> None:
    image, truth = noisy_discs(8)
    everywhere = np.ones(image.shape, bool)
    plain = membership(image, fuzzy_centres(image, 3)).argmax(axis=0) == 2
    spatial = spatial_clusters(image, everywhere, 3).hard() == 2
    assert dice(spatial, truth) > 0.9 > dice(plain, truth) + 0.05


def test_only_the_mask_counts() -> None:
    image, truth = noisy_discs(2)
    mask = np.ones(image.shape, bool)
    mask[:, :, :22] = False
    image[:, :, :20] = 1000
    found = spatial_clusters(image, mask, 2)
    assert found.centres == pytest.approx([35, 65], abs=1.5)
    assert not found.membership[:, ~mask].any()
    assert found.membership.sum(axis=0)[mask] == pytest.approx(1, abs=1e-3)
    assert dice((found.hard() == 1) & mask, truth) > 0.95


def test_nothing_to_cluster_is_refused() -> None:
    with pytest.raises(ValueError, match="expected values to cluster, found none"):
        fuzzy_centres(np.zeros(0), 3)
    assert len(fuzzy_centres(np.full(9, 30.0), 3)) == 3
