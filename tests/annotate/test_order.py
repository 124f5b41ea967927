"""Which scans to label first, and how long each takes."""

from __future__ import annotations

from itertools import chain, combinations
from pathlib import Path

import numpy as np
import pytest
from skimage.measure import perimeter_crofton

from annotated import SCANS, served
from ichor.annotate.labelling_time import labelling_s, outline_mm
from ichor.annotate.order import order, select
from synthetic_scans import synthetic_head


class TestOrder:
    def test_value_per_cost_decides(self) -> None:
        scans = [("sure", 60.0, [0.0, 0.1]), ("dear", 400.0, [2.0, 2.0]), ("cheap", 100.0, [1.0, 1.0])]
        assert order(scans) == ["cheap", "dear", "sure"]

    def test_what_is_unknown_comes_last_and_equals_stay_as_they_are(self) -> None:
        scans = [(1, None, None), (2, 50.0, [0.5]), (3, 60.0, None), (4, 100.0, [1.0]), (5, 10.0, [9.0])]
        assert order(scans) == [5, 2, 4, 1, 3]
        assert order([]) == []


class TestSelect:
    @pytest.mark.parametrize("seed", range(5))
    def test_it_is_the_best_of_all_choices(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        worth, cost = rng.uniform(0, 5, 9), rng.uniform(30, 400, 9)
        every = chain.from_iterable(combinations(range(9), k) for k in range(10))
        best = max((c for c in every if cost[list(c)].sum() <= 600), key=lambda c: worth[list(c)].sum())
        assert select(worth, cost, 600) == list(best)

    def test_the_highest_value_per_cost_is_not_always_in_it(self) -> None:
        assert select([10, 15, 0.1], [10, 20, 1], 20) == [1]

    def test_nothing_where_there_is_no_time(self) -> None:
        assert select([3, 4], [50, 60], 40) == []
        assert select([], [], 40) == []


class TestLabellingTime:
    def test_an_outline_is_as_long_as_another_library_says(self) -> None:
        row, column = np.mgrid[:200, :200]
        circle = np.hypot(row - 90, column - 110) < 60
        pixel_mm = np.full((2, 2), 0.5)
        found = outline_mm(np.stack([circle, np.zeros_like(circle)]), pixel_mm)
        assert found[0] == pytest.approx(2 * np.pi * 60 * 0.5, rel=0.02)
        assert found[0] == pytest.approx(0.5 * perimeter_crofton(circle, directions=2), rel=0.02)
        assert found[1] == 0

    def test_pixels_need_not_be_square_and_may_touch_the_edge(self) -> None:
        mask = np.ones((1, 4, 6), bool)
        # 4 rows of 2 mm by 6 columns of 0.5 mm: 22 mm round.
        assert outline_mm(mask, np.array([[2.0, 0.5]]))[0] == pytest.approx(np.pi / 4 * 22)

    def test_the_time_for_a_scan_covers_slices_regions_and_outlines(self) -> None:
        mask = np.zeros((30, 50, 50), bool)
        pixel_mm = np.full((30, 2), 1.0)
        assert labelling_s(mask, pixel_mm) == 20 + 30 * 3
        mask[4, 10:20, 10:20] = mask[4, 30:40, 30:40] = True
        mask[5, 10:20, 10:20] = True
        mask[5, 20:30, 20:30] = True  # touches the other at a corner
        outlines = np.pi / 4 * 40 * 4
        assert labelling_s(mask, pixel_mm) == pytest.approx(20 + 30 * 3 + 3 * 5 + 0.1 * outlines)

    def test_an_unknown_pixel_size_is_a_usual_one(self) -> None:
        mask = np.zeros((3, 50, 50), bool)
        mask[1, 10:30, 10:30] = True
        assert labelling_s(mask, None) == labelling_s(mask, np.full((3, 2), 0.45))


def test_the_worklist_goes_by_the_mean_that_it_shows_and_finished_scans_are_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with served(tmp_path, *[synthetic_head(n=4, size=32) for _ in range(6)]) as (project, (ann, bea)):
        monkeypatch.setattr(ann.context.machine, "ask_for_uncertainty", lambda _: None)  # what is not known stays so
        project.put_uncertainty(1, [0.1, 0.1, 0.1, 0.1], 30.0)
        project.put_uncertainty(2, [0.5, 0.5, 0.5, 0.5], 600.0)
        project.put_uncertainty(3, [0.2, 0.2, 0.2, 0.2, 0.2, 0.2], 30.0)
        project.put_uncertainty(4, [0.3, 0.3, 0.3], 30.0)
        project.put_uncertainty(6, [0.9], 30.0)
        rows = ann.get(f"{SCANS}?order=uncertainty")
        assert [row["id"] for row in rows] == [6, 2, 4, 3, 1, 5]
        assert [row["uncertainty"] for row in rows] == [*map(pytest.approx, [0.9, 0.5, 0.3, 0.2, 0.1]), None]
        # What a reader has finished is last for that reader, and what all have finished for everyone.
        for reader in ("ann", "bea"):
            project.set_state(6, reader, "done", by=reader)
        project.set_state(2, "ann", "done", by="ann")
        assert [row["id"] for row in ann.get(f"{SCANS}?order=uncertainty")] == [4, 3, 1, 5, 6, 2]
        assert [row["id"] for row in bea.get(f"{SCANS}?order=uncertainty")] == [2, 4, 3, 1, 5, 6]
        assert [row["id"] for row in ann.get(SCANS)] == [1, 2, 3, 4, 5, 6]
