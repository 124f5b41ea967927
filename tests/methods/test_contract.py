"""What every registered method promises: `ichor.methods.base.Method`, held to it on made subjects.

A method is tried with its own defaults, or with the smaller settings of `SMALL` where those would take minutes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml

from ichor.dataset.case import Case, Cases
from ichor.dataset.ct_ich import CtIch
from ichor.dataset.ct_ich.folds import authors_fold
from ichor.errors import BadConfig
from ichor.experiments.config import ExperimentConfig, load_config
from ichor.experiments.export import export_run
from ichor.experiments.run import cross_validate
from ichor.findings.schema import Findings
from ichor.methods import Method, get, load_model
from ichor.methods.registry import registered
from ichor.read import open_scan
from ichor.scan import Scan
from ichor.segmentation import Segmentation, Task
from outside import ichor
from synthetic_ct_ich import write_ct_ich
from synthetic_scans import write_synthetic_nifti

NEAR = 1e-4  # of probabilities, between the fitted method and the exported one
DEEP = {
    **{"width": 0.125, "pixel_mm": 6.4, "size": 32},
    "training": {"epochs": 2, "batch": 4, "slice_loss": 0.5, "subtype_loss": 0.5},
}
MASKS = {"epochs": 2, "batch": 4, "loss": "dice"}
VOLUMES = {**DEEP, "pixel_mm": 3.2, "size": 64, "depth": 8}
ONE_SCAN = {"epochs": 1, "batch": 1, "slice_loss": 0.5, "subtype_loss": 0.5}
COARSE = {"grid": {"pixel_mm": 3.2, "size": 72}}  # the grid of the classical methods
SMALL: dict[str, dict[str, object]] = {
    "arbabshirani2018": VOLUMES,
    "bhadauria2014": COARSE,
    "chan2007": COARSE,
    "chang2018": {**DEEP, "size": 64, "pixel_mm": 3.2, "proposals": 3},
    "chilamkurthy2018": DEEP,
    "cho2019": {**DEEP, "mask_training": MASKS},
    "gautam2019": COARSE,
    "grewal2018": {**DEEP, "scan_training": ONE_SCAN},
    "jnawali2018": VOLUMES,
    "kuang2019": {**DEEP, "training": MASKS},
    "kuo2018": {**DEEP, "size": 64, "depth": 22, "stride": 16, "training": {**MASKS, "crop": 32}},
    "lee2019": {**DEEP, "pixel_mm": 3.0, "size": 80, "inception_resnet_blocks": [1, 1, 1]},
    "li2012-atlas": COARSE,
    "li2012-bayes": {**COARSE, "scans": 2},
    **{f"muschelli2017-{one}": {**COARSE, "scans": 2, "voxels": 200} for one in ("gam", "lasso", "lr", "rf")},
    "nag2018": DEEP,
    "prakash2012": COARSE,
    "prevedello2017": DEEP,
    "shahangian2016": COARSE,
    "ye2019": {**DEEP, "scan_training": ONE_SCAN},
    "yuh2008": COARSE,
    "unet-slices": {
        **{"pixel_mm": 6.4, "size": 32, "widths": [4, 4, 8, 8]},
        "training": {"epochs": 2, "batch": 4, "slice_loss": 0.5},
    },
    "unet-tiles": {
        **{"width": 2, "pixel_mm": 6.4, "size": 48, "tile": 32, "stride": 16, "centre": "head"},
        "training": {"epochs": 2, "batch": 8},
    },
}


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> CtIch:
    """Two subjects of each block, one of them with hemorrhage of two subtypes."""
    subjects = {s: n for k in range(1, 6) for s, n in zip(authors_fold(k).test, (2, 0), strict=False)}
    root = write_ct_ich(tmp_path_factory.mktemp("ct-ich"), subjects, n_slices=3, columns=("Subarachnoid", "Epidural"))
    return CtIch(root)


def _is_of_the_literature(name: str) -> bool:
    """Whether it is one of the many that are tested only where there is time."""
    return COARSE.items() <= SMALL.get(name, {}).items() or SMALL.get(name, {}).get("width") == DEEP["width"]


@pytest.fixture(
    scope="module",
    params=[pytest.param(one, marks=[pytest.mark.long] * _is_of_the_literature(one)) for one in sorted(registered())],
)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def fitted(name: str, dataset: CtIch, tmp_path_factory: pytest.TempPathFactory) -> Method:
    return fit(name, dataset, tmp_path_factory.mktemp(name))


@pytest.fixture(scope="module")
def package(name: str, dataset: CtIch, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The method's package, exported from a run of one fold."""
    folder = tmp_path_factory.mktemp(f"{name}-run")
    file = folder / "small.yaml"
    file.write_text(yaml.safe_dump({"name": f"small-{name}", "method": name, "settings": SMALL.get(name, {})}))
    config: ExperimentConfig = load_config(str(file))
    metrics = cross_validate(config, dataset, folder / "run", [1], command_of=lambda _: "ichor train small.yaml")
    assert metrics is not None and metrics["data"]["n_subjects"] == 2
    export_run(folder / "run", folder / "package")
    return folder / "package"


def fit(name: str, dataset: CtIch, workdir: Path, training: Cases | None = None) -> Method:
    fold = authors_fold(1, dataset.subjects)
    method = get(name)(**SMALL.get(name, {}))
    method.fit(training or dataset.cases(fold.training), dataset.cases(fold.validation), workdir)
    return method


def a_scan(dataset: CtIch) -> Scan:
    return dataset.case(authors_fold(1, dataset.subjects).test[0]).scan


