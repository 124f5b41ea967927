"""What findings say, that they agree with themselves, and that their schema is the documented one."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from pydantic import BaseModel, ValidationError

from ichor.scan import Scan
from ichor.screen import findings as schema
from ichor.screen.findings import Findings, Making, Timing, findings, json_schema, package_versions
from ichor.windows import BRAIN
from made_scans import ThresholdMethod, made_head

DOCS = Path(__file__).parents[2] / "docs"
TIMING = Timing(read=0.1, infer=0.2, write=0.3, total=0.6)
MAKING = Making(packages=package_versions(), read_options={}, input_sha256="0", path_sha256="0", method_sha256=None)


def findings_of(scan: Scan, **changes: Any) -> Findings:
    segmentation = replace(ThresholdMethod().predict(scan), **changes)
    return findings(scan, segmentation, name="made", timing=TIMING, made_by=MAKING)


def test_findings_of_a_known_bleed() -> None:
    found = findings_of(made_head(n=30, size=180, pixel_mm=(1.2, 1.0), distances_mm=4.0, warnings=("W.",)))
    assert found.hemorrhage.present
    assert found.hemorrhage.volume_ml == pytest.approx(4 / 3 * np.pi * 16 * 24 * 20 / 1000, rel=0.02)
    assert found.hemorrhage.n_slices == sum(one.area_px > 0 for one in found.slices) == 9
    assert found.hemorrhage.lesions[0].side == "left"
    assert found.scan.spacing_mm == (1.2, 1.0, 4.0)
    assert found.scan.warnings == ("W.",)
    assert found.method.settings["lowest_hu"] == 60
    marked = found.slices[15]
    assert (marked.index, marked.position_mm, marked.thickness_mm, marked.height_mm) == (15, 60, 4, 4)
    assert marked.area_mm2 == pytest.approx(marked.area_px * 1.2)


def test_nothing_found() -> None:
    found = findings_of(made_head(blood_at_mm=None)).hemorrhage
    assert (found.present, found.volume_ml, found.volume_px, found.n_slices) == (False, 0, 0, 0)
    assert (found.largest_diameter_mm, found.abc2_ml, found.lesions) == (None, 0, ())


def test_unknown_spacing_is_null_and_pixels_are_counted() -> None:
    found = findings_of(made_head(known_spacing=False))
    assert found.scan.spacing_mm is None
    assert (found.hemorrhage.volume_ml, found.hemorrhage.abc2_ml) == (None, None)
    assert found.hemorrhage.volume_px > 0
    for key in ("position_mm", "thickness_mm", "height_mm", "area_mm2"):
        assert getattr(found.slices[0], key) is None


def test_a_gray_scan_says_its_window() -> None:
    scan = made_head()
    gray = replace(scan, voxels=BRAIN.gray(scan.voxels).astype(np.uint8), gray_window=BRAIN)
    found = findings_of(gray)
    assert found.scan.gray_window == (40, 120)
    assert found.hemorrhage.lesions[0].side == "left"


@pytest.mark.parametrize("known", [True, False])
def test_the_json_holds_to_the_published_schema(known: bool) -> None:
    found = findings_of(made_head(known_spacing=known))
    published = json.loads((DOCS / "findings.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(published)
    jsonschema.validate(json.loads(found.as_json()), published)
    assert Findings.model_validate_json(found.as_json()) == found


def test_the_published_schema_is_that_of_the_code() -> None:
    written = (DOCS / "findings.schema.json").read_text()
    assert written == json_schema(), "write docs/findings.schema.json anew from ichor.screen.findings.json_schema()"


def test_every_key_is_documented() -> None:
    text = (DOCS / "findings.md").read_text()
    documented = set(re.findall(r"`(\w+)`", text))
    models = [one for one in vars(schema).values() if isinstance(one, type) and issubclass(one, BaseModel)]
    keys = {key for model in models for key in model.model_fields}
    assert keys - documented - {"hemorrhage", "timing_s"} == set()
    assert {"hemorrhage", "timing_s"} <= set(re.findall(r"^## `(\w+)`", text, re.MULTILINE))


@pytest.mark.parametrize(
    "key, value", [("volume_px", 1), ("n_slices", 1), ("present", False), ("lesions", ()), ("n_lesions", 0)]
)
def test_totals_that_disagree_with_the_slices_are_refused(key: str, value: object) -> None:
    content = json.loads(findings_of(made_head()).as_json())
    content["hemorrhage"][key] = value
    with pytest.raises(ValidationError, match=r"expected (volume_px|\d+ lesions)"):
        Findings.model_validate(content)


def test_unknown_keys_and_missing_slices_are_refused() -> None:
    content = json.loads(findings_of(made_head()).as_json())
    with pytest.raises(ValidationError, match="patient"):
        Findings.model_validate({**content, "patient": "x"})
    with pytest.raises(ValidationError, match="expected slices 0 to 11"):
        Findings.model_validate({**content, "slices": content["slices"][1:]})


def test_a_mask_on_another_grid_is_refused() -> None:
    other = ThresholdMethod().predict(made_head(n=11))
    with pytest.raises(ValueError, match=r"expected a mask .*\(12, .* found \(11, "):
        findings(made_head(), other, name="made", timing=TIMING, made_by=MAKING)


def test_probabilities_outside_their_range_are_refused() -> None:
    with pytest.raises(ValidationError, match="less than or equal to 1"):
        findings_of(made_head(), scan_probability=1.5)
    with pytest.raises(ValidationError, match="finite"):
        findings_of(made_head(), scan_probability=float("nan"))
