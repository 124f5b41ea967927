from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError
from sklearn.metrics import jaccard_score

from ichor.dataset.ct_ich import CtIch
from ichor.errors import BadConfig
from ichor.methods import load_model
from ichor.methods.threshold import Threshold
from ichor.windows import BRAIN
from synthetic_ct_ich import write_ct_ich


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> CtIch:
    return CtIch(write_ct_ich(tmp_path_factory.mktemp("ct-ich"), {"049": 2, "050": 1, "051": 0}, n_slices=3))


def test_the_grid_search_finds_what_brute_force_finds(dataset: CtIch, tmp_path: Path) -> None:
    settings = {"lower": (120, 200), "upper": (210, 250), "step": 20}
    method = Threshold(**settings)
    cases = dataset.cases(dataset.subjects)
    method.fit(cases, [], tmp_path)
    scores = {}
    for lower in range(120, 201, 20):
        for upper in range(210, 251, 20):
            per_subject = []
            for case in cases:
                gray = np.round(BRAIN.gray(case.scan.hu))
                called = (gray >= lower) & (gray <= upper)
                slices = np.flatnonzero(case.mask.any(axis=(1, 2)))
                if len(slices):
                    each = [jaccard_score(case.mask[i].ravel(), called[i].ravel()) for i in slices]
                    per_subject.append(np.mean(each))
            scores[lower, upper] = np.mean(per_subject)
    best = max(scores, key=lambda k: scores[k])
    assert method.bounds is not None
    assert scores[method.bounds.lower, method.bounds.upper] == pytest.approx(scores[best])


def test_an_excluded_case_does_not_move_the_bounds(tmp_path: Path) -> None:
    root = write_ct_ich(tmp_path / "data", {"049": 2, "070": 1}, n_slices=3)
    dataset = CtIch(root)
    acute, both = Threshold(), Threshold()
    acute.fit(dataset.cases(["049"]), [], tmp_path)
    chronic = dataset.case("070")
    darker = replace(chronic.scan, voxels=np.where(chronic.mask, 55.0, chronic.scan.hu))
    dark = replace(chronic, scan=darker, excluded_from_overlap="chronic")
    both.fit([dataset.case("049"), dark], [], tmp_path)
    assert both.bounds == acute.bounds
    with pytest.raises(BadConfig, match="expected training cases with hemorrhage"):
        Threshold().fit([dark], [], tmp_path)


@pytest.mark.parametrize(
    "settings", [{"upper": (210, 300)}, {"lower": (-20, 100)}, {"lower": (210, 100)}, {"upper": (255, 210)}], ids=str
)
def test_a_grid_outside_of_gray_is_refused(settings: dict[str, tuple[int, int]]) -> None:
    with pytest.raises(ValidationError):
        Threshold(**settings)


def test_it_marks_voxels_between_the_bounds_and_is_restored_from_its_package(dataset: CtIch, tmp_path: Path) -> None:
    method = Threshold()
    method.fit(dataset.cases(["049"]), [], tmp_path)
    method.save(tmp_path / "package")
    loaded = load_model(tmp_path / "package").method
    scan = dataset.case("050").scan
    first, second = method.predict(scan), loaded.predict(scan)
    assert np.array_equal(first.mask, second.mask)
    assert first.made_by == second.made_by
    gray = np.round(BRAIN.gray(scan.hu))
    assert method.bounds is not None
    assert np.array_equal(first.mask, (gray >= method.bounds.lower) & (gray <= method.bounds.upper))
    assert first.scan_probability == first.slice_probability.max()


def test_morphology_drops_specks(dataset: CtIch, tmp_path: Path) -> None:
    plain, cleaned = Threshold(), Threshold(morphology=True)
    for method in (plain, cleaned):
        method.fit(dataset.cases(["049"]), [], tmp_path)
    assert plain.bounds is not None
    scan = dataset.case("050").scan
    spotted = scan.hu.copy()
    spotted[0, 300:380:20, 300:380:20] = BRAIN.hu((plain.bounds.lower + plain.bounds.upper) // 2)
    found = [method.predict(replace(scan, voxels=spotted)).mask for method in (plain, cleaned)]
    assert found[0][0, 300:380, 300:380].sum() == 16
    assert not found[1][0, 300:380, 300:380].any()
    assert found[1][2].any()  # the lesion stays


def test_invalid_use_is_reported(dataset: CtIch, tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match="expected training cases with hemorrhage"):
        Threshold().fit(dataset.cases(["051"]), [], tmp_path)
    with pytest.raises(BadConfig, match="expected a fitted or loaded method"):
        Threshold().predict(dataset.case("051").scan)
    with pytest.raises(BadConfig, match="expected a fitted or loaded method"):
        Threshold().save(tmp_path)
