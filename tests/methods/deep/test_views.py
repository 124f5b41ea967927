from __future__ import annotations

import numpy as np
import pytest

from ichor.methods.deep.views import Scans, Slices, Tiles, Volume
from ichor.methods.field import stack

Array = np.ndarray


def slices(n: int) -> Array:
    """Slices (n, 4, 4) whose values are their indices."""
    return np.broadcast_to(np.arange(n, dtype=np.int16)[:, None, None], (n, 4, 4))


def means(hu: Array) -> dict[str, Array]:
    return {"slice_probability": hu.mean(axis=(1, 2, 3)) / 100}


def test_five_slices_are_as_far_apart_as_asked() -> None:
    thin = np.arange(9) * 2.5
    assert stack(thin, 9, 5.0, 2)[4].tolist() == [0, 2, 4, 6, 8]
    assert stack(thin, 9, 5.0, 0).tolist() == [[k] for k in range(9)]
    assert stack(None, 4, 5.0, 2).tolist() == [[0, 0, 0, 1, 2], [0, 0, 1, 2, 3], [0, 1, 2, 3, 3], [1, 2, 3, 3, 3]]


def test_slices_are_run_in_batches_and_come_back_in_order() -> None:
    sizes = []

    def forward(hu: Array) -> dict[str, Array]:
        sizes.append(len(hu))
        return means(hu)

    found = Slices(reach=1).run(forward, slices(19), np.arange(19) * 5.0)
    assert sum(sizes) == 19 and max(sizes) < 19
    expected = [1 / 3, *range(1, 18), 53 / 3]
    assert found["slice_probability"] * 100 == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(
    ("positions", "calls"),
    [
        (np.arange(6) * 5.0, [[0, 1, 2, 3, 4, 5]]),
        (np.arange(6) * 2.5, [[0, 2, 4], [1, 3, 5]]),
        (None, [[0, 1, 2, 3, 4, 5]]),
    ],
    ids=["as in training", "thin", "unknown"],
)
def test_thin_slices_are_read_as_several_scans(positions: Array | None, calls: list[list[int]]) -> None:
    seen = []

    def forward(hu: Array) -> dict[str, Array]:
        seen.append(hu[:, 0, 0, 0].astype(int).tolist())
        return means(hu)

    found = Scans().run(forward, slices(6), positions)
    assert seen == calls
    assert found["slice_probability"] * 100 == pytest.approx(range(6))


def test_a_volume_has_its_planes_evenly_between_lowest_and_highest_slice() -> None:
    assert Volume(5).planes(slices(9), None)[:, 0, 0].tolist() == [0, 2, 4, 6, 8]
    assert Volume(4).planes(slices(3), np.array([0.0, 1.0, 3.0]))[:, 0, 0].tolist() == [0, 1, 1.5, 2]
    assert Volume(3).planes(slices(1), None)[:, 0, 0].tolist() == [0, 0, 0]


def test_a_volume_is_run_once() -> None:
    def forward(hu: Array) -> dict[str, Array]:
        assert hu.shape == (1, 5, 4, 4)
        return {"scan_probability": hu.mean(axis=(1, 2, 3)) / 100}

    assert Volume(5).run(forward, slices(9), None)["scan_probability"] * 100 == pytest.approx([4.0])


def test_tiles_are_averaged_where_they_overlap() -> None:
    hu = np.random.default_rng(0).random((3, 8, 8)).astype(np.float32)

    def itself(tiles: Array) -> dict[str, Array]:
        assert tiles.shape == (9, 1, 4, 4)
        return {"probability": tiles[:, 0]}

    assert Tiles(tile=4, stride=2).run(itself, hu, None)["probability"] == pytest.approx(hu)

    def first_half(tiles: Array) -> dict[str, Array]:
        """1 in the tiles of the upper left corner only."""
        found = np.zeros((len(tiles), 4, 4), np.float32)
        found[0] = 1
        return {"probability": found}

    found = Tiles(tile=4, stride=2).run(first_half, hu, None)["probability"]
    assert found[0, 0].tolist() == [1, 1, 0.5, 0.5, 0, 0, 0, 0]
    assert found[0, 3, 3] == 0.25
