from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ichor.errors import BadConfig
from ichor.experiments.config import load_config
from ichor.methods.classical.regions import Measured
from ichor.methods.yuh2008 import ORDER, Yuh2008, finding_of
from ichor.subtypes import Subtype
from synthetic_classical import AT_SKULL, DEEP, GRID, case, dice, made, training


@pytest.fixture(scope="module")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> Yuh2008:
    method = Yuh2008(grid=GRID)
    method.fit(training(), [], tmp_path_factory.mktemp("yuh"))
    return method


def of(**other: float) -> Measured:
    """A cluster in the depth of the brain, with other measures where given."""
    deep = {
        **{"volume_ml": 5, "mean_hu": 65, "thickness_mm": 15, "near_skull": 0, "deepest_mm": 40, "off_midline_mm": 30},
        **{"brighter_hu": 25, "beside_fluid": 0.05, "beside_dense": 0, "behind": 0, "height": 0.5},
    }
    return Measured(**{name: np.array([value], float) for name, value in {**deep, **other}.items()})


@pytest.mark.parametrize(
    ("other", "finding"),
    [
        ({}, 2),
        ({"near_skull": 0.8, "deepest_mm": 8, "thickness_mm": 6}, 0),
        ({"thickness_mm": 4}, 1),
        ({"off_midline_mm": 2, "thickness_mm": 4}, -1),
        ({"deepest_mm": 2, "near_skull": 1.0}, -1),
        ({"beside_dense": 0.5, "volume_ml": 0.3}, -1),
        ({"brighter_hu": 2}, -1),
    ],
    ids=["parenchyma", "at the skull", "thin", "falx", "partial volume", "calcified", "on both sides"],
)
def test_the_rules(other: dict[str, float], finding: int) -> None:
    assert finding_of(of(**other)).tolist() == [finding]


def test_blood_is_found_and_called_by_its_place(fitted: Yuh2008) -> None:
    for place, radii, called in (
        (DEEP, (14.0, 16.0, 20.0), Subtype.IPH),
        (AT_SKULL, (7.0, 20.0, 20.0), Subtype.EDH),
    ):
        scan = made(place, radii)
        found = fitted.predict(scan)
        assert found.mask is not None and found.subtype_probability is not None
        assert dice(found.mask, case("001", scan).mask) > 0.8
        of_scan = found.subtype_probability.max(axis=0)
        assert of_scan[ORDER.index(called)] == of_scan.max() > 0
        assert of_scan[ORDER.index(Subtype.SDH)] == of_scan[ORDER.index(Subtype.EDH)]
        assert of_scan[ORDER.index(Subtype.IVH)] == 0


def test_nothing_is_found_in_a_head_without_blood(fitted: Yuh2008) -> None:
    found = fitted.predict(made(None))
    assert found.mask is not None and not found.mask.any()
    assert found.scan_probability == 0


def test_the_constants_are_among_those_tried(fitted: Yuh2008) -> None:
    assert fitted.fitted.density_hu in fitted.settings.densities_hu
    assert fitted.fitted.volume_ml in fitted.settings.volumes_ml


def test_without_hemorrhage_fitting_raises_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match="yuh2008: expected training cases with hemorrhage, found none"):
        Yuh2008(grid=GRID).fit([case("001", made(None))], [], tmp_path)


def test_the_config_is_built_in() -> None:
    assert load_config("literature/yuh2008").method == "yuh2008"
