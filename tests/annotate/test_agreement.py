"""The agreement of two readers against scikit-learn and MONAI, and the written conventions."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import example, given
from hypothesis.extra.numpy import arrays
from monai.metrics import compute_average_surface_distance, compute_hausdorff_distance
from scipy import ndimage
from sklearn.metrics import cohen_kappa_score, f1_score, jaccard_score

from annotated import SCANS, SIZE, drawn, served
from ichor.annotate.agreement import agreement, cohens_kappa
from ichor.annotate.project import Labels
from ichor.scan import Scan
from ichor.subtypes import Subtype
from synthetic_results import synthetic_scan
from synthetic_scans import synthetic_head

SHAPE = (6, 40, 36)
SPACING = (5.0, 0.4, 0.6)
SCAN = synthetic_scan(SHAPE, pixel_mm=SPACING[1:], slice_mm=SPACING[0])
NOTHING = [Labels()] * SHAPE[0]
EMPTY = np.zeros(SHAPE, np.uint8)
answers = arrays(bool, 12)


def blobs(seed: int) -> np.ndarray:
    """Label maps with blobs of labels 1 to 6, and nothing on the lowest slice."""
    rng = np.random.default_rng(seed)
    mask = ndimage.gaussian_filter(rng.normal(size=SHAPE), (0.7, 3, 3)) > 0.06
    mask[0] = False
    return (mask * rng.integers(1, 7)).astype(np.uint8)


def monai_mm(a: np.ndarray, b: np.ndarray, spacing: tuple[float, ...]) -> tuple[float, float]:
    """The average symmetric surface distance and the 95th percentile of Hausdorff's, mm."""
    pair = [torch.from_numpy((one > 0)[None, None].astype(np.float32)) for one in (a, b)]
    named = {"include_background": True, "spacing": spacing}
    mean = compute_average_surface_distance(*pair, symmetric=True, **named)
    return float(mean), float(compute_hausdorff_distance(*pair, percentile=95, **named))


@given(answers, answers)
@example(np.zeros(12, bool), np.ones(12, bool))
@example(np.zeros(12, bool), np.arange(12) < 5)
def test_kappa_is_scikit_learns(a: np.ndarray, b: np.ndarray) -> None:
    ours = cohens_kappa(a, b)
    if len({*a, *b}) == 1:
        assert ours is None  # scikit-learn gives NaN
    else:
        assert ours == pytest.approx(cohen_kappa_score(a, b), abs=1e-12)


@pytest.mark.parametrize("seed", range(3))
def test_overlap_and_surfaces_over_the_scan_and_on_each_slice(seed: int) -> None:
    a, b = blobs(seed), blobs(seed + 10)
    found = agreement(a, b, NOTHING, NOTHING, SCAN)
    flat = a.ravel() > 0, b.ravel() > 0
    assert found["dice"] == pytest.approx(f1_score(*flat))
    assert found["jaccard"] == pytest.approx(jaccard_score(*flat))
    mm = pytest.approx(monai_mm(a, b, SPACING), abs=1e-4)
    assert (found["surface_mm"], found["hausdorff95_mm"]) == mm
    assert list(found["per_slice"]) == [1, 2, 3, 4, 5]
    for k, one in found["per_slice"].items():
        assert one["dice"] == pytest.approx(f1_score(a[k].ravel() > 0, b[k].ravel() > 0))
        assert one["jaccard"] == pytest.approx(jaccard_score(a[k].ravel() > 0, b[k].ravel() > 0))
        mm = pytest.approx(monai_mm(a[k], b[k], SPACING[1:]), abs=1e-4)
        assert (one["surface_mm"], one["hausdorff95_mm"]) == mm


def test_a_shift_is_as_far_as_it_was_shifted() -> None:
    a, b = EMPTY.copy(), EMPTY.copy()
    a[2, 10:20, 5:25], b[2, 10:20, 8:28] = 5, 2
    found = agreement(a, b, NOTHING, NOTHING, SCAN)
    assert found["per_slice"][2]["hausdorff95_mm"] == pytest.approx(3 * 0.6)
    assert found["dice"] == found["per_slice"][2]["dice"] == pytest.approx(17 / 20)