def assert_same(one: Segmentation, other: Segmentation, within: float = 0.0) -> None:
    assert one.scan_probability == pytest.approx(other.scan_probability, abs=within)
    np.testing.assert_allclose(one.slice_probability, other.slice_probability, atol=within, rtol=0)
    assert one.segments == other.segments
    if one.probability is not None and other.probability is not None:
        np.testing.assert_allclose(one.probability, other.probability, atol=within, rtol=0)
        if not within:
            assert np.array_equal(one.mask, other.mask)


def test_it_is_what_it_claims_to_be(name: str, fitted: Method, dataset: CtIch) -> None:
    assert isinstance(fitted, Method)
    assert fitted.name == name
    found = fitted.predict(a_scan(dataset))
    assert found.segments == (Task.SEGMENT in fitted.task)
    assert fitted.task
    assert (found.made_by.name, found.made_by.model) == (name, None)
    with pytest.raises((TypeError, ValueError)):
        get(name)(no_such_setting=1)


def test_it_segments_on_the_grid_of_the_scan(fitted: Method, dataset: CtIch) -> None:
    scan = a_scan(dataset)
    narrow = replace(scan, voxels=np.ascontiguousarray(scan.voxels[:, 50:, :]))
    unknown = replace(scan, pixel_mm=None, positions_mm=None, thickness_mm=None)
    one = replace(
        scan,
        voxels=scan.voxels[:1],
        pixel_mm=None if scan.pixel_mm is None else scan.pixel_mm[:1],
        positions_mm=None if scan.positions_mm is None else scan.positions_mm[:1],
        orientation=scan.orientation[:1],
        thickness_mm=None if scan.thickness_mm is None else scan.thickness_mm[:1],
    )
    for each in (scan, narrow, unknown, one):
        found = fitted.predict(each)
        assert found.slice_probability.shape == (each.n_slices,)
        if found.mask is not None and found.probability is not None:
            assert found.mask.shape == found.probability.shape == each.voxels.shape
            assert (found.mask.dtype, found.probability.dtype) == (bool, np.float32)


def test_the_scan_is_left_as_it_was(fitted: Method, dataset: CtIch) -> None:
    scan = a_scan(dataset)
    before = scan.voxels.copy()
    fitted.predict(scan)
    assert np.array_equal(scan.voxels, before)


def test_the_same_seed_gives_the_same_result(fitted: Method, name: str, dataset: CtIch, tmp_path: Path) -> None:
    again = fit(name, dataset, tmp_path)
    assert_same(again.predict(a_scan(dataset)), fitted.predict(a_scan(dataset)))


def test_a_fit_that_was_interrupted_comes_to_the_same(
    fitted: Method, name: str, dataset: CtIch, tmp_path: Path
) -> None:
    subjects = authors_fold(1, dataset.subjects).training

    class Interrupted(Cases):
        """Ctrl-C while the last case is read."""

        def __iter__(self) -> Iterator[Case]:
            for subject in self.subjects:
                if subject == subjects[-1]:
                    raise KeyboardInterrupt
                yield dataset.case(subject)

    with pytest.raises(KeyboardInterrupt):
        fit(name, dataset, tmp_path, Interrupted(subjects, dataset.case))
    first = fit(name, dataset, tmp_path)
    again = fit(name, dataset, tmp_path)  # of a fit that is finished nothing is done twice, and nothing is lost
    for method in (first, again):
        assert_same(method.predict(a_scan(dataset)), fitted.predict(a_scan(dataset)))


def test_it_is_restored_from_its_folder(fitted: Method, name: str, dataset: CtIch, tmp_path: Path) -> None:
    fitted.save(tmp_path / "saved")
    loaded = get(name).load(tmp_path / "saved", threads=1)
    assert loaded.settings == fitted.settings
    assert_same(loaded.predict(a_scan(dataset)), fitted.predict(a_scan(dataset)), NEAR)
    loaded.save(tmp_path / "again")
    again = get(name).load(tmp_path / "again", threads=1)
    assert_same(again.predict(a_scan(dataset)), loaded.predict(a_scan(dataset)))


def test_it_is_exported_from_a_run_and_screens(package: Path, name: str, dataset: CtIch, tmp_path: Path) -> None:
    model = load_model(package, threads=1)
    found = model.predict(a_scan(dataset))
    assert (found.made_by.name, found.made_by.model) == (name, f"small-{name}")
    card = (package / "MODEL_CARD.md").read_text()
    assert f"Method `{name}`" in card and "not a medical device" in card
    made = write_synthetic_nifti(tmp_path / "head.nii.gz", n=6, size=64, pixel_mm=(3.2, 3.2), distances_mm=20.0)
    ichor(tmp_path, "screen", made, "--model", package, "--out", tmp_path / "out", "--threads", 1)
    written = Findings.from_json((tmp_path / "out" / "head" / "findings.json").read_bytes())
    assert (written.method.name, written.method.model) == (name, f"small-{name}")
    assert written.method.segments == (Task.SEGMENT in get(name).task)
    found = model.predict(open_scan(made))
    assert written.hemorrhage.probability == pytest.approx(found.scan_probability, abs=NEAR)
    assert [one.probability for one in written.slices] == pytest.approx(found.slice_probability.tolist(), abs=NEAR)
    assert (tmp_path / "out" / "head" / "report.html").is_file()
    assert (tmp_path / "out" / "head" / "mask.nii.gz").is_file() == written.method.segments


def test_an_unfitted_method_is_refused(name: str, dataset: CtIch, tmp_path: Path) -> None:
    method = get(name)(**SMALL.get(name, {}))
    with pytest.raises(BadConfig, match=f"{name}: expected a fitted or loaded method"):
        method.predict(a_scan(dataset))
    with pytest.raises(BadConfig, match=f"{name}: expected a fitted or loaded method"):
        method.save(tmp_path)
    with pytest.raises(BadConfig):
        get(name).load(tmp_path / "nowhere")
