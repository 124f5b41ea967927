from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ichor.errors import BadConfig
from ichor.experiments.config import load_config
from ichor.methods.chan2007 import ORDER, Chan2007, contrasts, mimics, subtypes_of
from ichor.methods.classical.head import GridSettings, Head
from ichor.methods.classical.regions import Measured
from ichor.subtypes import Subtype
from synthetic_classical import AT_SKULL, DEEP, GRID, case, dice, made, training


@pytest.fixture(scope="module")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> Chan2007:
    method = Chan2007(grid=GRID)
    method.fit(training(), [], tmp_path_factory.mktemp("chan"))
    return method


def of(**other: float) -> Measured:
    """A candidate in the depth of the brain, with other measures where given."""
    deep = {
        **{"volume_ml": 5, "mean_hu": 65, "thickness_mm": 15, "near_skull": 0, "deepest_mm": 40, "off_midline_mm": 30},
        **{"brighter_hu": 25, "beside_fluid": 0.05, "beside_dense": 0, "behind": 0, "height": 0.5},
    }
    return Measured(**{name: np.array([value], float) for name, value in {**deep, **other}.items()})


@pytest.mark.parametrize(
    "other",
    [
        {"off_midline_mm": 2, "thickness_mm": 4},
        {"off_midline_mm": 8, "behind": 0.9, "near_skull": 0.9},
        {"behind": 0.5, "height": 0.3, "thickness_mm": 4},
        {"beside_dense": 0.5, "volume_ml": 0.3},
        {"deepest_mm": 2, "near_skull": 1.0},
        {"height": 0.05},
    ],
    ids=["falx", "sinus", "tentorium", "calcified", "inner table", "skull base"],
)
def test_mimics_of_blood_are_dropped(other: dict[str, float]) -> None:
    assert mimics(of(**other)).tolist() == [True]
    assert mimics(of()).tolist() == [False]


@pytest.mark.parametrize(
    ("other", "subtype"),
    [
        ({}, Subtype.IPH),
        ({"near_skull": 0.6, "thickness_mm": 14}, Subtype.EDH),
        ({"near_skull": 0.8, "thickness_mm": 6}, Subtype.SDH),
        ({"off_midline_mm": 15, "beside_fluid": 0.5}, Subtype.IVH),
        ({"thickness_mm": 4, "deepest_mm": 20}, Subtype.SAH),
    ],
)
def test_the_subtype_follows_from_the_place(other: dict[str, float], subtype: Subtype) -> None:
    assert ORDER[subtypes_of(of(**other))[0]] is subtype


def test_blood_stands_out_from_its_surroundings_and_from_the_other_side() -> None:
    scan = made(DEEP)
    head = Head.of(scan, GridSettings.model_validate(GRID))
    _, contrast = contrasts(head)
    truth = head.from_scan(case("001", scan).mask)
    assert np.median(contrast[truth]) == pytest.approx(30, abs=4)
    assert np.quantile(contrast[head.brain & ~truth], 0.95) < 10


def test_blood_is_found_and_called_by_its_place(fitted: Chan2007) -> None:
    for place, radii, called in (
        (DEEP, (14.0, 16.0, 20.0), Subtype.IPH),
        (AT_SKULL, (7.0, 20.0, 20.0), Subtype.EDH),
    ):
        scan = made(place, radii)
        found = fitted.predict(scan)
        assert found.mask is not None and found.subtype_probability is not None
        assert dice(found.mask, case("001", scan).mask) > 0.8
        of_scan = found.subtype_probability.max(axis=0)
        assert ORDER[int(of_scan.argmax())] is called


def test_nothing_is_found_in_a_head_without_blood(fitted: Chan2007) -> None:
    found = fitted.predict(made(None))
    assert found.mask is not None and not found.mask.any()
    assert found.scan_probability == 0


def test_without_hemorrhage_to_learn_from_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match="chan2007: expected training cases with hemorrhage, found none"):
        Chan2007(grid=GRID).fit([case("001", made(None))], [], tmp_path)


def test_the_config_is_built_in() -> None:
    assert load_config("literature/chan2007").method == "chan2007"
