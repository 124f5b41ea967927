"""Union, intersection and STAPLE of label maps, STAPLE against SimpleITK on the whole images."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage

from annotated import SCANS, SIZE, drawn, served
from ichor.annotate.consensus import BACKGROUND, MOST_VOXELS, WAYS, combine
from ichor.annotate.export.run import export
from ichor.annotate.project.runs import decode

SHAPE = (5, 60, 60)
maps = arrays(np.uint8, (3, 5, 6), elements=st.integers(0, 6))


def reading(seed: int, share: float = 0.05) -> np.ndarray:
    """A ball of SDH as one reader draws it, with an outline of their own and specks of other labels."""
    rng = np.random.default_rng(seed)
    z, y, x = np.ogrid[: SHAPE[0], : SHAPE[1], : SHAPE[2]]
    noise = ndimage.gaussian_filter(rng.normal(size=SHAPE), (0, 3, 3)) * 20
    ball = np.sqrt((6 * (z - 2)) ** 2 + (y - 30) ** 2 + (x - 30) ** 2) < 14 + noise
    specks = rng.random(SHAPE) < share
    return np.where(ball, np.where(specks, rng.integers(1, 7, SHAPE), 5), 0).astype(np.uint8)


def simpleitk(readings: list[np.ndarray]) -> np.ndarray:
    """STAPLE's estimate by SimpleITK, of the readings and as much background as ours looks at."""
    anything = np.any(readings, axis=0)
    row = [np.r_[one[anything] > 0, np.zeros(BACKGROUND * anything.sum(), bool)] for one in readings]
    engine = sitk.STAPLEImageFilter()
    engine.SetForegroundValue(1)
    images = [sitk.GetImageFromArray(one[None].astype(np.uint8)) for one in row]
    result = np.zeros(anything.shape, bool)
    result[anything] = sitk.GetArrayFromImage(engine.Execute(images))[0][: anything.sum()] > 0.5
    return result


@given(maps, maps)
def test_union_and_intersection_are_of_what_is_drawn(a: np.ndarray, b: np.ndarray) -> None:
    np.testing.assert_array_equal(combine("union", [a, b]) > 0, (a > 0) | (b > 0))
    np.testing.assert_array_equal(combine("intersection", [a, b]) > 0, (a > 0) & (b > 0))


@pytest.mark.parametrize(
    ("said", "subtype"),
    [
        ([5, 5], 5),
        ([5, 0], 5),
        ([5, 2], 6),
        ([5, 6], 5),
        ([6, 6], 6),
        ([6, 0], 6),
        ([1, 2, 2], 6),
        ([0, 2, 6], 2),
        ([0, 0], 0),
    ],
)
def test_the_subtype_is_what_all_state_who_drew(said: list[int], subtype: int) -> None:
    for order in permutations(said):
        readings = [np.full((1, 2, 2), one, np.uint8) for one in order]
        assert np.all(combine("union", readings) == subtype)
        assert np.all(combine("intersection", readings) == (subtype if all(said) else 0))


@settings(max_examples=30, deadline=None)
@given(st.lists(maps, min_size=2, max_size=4))
def test_every_way_is_of_the_union_and_of_no_order(readings: list[np.ndarray]) -> None:
    union = combine("union", readings)
    for choice in WAYS:
        first, again = combine(choice, readings), combine(choice, readings)
        np.testing.assert_array_equal(first, again)
        np.testing.assert_array_equal(first, combine(choice, readings[::-1]))
        np.testing.assert_array_equal(first[first > 0], union[first > 0])


@pytest.mark.parametrize("readers", [3, 4, 5])
def test_staple_is_simpleitks(readers: int) -> None:
    readings = [reading(seed) for seed in range(readers)]
    found = combine("staple", readings) > 0
    np.testing.assert_array_equal(found, simpleitk(readings))
    assert np.any(found & ~np.all(readings, axis=0)) and np.any(~found & np.any(readings, axis=0))


def test_staple_trusts_the_readers_who_agree() -> None:
    alike = reading(0, share=0)
    found = combine("staple", [alike, alike, np.roll(alike, 20, axis=2)])
    np.testing.assert_array_equal(found, alike)


