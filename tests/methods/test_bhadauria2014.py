from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ichor.errors import BadConfig
from ichor.experiments.config import load_config
from ichor.methods.bhadauria2014 import Bhadauria2014, local_region_force
from ichor.methods.classical.level_set import evolve, step_function
from synthetic_classical import DEEP, GRID, case, dice, made, training


def disc(radius: float) -> np.ndarray:
    rows, columns = np.mgrid[:96, :96]
    return (np.hypot(rows - 48, columns - 48) <= radius)[None]


@pytest.mark.parametrize("start", [18, 24], ids=["from inside", "from outside"])
def test_the_contour_moves_to_the_border_of_a_disc_on_a_slope(start: float) -> None:
    """No threshold separates disc and background: the background at one end is as bright as the disc at the other."""
    slope = np.linspace(0, 30, 96, dtype=np.float32)[None, None]
    image = np.where(disc(21), 55, 32).astype(np.float32) + slope
    force = local_region_force(image, np.ones(image.shape, bool), spread_hu=10, window=15, length=0.5)
    assert dice(evolve(step_function(disc(start)), force, steps=40) < 0, disc(21)) > 0.97


@pytest.fixture(scope="module")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> Bhadauria2014:
    method = Bhadauria2014(grid=GRID)
    method.fit(training(), [], tmp_path_factory.mktemp("bhadauria"))
    return method


def test_blood_is_outlined(fitted: Bhadauria2014) -> None:
    scan = made(DEEP)
    found = fitted.predict(scan)
    assert found.mask is not None
    assert dice(found.mask, case("001", scan).mask) > 0.9
    assert found.scan_probability > 0


def test_a_head_without_blood_is_clean_unless_the_brightest_cluster_is_always_called_blood(
    fitted: Bhadauria2014, tmp_path: Path
) -> None:
    clean = fitted.predict(made(None)).mask
    assert clean is not None and not clean.any()
    published = Bhadauria2014(grid=GRID, as_published=True)
    published.fit([], [], tmp_path)
    called = published.predict(made(None)).mask
    assert called is not None and called.any()


def test_without_hemorrhage_fitting_raises_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match="bhadauria2014: expected training cases with hemorrhage, found none"):
        Bhadauria2014(grid=GRID).fit([case("001", made(None))], [], tmp_path)


def test_both_configs_are_built_in() -> None:
    assert load_config("literature/bhadauria2014").settings["as_published"] is False
    assert load_config("literature/bhadauria2014-published").settings["as_published"] is True
