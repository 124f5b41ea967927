from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ichor.errors import BadConfig
from ichor.experiments.config import load_config
from ichor.methods.classical.head import GridSettings, Head
from ichor.methods.prakash2012 import Prakash2012, denoised
from synthetic_classical import DEEP, GRID, case, dice, made, training


@pytest.fixture(scope="module")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> Prakash2012:
    method = Prakash2012(grid=GRID)
    method.fit(training(), [], tmp_path_factory.mktemp("prakash"))
    return method


def test_the_level_set_grows_from_few_dense_seeds_to_the_border(fitted: Prakash2012) -> None:
    scan = made(DEEP)
    head = Head.of(scan, GridSettings.model_validate(GRID))
    truth = head.from_scan(case("001", scan).mask)
    seeds = head.brain & (denoised(head) >= 65)
    assert 0 < seeds.sum() < 0.7 * truth.sum()
    assert dice(fitted._evolved(head, 65.0), truth) > 0.85


def test_blood_is_outlined_and_a_head_without_blood_is_clean(fitted: Prakash2012) -> None:
    scan = made(DEEP)
    found, clean = fitted.predict(scan).mask, fitted.predict(made(None)).mask
    assert found is not None and clean is not None
    assert dice(found, case("001", scan).mask) > 0.9
    assert not clean.any()


def test_slices_without_seeds_stay_empty(fitted: Prakash2012) -> None:
    found = fitted.predict(made(DEEP))
    assert found.mask is not None
    assert not found.mask[[0, 1, 10, 11]].any()
    assert np.all(found.slice_probability[[0, 1, 10, 11]] == 0)


def test_without_hemorrhage_fitting_raises_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match="prakash2012: expected training cases with hemorrhage, found none"):
        Prakash2012(grid=GRID).fit([case("001", made(None))], [], tmp_path)


def test_the_config_is_built_in() -> None:
    assert load_config("literature/prakash2012").method == "prakash2012"
