"""Interpolation and smoothing of outlines: what holds for any drawing, and shapes whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage

from annotated import SCANS, SIZE, drawn, served
from ichor.annotate.project.runs import decode
from ichor.annotate.shapes import interpolate
from ichor.annotate.smoothing import smooth

N = 96
drawings = arrays(np.uint8, (12, 14), elements=st.integers(0, 6))


def disc(row: float, column: float, radius: float) -> np.ndarray:
    rows, columns = np.mgrid[:N, :N]
    return np.hypot(rows - row, columns - column) <= radius


def labelled(*regions: tuple[int, np.ndarray]) -> np.ndarray:
    result = np.zeros((N, N), np.uint8)
    for label, mask in regions:
        result[mask] = label
    return result


def rectangle(rows: slice, columns: slice) -> np.ndarray:
    result = np.zeros((N, N), bool)
    result[rows, columns] = True
    return result


def regions_of(mask: np.ndarray) -> int:
    return int(ndimage.label(mask, np.ones((3, 3)))[1])


class TestInterpolate:
    def test_a_disc_that_grows_grows_evenly(self) -> None:
        found = interpolate(labelled((5, disc(48, 48, 10))), 2, labelled((5, disc(48, 48, 30))), 6)
        assert list(found) == [3, 4, 5]
        for k, radius in ((3, 15), (4, 20), (5, 25)):
            assert set(np.unique(found[k])) == {0, 5}
            assert np.sum(found[k] > 0) == pytest.approx(np.pi * radius**2, rel=0.05)

    def test_the_same_on_both_is_the_same_between(self) -> None:
        one = labelled((2, disc(20, 20, 8)), (5, rectangle(slice(50, 53), slice(0, N))), (1, disc(20, 29, 4)))
        for between in interpolate(one, 0, one, 4).values():
            np.testing.assert_array_equal(between, one)

    def test_a_region_that_moves_further_than_it_is_wide_moves_along(self) -> None:
        found = interpolate(labelled((3, disc(30, 20, 7))), 0, labelled((3, disc(46, 36, 7))), 4)
        for k in (1, 2, 3):
            middle = np.argwhere(found[k]).mean(axis=0)
            assert middle == pytest.approx([30 + 4 * k, 20 + 4 * k], abs=0.5)
            assert np.sum(found[k] > 0) == pytest.approx(disc(48, 48, 7).sum(), rel=0.1)

    def test_far_regions_are_not_one_that_crosses_the_brain(self) -> None:
        found = interpolate(labelled((5, disc(48, 8, 6))), 0, labelled((5, disc(48, 88, 6))), 4)
        assert not found[2].any()
        assert found[1][48, 8] == found[3][48, 88] == 5
        assert not any(one[:, 20:76].any() for one in found.values())

    def test_a_region_without_a_counterpart_ends_halfway(self) -> None:
        found = interpolate(labelled((1, disc(40, 40, 12))), 0, np.zeros((N, N), np.uint8), 6)
        areas = [int(np.sum(found[k] > 0)) for k in range(1, 6)]
        assert disc(40, 40, 12).sum() > areas[0] > areas[1] > 0
        assert areas[2:] == [0, 0, 0]

    def test_one_becomes_two(self) -> None:
        one, two = rectangle(slice(40, 50), slice(20, 70)), disc(45, 25, 6) | disc(45, 65, 6)
        found = interpolate(labelled((3, one)), 0, labelled((3, two)), 2)[1] > 0
        assert np.all(found[one & two]) and not np.any(found & ~(one | two))

    def test_each_label_goes_its_own_way(self) -> None:
        lower = labelled((2, disc(20, 20, 8)), (5, disc(70, 70, 8)))
        upper = labelled((2, disc(20, 24, 8)), (5, disc(70, 66, 8)))
        found = interpolate(lower, 0, upper, 2)[1]
        assert np.argwhere(found == 2).mean(axis=0) == pytest.approx([20, 22], abs=0.5)
        assert np.argwhere(found == 5).mean(axis=0) == pytest.approx([70, 68], abs=0.5)

    def test_where_labels_meet_the_border_moves_and_nothing_gapes(self) -> None:
        def halves(border: int) -> np.ndarray:
            rows = slice(20, 70)
            return labelled((4, rectangle(rows, slice(10, border))), (5, rectangle(rows, slice(border, 80))))

        found = interpolate(halves(30), 0, halves(50), 4)
        for k, border in ((1, 35), (2, 40), (3, 45)):
            assert np.all(found[k][20:70, 10:80] > 0)
            assert np.mean(found[k] == halves(border)) > 0.995

    def test_another_subtype_above_takes_over_halfway(self) -> None:
        found = interpolate(labelled((6, disc(48, 48, 10))), 0, labelled((2, disc(48, 48, 10))), 4)
        assert np.all(found[1][disc(48, 48, 10)] == 6) and np.all(found[3][disc(48, 48, 10)] == 2)

    @settings(max_examples=60, deadline=None)
    @given(drawings, drawings)
    def test_it_is_between_the_two_and_the_same_downwards(self, lower: np.ndarray, upper: np.ndarray) -> None:
        found = interpolate(lower, 0, upper, 3)
        upside_down = interpolate(upper, 0, lower, 3)
        for k in (1, 2):
            assert set(np.unique(found[k])) <= set(np.unique([lower, upper])) | {0}
            assert np.all((found[k] > 0) >= ((lower > 0) & (lower == upper)))
            np.testing.assert_array_equal(found[k] > 0, upside_down[3 - k] > 0)

    def test_a_region_at_the_edge_of_the_image_stays_at_the_edge(self) -> None:
        edge = labelled((5, rectangle(slice(0, 20), slice(0, N))))
        found = interpolate(edge, 0, labelled((5, rectangle(slice(0, 10), slice(0, N)))), 2)[1]
        np.testing.assert_array_equal(found[:, 10:-10], labelled((5, rectangle(slice(0, 15), slice(0, N))))[:, 10:-10])

    def test_nothing_and_what_does_not_fit(self) -> None:
        empty = np.zeros((4, 5), np.uint8)
        assert [one.any() for one in interpolate(empty, 0, empty, 3).values()] == [False, False]
        with pytest.raises(ValueError, match="of one shape"):
            interpolate(empty, 0, empty.T, 3)
        with pytest.raises(ValueError, match="a slice between"):
            interpolate(empty, 1, empty, 2)


class TestSmooth:
    def test_a_jagged_outline_becomes_round_and_stays_as_large(self) -> None:
        rows, columns = np.mgrid[:N, :N]
        angle = np.arctan2(rows - 48, columns - 48)
        star = np.hypot(rows - 48, columns - 48) <= 25 + 2 * np.sign(np.sin(24 * angle))
        found = smooth(labelled((2, star))) > 0
        assert found.sum() == pytest.approx(star.sum(), rel=0.01)

        def edge(mask: np.ndarray) -> int:
            return int(np.sum(mask & ~ndimage.binary_erosion(mask)))

        assert edge(found) < 0.75 * edge(star)
        assert np.mean(found == disc(48, 48, np.sqrt(star.sum() / np.pi))) > 0.99

    def test_a_disc_stays_a_disc(self) -> None:
        assert np.sum((smooth(labelled((1, disc(48, 48, 20)))) > 0) != disc(48, 48, 20)) < 30

    def test_thin_regions_are_kept(self) -> None:
        line, dot = rectangle(slice(40, 41), slice(10, 80)), rectangle(slice(5, 6), slice(5, 6))
        band = rectangle(slice(60, 63), slice(10, 80))
        found = smooth(labelled((3, line), (6, dot), (5, band)))
        for label, region in ((3, line), (6, dot), (5, band)):
            assert np.all(found[region] == label)

    def test_a_thin_tail_stays_on_its_blob(self) -> None:
        blob, tail = disc(48, 30, 15), rectangle(slice(47, 50), slice(45, 90))
        found = smooth(labelled((5, blob | tail)))
        assert np.all(found[tail] == 5) and regions_of(found) == 1
        assert np.sum(found > 0) == pytest.approx(np.sum(blob | tail), rel=0.02)

    def test_a_thin_label_next_to_a_thick_one_is_kept(self) -> None:
        thick, thin = rectangle(slice(20, 60), slice(20, 60)), rectangle(slice(20, 60), slice(60, 62))
        found = smooth(labelled((2, thick), (5, thin)))
        assert np.all(found[thin] == 5)

    def test_labels_that_touch_have_no_gap_and_a_smooth_border(self) -> None:
        columns = 48 + 3 * (np.arange(N) // 3 % 2)
        left = np.arange(N) < columns[:, None]
        both = rectangle(slice(15, 80), slice(20, 76))
        jagged = labelled((2, both & left), (4, both & ~left))
        found = smooth(jagged)
        inner = rectangle(slice(20, 75), slice(25, 71))
        assert np.all(found[inner] > 0)

        def border(one: np.ndarray) -> int:
            return int(np.sum(np.abs(np.diff(np.argmax(one[20:75] == 4, axis=1)))))

        assert border(found) < border(jagged) / 2
        for label in (2, 4):
            assert np.sum(found == label) == pytest.approx(np.sum(jagged == label), rel=0.03)

    def test_at_the_edge_of_the_image(self) -> None:
        edge = labelled((5, rectangle(slice(0, 20), slice(30, 60))), (1, rectangle(slice(90, N), slice(80, N))))
        found = smooth(edge)
        assert np.all(found[0, 35:55] == 5) and found[-1, -1] in (0, 1)
        assert np.sum(found == 5) == pytest.approx(600, rel=0.05)

    def test_nothing_stays_nothing(self) -> None:
        assert not smooth(np.zeros((7, 9), np.uint8)).any()

    @settings(max_examples=60, deadline=None)
    @given(drawings)
    def test_no_label_is_lost_or_made(self, drawing: np.ndarray) -> None:
        found = smooth(drawing)
        assert found.shape == drawing.shape and found.dtype == np.uint8
        assert set(np.unique(found)) | {0} == set(np.unique(drawing)) | {0}


def test_the_server_gives_every_slice_between_whichever_end_comes_first(tmp_path: object) -> None:
    with served(tmp_path) as (_, (ann, _)):  # type: ignore[arg-type]
        ends = {"k": 0, "runs": drawn(5)}, {"k": 3, "runs": drawn(5, at=6)}
        answers = [
            ann.post(f"{SCANS}/1/tools/interpolate", {"from": one, "to": other})["slices"]
            for one, other in (ends, ends[::-1])
        ]
        assert answers[0] == answers[1] and list(answers[0]) == ["1", "2"]
        assert all(set(np.unique(decode(runs, SIZE, SIZE))) == {0, 5} for runs in answers[0].values())
        answer = ann.post(f"{SCANS}/1/tools/smooth", {"k": 0, "runs": drawn(5, 2)})
        smoothed = decode(answer["runs"], SIZE, SIZE)
        assert [int(np.sum(smoothed == label)) for label in (5, 2)] == [44, 44]
