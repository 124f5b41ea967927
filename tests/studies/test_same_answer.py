"""The committed comparison of engines and instruction sets belongs to the shipped package."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ichor.methods import load_model
from ichor.models.package import DEFAULT_MODEL, find_package, read_config, sha256
from ichor.read import open_scan
from paths import ROOT
from studies.same_answer.compare import compare
from studies.same_answer.page import figures, meets_requirements, page

RESULT = json.loads((ROOT / "results" / "same-answer" / "answers.json").read_text(encoding="utf-8"))
# Volumes in mL and probabilities that two engines may differ by in fp32.
ML, PROBABILITY = 0.05, 0.002


def test_the_result_belongs_to_the_shipped_networks() -> None:
    package = find_package(DEFAULT_MODEL)
    assert RESULT["networks"] == {name: sha256(package / name) for name in RESULT["networks"]}
    assert RESULT["made_by"]["runs"] == read_config(package).network


def of_the_default_network() -> list[dict[str, Any]]:
    return [one for one in RESULT["variants"] if one["network"] == RESULT["made_by"]["runs"]]


def test_the_default_network_meets_the_requirements_with_every_instruction_set_and_engine() -> None:
    variants = of_the_default_network()
    assert {one["engine"] for one in variants} == {"openvino", "onnxruntime"}
    assert "AVX2" in {one["instruction_set"] for one in variants}
    assert all(meets_requirements(figures(one)) for one in variants)


def test_the_committed_page_agrees_with_the_result() -> None:
    assert (ROOT / "results" / "same-answer" / "README.md").read_text(encoding="utf-8") == page(RESULT)


def test_the_package_reproduces_the_result_of_the_demonstration_scan() -> None:
    assert_result("demo-scan", ROOT / "examples" / "demo-scan")


def test_the_package_reproduces_the_result_of_the_whole_ge_head(ge_head: Path) -> None:
    assert_result("ge-head", ge_head)


def assert_result(name: str, path: Path) -> None:
    scan = open_scan(path)
    found = load_model().predict(scan)
    (kept, *_) = (one["scans"][name] for one in of_the_default_network())
    area_px = found.mask.sum(axis=(1, 2))
    assert scan.volume_ml(area_px) == pytest.approx(kept["volume_ml"], abs=ML)
    assert (area_px > 0).sum() == kept["slices"]
    assert found.scan_probability == pytest.approx(kept["probability"], abs=PROBABILITY)


def test_comparison_of_two_outputs() -> None:
    one = np.zeros((2, 4, 4), bool)
    one[0, :2] = True
    other = one.copy()
    other[0, 1, 0] = False
    said = [
        {
            "mask": np.packbits(mask),
            "slice_probability": np.array([p, 0.1]),
            "scan_probability": 0.5,
            "volume_ml": 1.0,
            "slices": 1,
        }
        for mask, p in ((one, 0.9), (other, 0.8), (np.zeros_like(one), 0.1))
    ]
    row = compare(said[0], said[1])
    assert (row["dice"], row["slice_probability_apart"], row["flipped"]) == (round(14 / 15, 4), 0.1, False)
    assert compare(said[0], said[2])["flipped"]
    assert compare(said[2], said[2])["dice"] is None
