from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ichor.errors import BadConfig
from ichor.experiments.config import load_config
from ichor.methods.classical.head import GridSettings, Head
from ichor.methods.shahangian2016.features import BINS, hematomas, slice_features, weighted_histogram
from ichor.methods.shahangian2016.method import EDH, IPH, ORDER, Shahangian2016
from ichor.subtypes import Subtype
from synthetic_classical import AT_SKULL, DEEP, GRID, case, dice, made

SETTINGS = GridSettings.model_validate(GRID)
LENS = (7.0, 20.0, 20.0)


@pytest.fixture(scope="module")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> Shahangian2016:
    deep = [case(f"00{k}", made(place)) for k, place in enumerate((DEEP, (-40.0, -10.0, 50.0)))]
    rim = [case(f"01{k}", made(place, LENS), Subtype.EDH) for k, place in enumerate((AT_SKULL, (-58.0, 5.0, 60.0)))]
    method = Shahangian2016(grid=GRID)
    method.fit(
        [*deep, *rim, case("020", made(None)), case("021", made(None))], [], tmp_path_factory.mktemp("shahangian")
    )
    return method


def test_the_level_set_outlines_the_hematoma() -> None:
    scan = made(DEEP)
    head = Head.of(scan, SETTINGS)
    assert dice(head.on_scan(hematomas(head)), case("001", scan).mask) > 0.85
    assert not hematomas(Head.of(made(None), SETTINGS)).any()


def test_blood_is_the_upper_end_of_the_weighted_histogram() -> None:
    with_blood, without = (Head.of(made(place), SETTINGS) for place in (DEEP, None))
    bin_of_blood = int((65 + 20) / 120 * BINS)
    assert weighted_histogram(with_blood)[6, bin_of_blood] > 0.04
    assert weighted_histogram(without)[6, bin_of_blood] < 0.001
    assert weighted_histogram(without)[6].sum() == pytest.approx(1)


def test_slices_without_a_hematoma_have_none_of_its_features() -> None:
    head = Head.of(made(DEEP), SETTINGS)
    features = slice_features(head, hematomas(head))
    assert features[6, BINS] == 1 and not features[1, BINS:].any()
    assert np.isfinite(features).all()


def test_presence_and_subtype_are_predicted(fitted: Shahangian2016) -> None:
    for place, radii, subtype in ((DEEP, (14.0, 16.0, 20.0), IPH), (AT_SKULL, LENS, EDH)):
        scan = made(place, radii)
        found = fitted.predict(scan)
        assert found.mask is not None and found.subtype_probability is not None
        truth = case("001", scan)
        assert dice(found.mask, truth.mask) > 0.8
        assert found.slice_probability[truth.positive].min() > found.slice_probability[~truth.positive].max()
        assert int(found.subtype_probability.max(axis=0).argmax()) == subtype
        assert not found.subtype_probability[:, ORDER.index(Subtype.SAH)].any()


def test_nothing_is_marked_in_a_head_without_blood(fitted: Shahangian2016) -> None:
    found = fitted.predict(made(None))
    assert found.mask is not None and not found.mask.any()
    assert found.scan_probability < fitted.predict(made(DEEP)).scan_probability


def test_without_hemorrhage_to_learn_from_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match="shahangian2016: expected training cases with hemorrhage, found none"):
        Shahangian2016(grid=GRID).fit([case("001", made(None))], [], tmp_path)


def test_the_config_is_built_in() -> None:
    assert load_config("literature/shahangian2016").method == "shahangian2016"
