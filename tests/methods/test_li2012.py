from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from unittest import mock

import nibabel
import numpy as np
import pytest

from ichor.errors import BadConfig
from ichor.experiments.config import load_config
from ichor.methods.classical.head import GridSettings, Head
from ichor.methods.li2012.atlas import FILE as ATLAS
from ichor.methods.li2012.atlas import Volume, atlas_space, displacement_mm, read_atlas, template
from ichor.methods.li2012.landmarks import BANDWIDTH_MM, Densities, distances_mm, likelier_space, midsagittal
from ichor.methods.li2012.landmarks import FILE as DENSITIES
from ichor.methods.li2012.method import Li2012, Li2012Atlas, Li2012Bayes
from ichor.methods.li2012.slices import Features
from ichor.methods.registry import get
from ichor.scan import Scan
from ichor.subtypes import Subtype
from synthetic_atlas import GRID, bent, case, template_scan
from synthetic_classical import dice, made
from synthetic_scans import BLOOD_HU

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = ROOT / "src/ichor/methods/li2012"
SETTINGS = GridSettings.model_validate(GRID)
METHODS = ("li2012-atlas", "li2012-bayes")
SAH = list(Subtype).index(Subtype.SAH)


def head_of(scan: Scan) -> Head:
    return Head.of(scan, SETTINGS)


def found_space(deformation: object) -> tuple[float, float]:
    """Dice of the space that registration finds in a deformed template, and of that of the undeformed one."""
    scan, space = template_scan(deformation)  # type: ignore[arg-type]
    head = head_of(scan)
    return dice(head.on_scan(atlas_space(head)), space), dice(template_scan()[1], space)


