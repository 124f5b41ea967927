from __future__ import annotations

import numpy as np
import pytest

from ichor.dataset.case import Case
from ichor.methods.calibration import Calibration, Calibrations
from ichor.methods.unet_slices.candidates import FEATURES, FalsePositiveClassifier
from ichor.methods.unet_slices.evidence import PROBABILITY_OF_BINS, Evidence
from ichor.methods.unet_slices.operating_points import LOGIT_OFFSETS, VOXEL_THRESHOLDS, RankedCase, operating_points
from synthetic_scans import synthetic_head
from untrained_package import untrained_method

N_BINS = len(PROBABILITY_OF_BINS)


def one_slice(*voxels: tuple[float, bool, int], positive: bool | None = None, next_to: int = 0) -> RankedCase:
    """A scan of one slice, positive if any voxel is: probability, whether hemorrhage, how many; and 1000 ruled out.

    The slice next to it has `next_to` voxels of 0.32 and no hemorrhage.
    """
    counts = np.zeros((3, 2, N_BINS), np.int64)  # of what is in no candidate, and of the one that there is
    counts[0, 0, 0] = 1000
    for probability, true, n in voxels:
        counts[1, int(true), np.argmin(abs(PROBABILITY_OF_BINS - probability))] += n
    counts[2, 0, np.argmin(abs(PROBABILITY_OF_BINS - 0.32))] = next_to
    labels = np.zeros((2, 5), bool)
    labels[0, 1] = counts[1, 1].any() if positive is None else positive
    regions = np.array([0, 0, 1]), np.array([0, 1, 1])
    case = Evidence("049", False, labels, np.array([0.5] * 2), None, np.zeros((1, len(FEATURES))), *regions, counts)
    return RankedCase.of(case, np.stack([PROBABILITY_OF_BINS] * 3))


def test_the_logit_offset_is_that_of_the_best_dice() -> None:
    """A rim of 0.42 that is hemorrhage as a whole or not at all, and so not as often as to be worth the risk."""
    with_rim = [one_slice((0.9, True, 100), (0.42, True, 100)) for _ in range(4)]
    without = [one_slice((0.9, True, 100), (0.42, False, 100)) for _ in range(6)]

    def dice(marked: int, cases: list[RankedCase]) -> float:
        return float(np.mean([2 * min(marked, r) / (marked + r) for r in (c.case.reference.sum() for c in cases)]))

    assert dice(100, with_rim + without) > dice(200, with_rim + without)
    of_doubts = [int(with_rim[0].marked(offset)[0].sum()) for offset in LOGIT_OFFSETS]
    assert of_doubts[:2] == [200, 100]
    assert operating_points(with_rim + without)[0] == LOGIT_OFFSETS[1]
    assert dice(200, with_rim) > dice(100, with_rim)
    assert operating_points(with_rim)[0] == 0


def test_balanced_is_the_lowest_that_outlines_as_well() -> None:
    clean = [one_slice((0.12, False, 20)) for _ in range(10)]
    faint = one_slice((0.32, True, 100))

    def balanced(*marked_next_to: int) -> float:
        return operating_points([*(one_slice((0.9, True, 100), next_to=n) for n in marked_next_to), *clean])[1][
            "balanced"
        ]

    assert balanced(0, 0, 0) == 0.15  # the lowest that marks none of the ten
    for n in range(2, 9):
        assert balanced(40, *[0] * n) == 0.15  # worse on one of them: that may be chance
    assert balanced(20, 20, 0) == 0.35  # twice a standard error behind
    assert balanced(20, 30, 40) == 0.35
    # Another is found at the lower: the mean difference is 0.9 and 1.2 of its standard error.
    also = one_slice((0.32, True, 10), (0.32, False, 190))
    for n, chosen in ((40, 0.15), (60, 0.35)):
        cases = [*(one_slice((0.9, True, 100), next_to=n) for _ in range(3)), also, *clean]
        assert operating_points(cases)[1]["balanced"] == chosen
    assert operating_points([one_slice((0.9, True, 100), next_to=40), *clean])[1]["balanced"] == 0.35
    assert operating_points([one_slice((0.9, True, 100), next_to=40), faint, *clean])[1]["balanced"] == 0.15