def test_staple_of_two_readings_that_overlap_is_what_both_drew() -> None:
    for seed in range(3):
        pair = [reading(seed), reading(seed + 5)]
        np.testing.assert_array_equal(combine("staple", pair), combine("intersection", pair))
    whole = reading(0)
    part = np.where(ndimage.binary_erosion(whole > 0, np.ones((1, 3, 3))), whole, 0).astype(np.uint8)
    np.testing.assert_array_equal(combine("staple", [whole, part]), part)


def test_staple_does_not_depend_on_how_much_is_around() -> None:
    readings = [reading(seed) for seed in range(3)]
    wide = [np.pad(one, ((9, 9), (40, 0), (0, 70))) for one in readings]
    np.testing.assert_array_equal(combine("staple", wide)[9:-9, 40:, :-70], combine("staple", readings))


def test_staple_of_large_readings_is_that_of_small_ones_of_the_same_shape() -> None:
    readings = [reading(seed) for seed in range(3)]
    large = [np.tile(one, (20, 1, 1)) for one in readings]
    assert np.any(large, axis=0).sum() * BACKGROUND > 2 * MOST_VOXELS
    np.testing.assert_array_equal(combine("staple", large), np.tile(combine("staple", readings), (20, 1, 1)))


@pytest.mark.parametrize("choice", WAYS)
def test_empty_readings(choice: str) -> None:
    empty, full = np.zeros(SHAPE, np.uint8), reading(1)
    assert not combine(choice, [empty, empty]).any()
    np.testing.assert_array_equal(combine(choice, [full, full]), full)
    np.testing.assert_array_equal(combine(choice, [full, empty]), full if choice == "union" else empty)


def test_nothing_that_was_given_is_changed() -> None:
    pair = [reading(0), reading(1)]
    before = [one.copy() for one in pair]
    for choice in WAYS:
        combine(choice, pair)[...] = 6
    np.testing.assert_array_equal(pair, before)


def test_what_does_not_fit() -> None:
    one = np.zeros(SHAPE, np.uint8)
    for choice, readings, line in (
        ("mean", [one, one], "expected one of union"),
        ("union", [one], "two to eight maps"),
        ("union", [one, one[1:]], "of one shape"),
    ):
        with pytest.raises(ValueError, match=line):
            combine(choice, readings)


def test_the_server_offers_every_way_and_keeps_what_is_taken(tmp_path: Path) -> None:
    assert set(WAYS) == {"union", "intersection", "majority", "staple"}
    with served(tmp_path) as (project, (ann, bea)):
        ann.draw("mine", 1, 5)
        bea.put(f"{SCANS}/1/layers/mine/slices/1", {"base_revision": 0, "runs": drawn(2, at=7)})
        bea.draw("mine", 2, 3)
        for one in (ann, bea):
            one.set("done")
        for choice, labels in (
            ("union", {0, 2, 5, 6}),
            ("intersection", {0, 6}),
            ("majority", {0, 6}),
            ("staple", {0, 6}),
        ):
            layer = ann.take(choice)
            taken = decode(layer["slices"]["1"]["runs"], SIZE, SIZE)
            assert set(np.unique(taken)) == labels
            np.testing.assert_array_equal(project.label_map(1, "consensus")[1], taken)
            assert (project.label_map(1, "consensus")[2] > 0).any() == (choice == "union")


def test_ai_outlines_stay_marked_in_the_consensus(tmp_path: Path) -> None:
    with served(tmp_path) as (project, (ann, bea)):
        ann.draw("mine", 0, 6, origins={6: "ai"})
        ann.draw("mine", 1, 6, origins={6: "ai"})
        bea.draw("mine", 1, 5)
        bea.draw("mine", 2, 6, origins={6: "ai"})
        bea.draw("mine", 2, 5, base=1)
        for one in (ann, bea):
            one.set("done")  # which accepts the outlines that are open

        def marked(choice: str) -> list[int]:
            layer = ann.take(choice)
            return [int(k) for k, one in layer["slices"].items() if set(one["origins"].values()) == {"ai accepted"}]

        assert marked("ann") == [0, 1]
        # Of slice 1 a person drew the same, or a part.
        assert marked("union") == [0]
        assert marked("bea") == []
        ann.take("ann", [0])
        ann.say("consensus", 0, {"subtypes": ["SAH"]}, base=ann.base("consensus")["labels"].get("0", 0))
        ann.set("done", "consensus")
        (outcome,) = export(project, "nifti", tmp_path / "out")
    assert outcome.notes == (
        "AI outlines on slice 1 were accepted as they are",
        "slice 4 was not viewed",
    )
