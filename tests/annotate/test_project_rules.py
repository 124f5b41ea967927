"""Who may see and change what, and the runs that label maps are stored as."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from ichor.annotate.project.records import CONSENSUS, ScanState, State
from ichor.annotate.project.rules import may_see, scan_state, why_not_change, why_not_set
from ichor.annotate.project.runs import decode, encode


def states(ann: State, bea: State, consensus: State = "new") -> dict[str, State]:
    return {"ann": ann, "bea": bea, CONSENSUS: consensus}


class TestBlinding:
    @pytest.mark.parametrize("mine", ["new", "in progress", "done"])
    @pytest.mark.parametrize("other", ["new", "in progress", "done"])
    def test_a_reader_sees_the_other_only_when_both_are_done(self, mine: State, other: State) -> None:
        both = mine == other == "done"
        now = states(mine, other)
        assert may_see("ann", "ann", now)
        assert may_see("ann", "bea", now) == both
        assert may_see("ann", CONSENSUS, now) == both
        assert (why_not_change("ann", CONSENSUS, now) is None) == both
        assert why_not_change("ann", "bea", now) is not None
        assert why_not_set("ann", "bea", now) is not None

    def test_a_third_reader_is_blinded_until_done(self) -> None:
        now = states("done", "done") | {"cia": "in progress"}
        assert not any(may_see("cia", layer, now) for layer in ("ann", "bea", CONSENSUS))
        assert may_see("ann", "bea", now)
        assert not may_see("ann", "cia", now)

    def test_a_reading_is_closed_when_done_and_for_good_when_another_is_done_too(self) -> None:
        assert why_not_change("ann", "ann", states("in progress", "done")) is None
        assert why_not_change("ann", "ann", states("done", "new")) is not None
        assert why_not_set("ann", "ann", states("done", "in progress")) is None
        assert why_not_set("ann", "ann", states("in progress", "done")) is None
        assert why_not_set("ann", "ann", states("done", "done")) is not None

    def test_the_consensus_can_be_opened_again(self) -> None:
        assert why_not_change("ann", CONSENSUS, states("done", "done", "done")) is not None
        assert why_not_set("bea", CONSENSUS, states("done", "done", "done")) is None


@pytest.mark.parametrize(
    ("ann", "bea", "consensus", "agree", "expected"),
    [
        ("new", "new", "new", True, "new"),
        ("in progress", "new", "new", True, "in progress"),
        ("done", "new", "new", True, "in progress"),
        ("done", "done", "new", True, "done"),
        ("done", "done", "new", False, "disagreement"),
        ("done", "done", "in progress", False, "disagreement"),
        ("done", "done", "done", False, "done"),
    ],
)
def test_the_state_of_a_scan(ann: State, bea: State, consensus: State, agree: bool, expected: ScanState) -> None:
    assert scan_state(states(ann, bea, consensus), agree) == expected


def test_a_single_reader_is_enough() -> None:
    assert scan_state({"ann": "done", CONSENSUS: "new"}, agree=True) == "done"


class TestRuns:
    @given(arrays(np.uint8, array_shapes(min_dims=2, max_dims=2, max_side=9), elements=st.integers(0, 6)))
    def test_there_and_back(self, label_map: np.ndarray) -> None:
        runs = encode(label_map)
        np.testing.assert_array_equal(decode(runs, *label_map.shape), label_map)
        assert all(before != after for before, after in zip(runs[::2], runs[2::2], strict=False))

    @pytest.mark.parametrize(
        ("runs", "line"),
        [
            ([0, 11], "12 pixels in all, found 11"),
            ([0, 6, 1, 7], "12 pixels in all, found 13"),
            ([], "12 pixels in all, found 0"),
            ([0], "pairs of label and length"),
            ([7, 12], "labels 0 to 6, found 7"),
            ([-1, 12], "labels 0 to 6, found -1"),
            ([0, 13, 1, -1], "runs of 1 to 12 pixels, found -1"),
            ([0, 0, 1, 12], "runs of 1 to 12 pixels, found 0"),
            ([0, 2**63 - 1, 1, 13], "runs of 1 to 12 pixels"),
            ([0, 2**80], "far longer"),
            ([0, 1] * 13, "at most 12 runs"),
        ],
    )
    def test_malformed(self, runs: Sequence[int], line: str) -> None:
        with pytest.raises(ValueError, match=line):
            decode(runs, 3, 4)