def test_the_features_are_those_of_the_space() -> None:
    head = head_of(made(None))
    space = head.brain & (np.arange(head.brain.shape[2]) < head.middle_column)
    judged = space & (head.depth_mm > 2)
    head.hu[judged] = 20
    for k in range(len(space)):
        places = np.flatnonzero(judged[k])
        head.hu[k].ravel()[places[: len(places) // 2]] = 60
        head.hu[k].ravel()[places[-3:]] = 95  # calcified, so not counted
    found = Features.of(head, space)
    assert found.enough[6]
    for mean, variance, entropy, energy in (found.slices[6], found.scan):
        assert (mean, variance) == (pytest.approx(40, abs=0.3), pytest.approx(400, abs=0.3))
        assert (entropy, energy) == (pytest.approx(1, abs=1e-3), pytest.approx(0.5, abs=1e-3))
    none = Features.of(head, np.zeros_like(space))
    assert not none.enough.any() and not none.scan.any()


def test_the_atlas_holds_only_the_inside_of_the_skull_and_names_its_license() -> None:
    image, space = read_atlas()
    assert image.shape == space.shape and set(np.unique(space)) == {0, 1}
    assert not (space.astype(bool) & (image == 0)).any()
    assert 1000 < np.count_nonzero(image) * 8 / 1000 < 1900  # mL
    assert (SHIPPED / ATLAS).stat().st_size < 300_000
    assert "BSD 2-Clause" in (SHIPPED / "LICENSE").read_text(encoding="utf-8")
    assert "src/ichor/methods/li2012" in (ROOT / "NOTICE").read_text(encoding="utf-8")


def test_the_script_makes_the_atlas_again(templates: Path, tmp_path: Path) -> None:
    command = [sys.executable, ROOT / "scripts/make_li2012_atlas.py", templates, tmp_path]
    subprocess.run(command, check=True, capture_output=True)
    made_again, shipped = (nibabel.load(folder / ATLAS) for folder in (tmp_path, SHIPPED))
    assert np.array_equal(made_again.affine, shipped.affine)
    assert np.array_equal(np.asarray(made_again.dataobj), np.asarray(shipped.dataobj))
    assert (tmp_path / "LICENSE").read_bytes() == (SHIPPED / "LICENSE").read_bytes()


@pytest.mark.long
@pytest.mark.parametrize(
    ("size", "turned", "bend_mm"),
    [(1.0, 0.0, 0.0), (0.9, 0.3, 0.0), (1.08, -0.15, 5.0)],
    ids=["as it is", "turned", "bent"],
)
def test_the_space_of_a_deformed_template_is_recovered(size: float, turned: float, bend_mm: float) -> None:
    found, undeformed = found_space(bent(size, turned, bend_mm))
    assert found > 0.8
    assert found > undeformed + 0.2 or undeformed == 1


@pytest.mark.long
def test_registration_does_not_depend_on_threads_or_repetition() -> None:
    import SimpleITK

    fixed = Volume.of(head_of(template_scan(bent(0.95, 0.1, 4.0))[0]))
    before = SimpleITK.ProcessObject.GetGlobalDefaultNumberOfThreads()
    fields = []
    try:
        for threads in (1, 4):
            SimpleITK.ProcessObject.SetGlobalDefaultNumberOfThreads(threads)
            fields.append(displacement_mm(fixed, template()))
    finally:
        SimpleITK.ProcessObject.SetGlobalDefaultNumberOfThreads(before)
    assert np.array_equal(*fields)


def test_a_scan_too_short_to_register_is_overlaid_and_one_without_brain_has_no_space() -> None:
    whole, _ = template_scan(bent(1.05))
    few = Scan(whole.voxels[15:17], whole.source, whole.pixel_mm[15:17], whole.positions_mm[15:17])  # type: ignore[index]
    head = head_of(few)
    found = head.on_scan(atlas_space(head))
    assert found.any() and not found[few.voxels > 200].any()
    air = Scan(np.full((5, 40, 40), -1000, np.int16), whole.source)
    assert not atlas_space(head_of(air)).any()
    assert not likelier_space(head_of(air), Densities(*np.ones((2, 2, 5), np.float32))).any()


def test_distances_are_those_to_the_landmarks() -> None:
    head = head_of(made(None))
    middle, along = midsagittal(head)
    assert abs(along[0]) == pytest.approx(1, abs=0.01)
    row, column = (round(one) for one in middle)
    k = int(np.count_nonzero(head.brain, axis=(1, 2)).argmax())
    found = distances_mm(head, tuple(np.array([[k, k], [row, row], [column, column + 10]])))
    assert found[0, 0] == pytest.approx(65, abs=4)  # radii of 65 and 83 mm
    assert found[:, 1] == pytest.approx([0, 10 * GRID["pixel_mm"]], abs=1.5)
    assert found[0, 2:4] == pytest.approx([83, 83], abs=5)
    assert found[1, 2] == pytest.approx(np.hypot(found[0, 2], 20), abs=2)


def test_the_midsagittal_plane_turns_with_the_head() -> None:
    for turned in (0.0, 0.3, -0.4):
        _, along = midsagittal(head_of(template_scan(bent(turned=turned))[0]))
        assert np.arctan2(along[1], along[0]) == pytest.approx(turned, abs=0.05)


def test_densities_are_sums_of_gaussians() -> None:
    rng = np.random.default_rng(0)
    space, rest = rng.normal(10, 4, (30, 5)).astype(np.float32), rng.normal(14, 6, (40, 5)).astype(np.float32)
    x = rng.normal(12, 5, (50, 5)).astype(np.float32)

    def density(samples: np.ndarray) -> np.ndarray:
        return np.exp(-0.5 * (((x[:, None] - samples) / BANDWIDTH_MM) ** 2).sum(axis=2)).mean(axis=1)

    expected = np.log(density(space) / density(rest))
    np.testing.assert_allclose(Densities(space, rest).log_ratio(x), expected, atol=1e-3)


def test_the_bayes_decision_finds_the_space_of_another_head() -> None:
    known = []
    for deformation in (bent(), bent(0.92, 0.2), bent(1.06, -0.1, 3.0)):
        scan, space = template_scan(deformation)
        head = head_of(scan)
        known.append((head, head.from_scan(space)))
    (other, truth), *training = reversed(known)
    densities = Densities.of(training, 1000, seed=0)
    assert dice(likelier_space(other, densities), truth) > 0.75
    blood = other.hu.copy()
    blood[truth] = BLOOD_HU
    other.hu[:] = blood  # the decision is by place alone
    assert dice(likelier_space(other, densities), truth) > 0.75


@pytest.fixture(scope="module", params=METHODS)
def fitted(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Li2012:
    training = [
        case("001", bent(), blood=True),
        case("002", bent(0.94, 0.1), blood=True),
        case("003", bent(1.04, -0.1), blood=False),
        case("004", bent(0.97, 0.0, 3.0), blood=False),
    ]
    method = get(request.param)(grid=GRID)
    assert isinstance(method, Li2012)
    method.fit(training, [], tmp_path_factory.mktemp("li2012"))
    return method


@pytest.mark.long
def test_blood_in_the_space_is_detected_and_blood_elsewhere_is_not(fitted: Li2012) -> None:
    shape = bent(1.02, 0.15, 2.0)
    with_blood = case("005", shape, blood=True)
    found = fitted.predict(with_blood.scan)
    assert found.mask is None and found.subtype_probability is not None
    judged = found.slice_probability > 0
    positive = with_blood.positive
    assert found.slice_probability[positive].min() > 0.5 > found.slice_probability[~positive & judged].max()
    assert np.array_equal(found.subtype_probability[:, SAH], found.slice_probability)
    assert found.subtype_probability.sum() == pytest.approx(found.slice_probability.sum())
    assert found.scan_probability > 0.5
    for deep_hu in (None, BLOOD_HU):
        scan, _ = template_scan(shape, space_hu=10, deep_hu=deep_hu)
        assert fitted.predict(scan).scan_probability < 0.5


@pytest.mark.long
def test_it_comes_back_from_its_package_and_a_damaged_one_is_refused(fitted: Li2012, tmp_path: Path) -> None:
    fitted.save(tmp_path)
    scan, _ = template_scan(bent(1.02), space_hu=40)
    loaded = type(fitted).load(tmp_path)
    assert np.array_equal(loaded.predict(scan).slice_probability, fitted.predict(scan).slice_probability)
    file = tmp_path / DENSITIES
    assert file.exists() == isinstance(fitted, Li2012Bayes)
    if not file.exists():
        return
    whole = {"space": np.ones((3, 5)), "rest": np.ones((3, 5))}
    damages = {
        "text": None,
        "four distances": whole | {"rest": np.ones((3, 4))},
        "one array": {"space": np.ones((3, 5))},
    }
    damages["not a number"] = whole | {"space": np.full((3, 5), np.nan)}
    for arrays in damages.values():
        np.savez(file, **arrays) if arrays else file.write_text("damaged")
        with pytest.raises(BadConfig, match=f"{DENSITIES}: expected the densities of li2012-bayes, found none"):
            Li2012Bayes.load(tmp_path)


def test_without_simpleitk_it_says_so() -> None:
    with (
        mock.patch.dict(sys.modules, {"SimpleITK": None}),
        pytest.raises(BadConfig, match="the atlas of li2012: expected the package SimpleITK"),
    ):
        Li2012Atlas()


@pytest.mark.long
@pytest.mark.parametrize("name", METHODS)
def test_without_subarachnoid_hemorrhage_to_learn_from_it_says_so(name: str, tmp_path: Path) -> None:
    message = f"{name}: expected training cases with subarachnoid hemorrhage, found none"
    with pytest.raises(BadConfig, match=message):
        get(name)(grid=GRID).fit([case("001", bent(), blood=False)], [], tmp_path)


@pytest.mark.parametrize("name", METHODS)
def test_the_configs_are_built_in(name: str) -> None:
    assert load_config(f"literature/{name}").method == name
