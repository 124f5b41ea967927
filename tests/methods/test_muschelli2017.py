from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ichor.errors import BadConfig
from ichor.experiments.config import load_config
from ichor.methods import get
from ichor.methods.classical.head import GridSettings, Head
from ichor.methods.forest import FOREST, Forest
from ichor.methods.muschelli2017.additive import Additive, Fit
from ichor.methods.muschelli2017.features import NAMES, TEMPLATE, Template, classified, places, predictors
from ichor.methods.muschelli2017.method import FILE, Muschelli2017
from synthetic_classical import DEEP, GRID, case, dice, made, training

SETTINGS = GridSettings.model_validate(GRID)
METHODS = [f"muschelli2017-{one}" for one in ("lr", "lasso", "gam", "rf")]


def column(name: str) -> int:
    return NAMES.index(name)


@pytest.fixture(scope="module")
def head() -> Head:
    return Head.of(made(DEEP), SETTINGS)


@pytest.fixture(scope="module")
def template() -> Template:
    found = Template.of([Head.of(made(None), SETTINGS)])
    assert found is not None
    return found


def test_the_predictors_of_blood_are_those_of_blood(head: Head, template: Template) -> None:
    truth = head.from_scan(case("001", made(DEEP)).mask)
    at = classified(head)
    assert (at & truth).sum() > 0.9 * truth.sum()
    x = predictors(head, template, head.brain)
    blood, brain = (np.median(x[of[head.brain]], axis=0) for of in (truth, head.brain & ~truth))
    assert x.shape == (head.brain.sum(), len(NAMES)) and np.isfinite(x).all()
    assert blood[column("intensity")] == pytest.approx(65, abs=1)
    assert blood[column("difference to the other side")] == pytest.approx(30, abs=3)
    assert brain[column("difference to the other side")] == pytest.approx(0, abs=1)
    for name in ("score in its axial plane", "score in the brain", "score in the template"):
        assert blood[column(name)] > 3
        assert abs(brain[column(name)]) < 1
    assert blood[column("first guess")] > brain[column("first guess")] + 0.2


def test_local_moments_are_those_of_the_neighborhood(head: Head, template: Template) -> None:
    """Compared with moments taken voxel by voxel, well inside the brain."""
    at = np.zeros(head.brain.shape, bool)
    at[6, 60:64, 40:44] = True
    x = predictors(head, template, at)
    for row, (k, r, c) in zip(x, np.argwhere(at), strict=True):
        near = head.hu[k - 1 : k + 2, r - 1 : r + 2, c - 1 : c + 2].astype(float)
        centred = near - near.mean()
        spread = max(float(near.std()), 1.0)
        assert row[column("local mean")] == pytest.approx(near.mean(), abs=0.01)
        assert row[column("local deviation")] == pytest.approx(spread, abs=0.02)
        assert row[column("local skewness")] == pytest.approx((centred**3).mean() / spread**3, abs=0.1)
        assert row[column("local kurtosis")] == pytest.approx((centred**4).mean() / spread**4, abs=0.3)


def test_the_template_has_the_mean_of_each_place(head: Head, template: Template) -> None:
    assert template.mean.shape == template.deviation.shape == TEMPLATE
    assert template.mean.min() > 30 and template.mean.max() < 45
    where = places(head, head.brain)
    assert where.min() >= 0 and where.max() < np.prod(TEMPLATE)
    assert Template.of([]) is None


@pytest.mark.parametrize("fit", Fit)
def test_a_linear_border_is_found(fit: Fit) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(0, 1, (3000, 3))
    truth = rng.random(3000) < 1 / (1 + np.exp(-4 * x[:, 0] - 1))
    model = Additive.fit(x, truth, fit)
    middle = np.array([[-1.0, 0, 0], [0, 0, 0], [1, 0, 0]])
    assert model.probability_of(middle) == pytest.approx([0.047, 0.731, 0.993], abs=0.06)
    assert Additive.model_validate(model.model_dump(mode="json")) == model


def test_only_the_additive_model_finds_a_band() -> None:
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, (3000, 2))
    truth = np.abs(x[:, 0]) < 0.4
    right = {one: np.mean((Additive.fit(x, truth, one).probability_of(x) > 0.5) == truth) for one in Fit}
    assert right[Fit.ADDITIVE] > 0.93
    assert right[Fit.LOGISTIC] < 0.7


def test_the_lasso_drops_what_does_not_matter() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(0, 1, (400, 30))
    truth = rng.random(400) < 1 / (1 + np.exp(-3 * x[:, 0]))
    weights = np.array([term[-1] for term in Additive.fit(x, truth, Fit.LASSO).terms])
    assert np.abs(weights).argmax() == 0
    assert (weights == 0).sum() > 10


def test_one_class_is_refused() -> None:
    with pytest.raises(BadConfig, match="expected training examples of both classes, found 0 of 4 positive"):
        Additive.fit(np.zeros((4, 1)), np.zeros(4, bool), Fit.LOGISTIC)


@pytest.fixture(scope="module", params=METHODS)
def fitted(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Muschelli2017:
    method = get(request.param)(grid=GRID, scans=2, voxels=500)
    assert isinstance(method, Muschelli2017)
    method.fit(training(), [], tmp_path_factory.mktemp("muschelli"))
    return method


def test_blood_is_outlined_and_a_head_without_blood_is_clean(fitted: Muschelli2017) -> None:
    scan = made(DEEP)
    found, clean = fitted.predict(scan), fitted.predict(made(None))
    assert found.mask is not None and clean.mask is not None
    assert dice(found.mask, case("001", scan).mask) > 0.85
    assert not clean.mask.any()
    assert found.scan_probability > 0.8 > clean.scan_probability


def test_a_package_without_its_template_is_refused(fitted: Muschelli2017, tmp_path: Path) -> None:
    fitted.save(tmp_path)
    (tmp_path / FILE).write_bytes(b"damaged")
    with pytest.raises(BadConfig, match=f"{FILE}: expected the template of {fitted.name}, found none"):
        type(fitted).load(tmp_path)


def test_a_package_without_its_forest_is_refused(fitted: Muschelli2017, tmp_path: Path) -> None:
    fitted.save(tmp_path)
    assert (tmp_path / FOREST).exists() == isinstance(fitted.model, Forest)
    if isinstance(fitted.model, Forest):
        (tmp_path / FOREST).unlink()
        with pytest.raises(BadConfig, match=f"{FOREST}: expected a random forest, found FileNotFoundError"):
            type(fitted).load(tmp_path)


def test_without_hemorrhage_to_learn_from_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match="muschelli2017-lr: expected training cases with hemorrhage, found none"):
        get("muschelli2017-lr")(grid=GRID).fit([case("001", made(None))], [], tmp_path)


@pytest.mark.parametrize("name", METHODS)
def test_the_configs_are_built_in(name: str) -> None:
    assert load_config(f"literature/{name}").method == name