def test_triage_finds_as_many_as_can_be_found() -> None:
    """One hemorrhage lies beside something surer, which cuts it away: it is found at no threshold."""
    beside = one_slice((0.9, False, 200), (0.02, True, 5))
    assert not beside.marked(0)[:, :, 1].any()
    found = [one_slice((p, True, 100)) for p in (0.9, 0.55, 0.32)]
    clean = [one_slice((0.42, False, 20)) for _ in range(10)]
    for cases in ([*found, *clean], [*found, beside, *clean]):
        _, points = operating_points(cases)
        assert points["triage"] == 0.3
        assert points["balanced"] == 0.5


def test_if_nothing_can_be_learned_most_scans_without_hemorrhage_still_stay_unmarked() -> None:
    clean = [one_slice((0.6, False, 20)) for _ in range(10)]
    unseen = one_slice(positive=True)
    offset, points = operating_points([*clean, unseen])
    assert offset == 0
    assert points["balanced"] in (0.6, 0.7)
    assert not clean[0].marked(offset)[VOXEL_THRESHOLDS.index(points["balanced"])].any()
    assert operating_points([unseen])[1]["balanced"] == 0.5


@pytest.mark.parametrize("offset", [0.0, 1.0, 2.5])
def test_parameters_are_calibrated_on_the_final_probabilities(offset: float) -> None:
    """On the network's own grid, and for probabilities that stand for their bins: voxel by voxel the same."""
    scan = synthetic_head(n=8, size=64, pixel_mm=(3.2, 3.2), distances_mm=14.0)
    scan.voxels[1, 30:34, 20:24] = 65
    levels = PROBABILITY_OF_BINS[np.searchsorted(PROBABILITY_OF_BINS, [0.02, 0.1, 0.3, 0.6, 0.95])]
    rng = np.random.default_rng(0)

    def network(hu: np.ndarray) -> dict[str, np.ndarray]:
        blood = (hu[:, 1] > 60) & (hu[:, 1] < 90)
        at = np.where(blood, rng.integers(2, 5, blood.shape), rng.integers(0, 2, blood.shape))
        return {
            "probability": levels[at].astype(np.float32),
            "slice_probability": np.full(len(hu), 0.5, np.float32),
        }

    method = untrained_method()
    method.forward = network
    classifier = FalsePositiveClassifier(
        intercept=0, weights={**dict.fromkeys(FEATURES, 0.0), "log_ml": 1.0}, elsewhere=0.25
    )
    calibration = Calibrations(voxel=Calibration(slope=1.3, intercept=0.5))
    assert method.parameters is not None
    method.parameters = method.parameters.model_copy(
        update={"false_positive_classifier": classifier, "calibration": calibration, "logit_offset": offset}
    )
    labels = np.zeros((scan.n_slices, 5), bool)
    case = Case("049", scan, (scan.voxels > 60) & (scan.voxels < 90), labels)
    evidence = method.calibration_evidence(case)
    weights = np.r_[classifier.elsewhere, classifier.predict(evidence.features)][evidence.region_candidate]
    ranked = RankedCase.of(evidence, calibration.voxel.apply(weights[:, None] * PROBABILITY_OF_BINS))
    rng = np.random.default_rng(0)  # the network answers again as it did
    voxels = method.raw_output(scan).voxels["probability"].values
    for threshold, marked in zip(VOXEL_THRESHOLDS, ranked.marked(offset), strict=True):
        mask = method.mask_at(voxels, threshold)
        expected = np.stack([(mask & ~case.mask).sum(axis=(1, 2)), (mask & case.mask).sum(axis=(1, 2))], axis=1)
        np.testing.assert_array_equal(marked, expected)
    lowest, highest = ranked.marked(offset)[[0, -1]]
    assert lowest.sum() > highest.sum()
