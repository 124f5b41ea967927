from __future__ import annotations

import numpy as np
import pytest

from ichor.methods.classical.level_set import curvature, edge_force, edge_indicator, evolve, gradient, step_function
from synthetic_classical import dice

ROWS, COLUMNS = np.mgrid[:96, :96].astype(np.float32)


def disc(radius: float, row: float = 48, column: float = 48) -> np.ndarray:
    return (np.hypot(ROWS - row, COLUMNS - column) <= radius)[None]


def image_of(shape: np.ndarray) -> np.ndarray:
    noise = np.random.default_rng(0).normal(0, 2, shape.shape)
    return np.where(shape, 65, 32).astype(np.float32) + noise.astype(np.float32)


def outlined(start: np.ndarray, shape: np.ndarray, area: float, steps: int) -> np.ndarray:
    g = edge_indicator(image_of(shape), 1.5, contrast=3.0)
    return evolve(step_function(start), edge_force(g, length=5.0, area=area), steps=steps) < 0


def test_it_grows_to_the_edge_of_a_disc_and_stops() -> None:
    for steps in (200, 300):
        assert dice(outlined(disc(8, 44, 50), disc(25), -1.5, steps), disc(25)) > 0.95


def test_it_shrinks_to_the_edge_of_two_discs_and_parts() -> None:
    shape = disc(12, 30, 48) | disc(12, 66, 48)
    assert dice(outlined(disc(42), shape, 1.5, 400), shape) > 0.93


def test_without_an_image_a_circle_shrinks_by_its_curvature() -> None:
    flat = np.ones((1, 96, 96), np.float32)
    areas = [
        (evolve(step_function(disc(20)), edge_force(flat, length=5.0, area=0), steps=steps) < 0).sum()
        for steps in (0, 40, 80)
    ]
    assert areas[0] > areas[1] > areas[2] > 0


def test_the_regularization_makes_a_distance_function_of_a_step() -> None:
    still = evolve(step_function(disc(20)), lambda phi, at: np.zeros_like(phi), steps=200)
    steep = np.hypot(*gradient(still))
    at_contour = np.abs(still) < 1
    assert steep[at_contour].mean() == pytest.approx(1, abs=0.1)
    assert dice(still < 0, disc(20)) > 0.98


def test_slices_do_not_influence_each_other() -> None:
    shapes = np.concatenate([disc(25), disc(10, 30, 60)])
    g = edge_indicator(image_of(shapes), 1.5, 3.0)
    both = evolve(step_function(shapes), edge_force(g, length=5.0, area=-1.0), steps=30)
    one = evolve(step_function(shapes[1:]), edge_force(g[1:], length=5.0, area=-1.0), steps=30)
    np.testing.assert_allclose(both[1:], one, atol=1e-4)


def test_the_curvature_of_a_circle_is_one_over_its_radius() -> None:
    phi = (np.hypot(ROWS - 48, COLUMNS - 48) - 20)[None].astype(np.float32)
    ring = np.abs(phi) < 0.5
    assert curvature(phi)[ring].mean() == pytest.approx(1 / 20, rel=0.05)


def test_an_unstable_step_is_refused() -> None:
    with pytest.raises(ValueError, match=r"expected mu \* dt below 0.25, found 0.5"):
        evolve(step_function(disc(8)), lambda phi, at: phi, steps=1, mu=0.1, dt=5)
