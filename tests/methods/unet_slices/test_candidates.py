from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from ichor.dataset.case import Case
from ichor.methods.calibration import expit, logit
from ichor.methods.unet_slices.candidates import FEATURES, FalsePositiveClassifier, find_candidates
from ichor.methods.unet_slices.evidence import PROBABILITY_OF_BINS, evidence_of
from ichor.scan import Scan, Source


@pytest.fixture
def said() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Probability, HU and slice probability: a lesion whose two slices touch at a corner, and one beside bone."""
    probability = np.full((6, 40, 40), 0.01, np.float32)
    probability[1, 10:20, 10:20] = 0.7
    probability[2, 20:24, 20:30] = 0.9  # by its corner
    probability[4, 30:34, 2:12] = 0.6
    probability[0, 30:34, 20:30] = 0.4  # below the candidates' level
    hu = np.full((6, 40, 40), 30, np.float32)
    hu[probability >= 0.5] = 70
    hu[4, :, :2] = 900
    hu[4, 28:36, 16:20] = 45
    return probability, hu, np.array([0.1, 0.2, 0.8, 0.1, 0.3, 0.1])


def test_touching_voxels_are_one_candidate_with_its_properties(said: tuple[np.ndarray, ...]) -> None:
    probability, hu, slices = said
    heights = np.array([5, 5, 10, 5, 2, 5.0])
    found = find_candidates(probability, hu, slices, heights, 0.5)
    assert found.labels.max() == 2 and (found.labels > 0).sum() == 180
    first, second = (dict(zip(FEATURES, one, strict=True)) for one in found.features)
    assert first["log_ml"] == pytest.approx(np.log((100 * 5 + 40 * 10) * 0.25 / 1000))
    assert first["surest_logit"] == pytest.approx(logit(0.9), abs=1e-5)
    assert first["contrast"] == pytest.approx(4)  # 70 HU in 30
    assert first["slice_logit"] == pytest.approx(logit(0.8))
    assert second["log_ml"] == pytest.approx(np.log(40 * 2 * 0.25 / 1000))
    assert 3.5 < second["contrast"] < 4  # some of what is around it is brighter; the bone does not count
    assert second["slice_logit"] == pytest.approx(logit(0.3))


def test_a_voxel_is_weighed_by_its_lesion(said: tuple[np.ndarray, ...]) -> None:
    probability, hu, slices = said
    found = find_candidates(probability, hu, slices, np.full(6, 5.0), 0.5)
    classifier = FalsePositiveClassifier(
        intercept=-1, weights={**dict.fromkeys(FEATURES, 0.0), "slice_logit": 2.0}, elsewhere=0.25
    )
    of = classifier.predict(found.features)
    assert of == pytest.approx(expit(2 * logit([0.8, 0.3]) - 1))
    weighed = probability.copy()
    found.apply_classifier(weighed, classifier)
    assert weighed[1, 10, 10] == pytest.approx(0.7 * of[0])
    assert weighed[2, 20, 20] == pytest.approx(0.9 * of[0])
    assert weighed[4, 30, 5] == pytest.approx(0.6 * of[1])
    assert weighed[0, 30, 20] == pytest.approx(0.4 * 0.25)


def test_a_scan_without_candidates_has_none(said: tuple[np.ndarray, ...]) -> None:
    _, hu, slices = said
    found = find_candidates(np.zeros(hu.shape, np.float32), hu, slices, np.full(6, 5.0), 0.5)
    assert found.features.shape == (0, len(FEATURES)) and not found.labels.any()


def test_a_lesion_without_soft_tissue_around_it_is_compared_with_brain(said: tuple[np.ndarray, ...]) -> None:
    probability, _, slices = said
    hu = np.where(probability >= 0.5, 70, 900).astype(np.float32)
    found = find_candidates(probability, hu, slices, np.full(6, 5.0), 0.5)
    assert found.features[:, FEATURES.index("contrast")] == pytest.approx([3.5, 3.5])


def test_a_classifier_of_other_properties_is_refused() -> None:
    with pytest.raises(ValidationError, match="expected weights of log_ml, "):
        FalsePositiveClassifier(intercept=0, weights={"size": 1.0}, elsewhere=0.5)


def test_evidence_counts_every_voxel_once(said: tuple[np.ndarray, ...]) -> None:
    probability, hu, slices = said
    mask = np.zeros(hu.shape, bool)
    mask[1, 10:15, 10:20] = True  # half of the first lesion's lower slice
    mask[5, 3, 3] = True  # missed
    labels = np.zeros((6, 5), bool)
    labels[[1, 5], 2] = True
    case = Case("049", Scan(hu, Source("images", Path("made"))), mask, labels)
    candidates = find_candidates(probability, hu, slices, np.full(6, 5.0), 0.5)
    found = evidence_of(case, mask, probability, candidates, {"slice_probability": slices})
    assert found.voxels.sum() == hu.size
    assert list(zip(found.region_slice.tolist(), found.region_candidate.tolist(), strict=True)) == [
        (0, 0),
        (1, 0),
        (1, 1),
        (2, 0),
        (2, 1),
        (3, 0),
        (4, 0),
        (4, 2),
        (5, 0),
    ]
    assert found.voxels[:, 1].sum(axis=1).tolist() == [0, 0, 50, 0, 0, 0, 0, 0, 1]
    assert found.reference.tolist() == [0, 50, 0, 0, 0, 1]
    assert found.true.tolist() == [True, False]
    assert found.positive.tolist() == [False, True, False, False, False, True]
    assert found.subtype_probability is None
    at = {p: int(np.argmax(found.voxels[i, 0])) for p, i in ((0.01, 0), (0.6, 7))}
    for p, k in at.items():
        assert logit(PROBABILITY_OF_BINS[k]) == pytest.approx(logit(p), abs=0.051)