def test_kappa_over_the_slices_of_each_label() -> None:
    subtypes = [[(Subtype.SDH,), (Subtype.SDH, Subtype.IPH), (), (), (), ()], [(Subtype.SDH,), (), (), (), (), ()]]
    labels_a, labels_b = ([Labels(subtypes=one, fracture=k == 0) for k, one in enumerate(each)] for each in subtypes)
    unstated = EMPTY.copy()
    unstated[5, 3:6, 3:6] = 6
    kappa = agreement(unstated, EMPTY, labels_a, labels_b, SCAN)["kappa"]
    said = [[1, 1, 0, 0, 0, 0], [1, 0, 0, 0, 0, 0]]
    assert kappa["SDH"] == pytest.approx(cohen_kappa_score(*said))
    assert kappa["any_hemorrhage"] == pytest.approx(cohen_kappa_score([1, 1, 0, 0, 0, 1], said[1]))
    assert (kappa["IPH"], kappa["EDH"], kappa["fracture"]) == (0, None, 1)
    assert list(kappa) == ["IVH", "IPH", "SAH", "EDH", "SDH", "any_hemorrhage", "fracture"]


def test_where_nothing_is_drawn() -> None:
    neither = agreement(EMPTY, EMPTY, NOTHING, NOTHING, SCAN)
    nowhere = {"surface_mm": None, "hausdorff95_mm": None}
    assert neither == {"dice": 1, "jaccard": 1, **nowhere, "kappa": dict.fromkeys(neither["kappa"]), "per_slice": {}}
    for pair in ((blobs(1), EMPTY), (EMPTY, blobs(1))):
        found = agreement(*pair, NOTHING, NOTHING, SCAN)
        assert {key: found[key] for key in ("dice", "jaccard", *nowhere)} == {"dice": 0, "jaccard": 0, **nowhere}
        assert found["per_slice"][3] == {"dice": 0, "jaccard": 0, **nowhere}
        json.dumps(found, allow_nan=False)


def test_without_spacing_there_is_no_distance() -> None:
    for scan, within in ((replace(SCAN, pixel_mm=None), False), (replace(SCAN, positions_mm=None), True)):
        found = agreement(blobs(0), blobs(1), NOTHING, NOTHING, scan)
        assert (found["surface_mm"], found["hausdorff95_mm"]) == (None, None)
        assert 0 < found["dice"] < 1
        assert (found["per_slice"][3]["surface_mm"] is not None) == within


def test_what_does_not_fit() -> None:
    with pytest.raises(ValueError, match="maps of shape"):
        agreement(EMPTY[1:], EMPTY, NOTHING, NOTHING, SCAN)
    with pytest.raises(ValueError, match="labels of 6 slices, found 5"):
        agreement(EMPTY, EMPTY, NOTHING, NOTHING[1:], SCAN)


def test_the_server_sends_the_agreement_of_two_readers(tmp_path: Path) -> None:
    with served(tmp_path) as (_, (ann, bea)):
        ann.draw("mine", 1, 5)
        bea.put(f"{SCANS}/1/layers/mine/slices/1", {"base_revision": 0, "runs": drawn(5, at=7)})
        bea.draw("mine", 2, 2)
        bea.say("mine", 0, {"fracture": True})
        for one in (ann, bea):
            one.set("done")
        found = ann.get(f"{SCANS}/1/consensus")["agreement"]
        assert found == bea.get(f"{SCANS}/1/consensus")["agreement"]
    assert found["dice"] == pytest.approx(2 * 22 / (44 + 88))
    assert found["per_slice"]["1"]["dice"] == pytest.approx(0.5)
    assert found["per_slice"]["1"]["hausdorff95_mm"] == pytest.approx(2 * 1.6)
    assert found["per_slice"]["2"] == {"dice": 0, "jaccard": 0, "surface_mm": None, "hausdorff95_mm": None}
    assert (found["kappa"]["SDH"], found["kappa"]["IPH"], found["kappa"]["IVH"]) == (1, 0, None)
    assert found["kappa"]["any_hemorrhage"] == pytest.approx(cohen_kappa_score([0, 1, 0, 0], [0, 1, 1, 0]))


def test_the_server_sends_the_agreement_for_a_scan_without_spacing(tmp_path: Path) -> None:
    head = synthetic_head(n=3, size=SIZE)
    with served(tmp_path, Scan(head.voxels, head.source)) as (_, (ann, bea)):
        for one in (ann, bea):
            one.draw("mine", 1, 5)
            one.set("done")
        found = ann.get(f"{SCANS}/1/consensus")["agreement"]
        assert (found["dice"], found["surface_mm"], found["per_slice"]["1"]["surface_mm"]) == (1, None, None)
