"""What every model under models/ owes to those who use it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

import ichor.models
from ichor.dataset.ct_ich import DEMONSTRATION_SUBJECT
from ichor.models.package import DEFAULT_MODEL, find_package, read_config
from ichor.runs.about import read_about, without_marks
from quantized_weights import LARGEST, weights_of

PACKAGES = sorted(file.parent for file in Path(ichor.models.__file__).parent.glob("*/config.yaml"))


def test_the_default_model_is_shipped() -> None:
    assert find_package(DEFAULT_MODEL) in PACKAGES


@pytest.mark.parametrize("package", PACKAGES, ids=lambda p: p.name)
class TestShipped:
    def test_it_never_saw_the_demonstration_subject(self, package: Path) -> None:
        training = read_config(package).training
        assert training is not None
        assert DEMONSTRATION_SUBJECT not in (*training.training_subjects, *training.validation_subjects)

    def test_its_figures_are_out_of_fold(self, package: Path) -> None:
        training = read_config(package).training
        assert training is not None
        metrics = json.loads((package / "metrics.json").read_text())
        assert metrics["data"]["fingerprint"] == training.fingerprint
        if training.fold is None:  # trained on all but some: the figures are those of five models of the same recipe
            assert not training.test_subjects
            assert "These metrics are not of this model" in (package / "MODEL_CARD.md").read_text()
            assert (metrics["experiment"], metrics["folds"]) == (training.experiment, [1, 2, 3, 4, 5])
            assert metrics["data"]["n_subjects"] == len(training.training_subjects) + len(training.left_out)
        else:
            seen = {*training.training_subjects, *training.validation_subjects}
            assert not seen & set(training.test_subjects)
            assert set(metrics["per_subject"]) <= set(training.test_subjects)
            assert metrics["data"]["n_subjects"] == len(training.test_subjects)

    def test_its_card_shows_those_figures(self, package: Path) -> None:
        card = (package / "MODEL_CARD.md").read_text()
        metrics = json.loads((package / "metrics.json").read_text())
        assert "not a medical device" in card
        for figure in (metrics["dice"]["paper_average"], metrics["slice"]["specificity_at_sensitivity_97"]):
            low, high = figure["ci95"]
            assert f"| {figure['value']:.3f} | {low:.3f} to {high:.3f} | {figure['n']} " in card

    def test_its_card_says_what_is_known_of_its_recipe(self, package: Path) -> None:
        about, card = read_about(package), " ".join((package / "MODEL_CARD.md").read_text(encoding="utf-8").split())
        for text in (about.design, about.limits):
            assert text and " ".join(without_marks(text).split()) in card

    def test_its_checksums_hold(self, package: Path) -> None:
        lines = (package / "SHA256SUMS").read_text().splitlines()
        sums = {name: digest for digest, name in (line.split("  ") for line in lines)}
        assert set(sums) == {file.name for file in package.iterdir()} - {"SHA256SUMS"}
        assert {"model.onnx", read_config(package).network, "config.yaml", "metrics.json", "MODEL_CARD.md"} <= set(sums)
        for name, digest in sums.items():
            assert hashlib.sha256((package / name).read_bytes()).hexdigest() == digest

    def test_no_sum_of_its_int8_network_saturates_on_any_processor(self, package: Path) -> None:
        if (package / "model.int8.onnx").is_file():
            weights = weights_of(package / "model.int8.onnx")
            assert len(weights) > 20
            assert max(int(np.abs(of).max()) for of in weights.values()) == LARGEST

    def test_it_is_at_most_10_mb(self, package: Path) -> None:
        assert sum(file.stat().st_size for file in package.iterdir()) <= 10e6
