"""Findings: their content, their consistency, and their documented schema."""

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

from ichor.anatomy.head import find_head
from ichor.findings import schema
from ichor.findings.build import findings, package_versions
from ichor.findings.checks.check import failed_checks
from ichor.findings.measurements import lesions
from ichor.findings.parts import Making, Timing
from ichor.findings.schema import Findings, json_schema
from ichor.scan import Scan
from ichor.segmentation import Inference
from ichor.subtypes import Subtype
from ichor.windows import BRAIN
from synthetic_scans import ThresholdMethod, synthetic_head

DOCS = Path(__file__).parents[2] / "docs" / "reference"
TIMING = Timing(read=0.1, infer=0.2, write=0.3, total=0.6)
MAKING = Making(packages=package_versions(), read_options={}, input_sha256="0", path_sha256="0", method_sha256=None)


def findings_of(scan: Scan, **changes: Any) -> Findings:
    segmentation = replace(ThresholdMethod().predict(scan), **changes)
    head = find_head(scan)
    found = lesions(segmentation.mask, scan, head, segmentation.subtype_probability)
    return findings(
        scan, segmentation, found, failed=failed_checks(scan, head), name="made", timing=TIMING, made_by=MAKING
    )


def test_findings_of_a_known_bleed() -> None:
    found = findings_of(synthetic_head(n=30, size=180, pixel_mm=(1.2, 1.0), distances_mm=4.0, warnings=("W.",)))
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


def test_inference_is_recorded_and_its_warning_is_among_those_of_the_scan() -> None:
    made_by = ThresholdMethod().predict(synthetic_head()).made_by
    assert findings_of(synthetic_head()).method.inference is None
    for warning in ("", "Another network ran."):
        inference = Inference("openvino", "fp32", "AVX2", warning)
        found = findings_of(synthetic_head(warnings=("W.",)), made_by=replace(made_by, inference=inference))
        ran = found.method.inference
        assert ran is not None
        assert (ran.engine, ran.precision, ran.instruction_set) == ("openvino", "fp32", "AVX2")
        assert ran.warning == (warning or None)
        assert found.scan.warnings == (("W.", warning) if warning else ("W.",))


def test_findings_without_hemorrhage() -> None:
    found = findings_of(synthetic_head(blood_at_mm=None)).hemorrhage
    assert (found.present, found.volume_ml, found.volume_px, found.n_slices) == (False, 0, 0, 0)
    assert (found.largest_diameter_mm, found.abc2_ml, found.lesions) == (None, 0, ())


def test_unknown_spacing_is_null_and_voxels_are_counted() -> None:
    found = findings_of(synthetic_head(known_spacing=False))
    assert found.scan.spacing_mm is None
    assert (found.hemorrhage.volume_ml, found.hemorrhage.abc2_ml) == (None, None)
    assert found.hemorrhage.volume_px > 0
    for key in ("position_mm", "thickness_mm", "height_mm", "area_mm2"):
        assert getattr(found.slices[0], key) is None


def test_a_gray_scan_has_its_window() -> None:
    scan = synthetic_head()
    gray = replace(scan, voxels=BRAIN.gray(scan.voxels).astype(np.uint8), gray_window=BRAIN)
    found = findings_of(gray)
    assert found.scan.gray_window == (40, 120)
    assert found.hemorrhage.lesions[0].side == "left"


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("told", [True, False])
def test_the_json_is_valid_by_the_published_schema(known: bool, told: bool) -> None:
    scan = synthetic_head(known_spacing=known)
    found = findings_of(scan, subtype_probability=np.full((scan.n_slices, 5), 0.2) if told else None)
    published = json.loads((DOCS / "findings.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(published)
    content = json.loads(found.as_json())
    jsonschema.validate(content, published)
    if told:
        del content["slices"][0]["subtypes"]["SAH"]
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(content, published)
    assert Findings.model_validate_json(found.as_json()) == found


def test_the_published_schema_agrees_with_the_code() -> None:
    written = (DOCS / "findings.schema.json").read_text()
    assert written == json_schema(), "write docs/findings.schema.json anew from ichor.findings.schema.json_schema()"


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
    content = json.loads(findings_of(synthetic_head()).as_json())
    content["hemorrhage"][key] = value
    with pytest.raises(ValidationError, match=r"expected (n_slices|volume_px|\d+ lesions)"):
        Findings.model_validate(content)


# What slices show: SDH most on the lowest of those that `two_bleeds` marks, IPH on the others, SAH at the vertex only.
PROBABILITY = np.array([[0.1, 0.2, 0.0, 0.0, 0.9], [0.1, 0.7, 0.0, 0.0, 0.6], [0.1, 0.8, 0.3, 0.0, 0.1]])


def two_bleeds(*, known_spacing: bool = True) -> tuple[Scan, np.ndarray]:
    """A scan of three slices, and a mask with 24 voxels on the lower two and 8 on the upper two."""
    scan = synthetic_head(n=3, size=64, pixel_mm=(2.0, 2.0), distances_mm=5.0, known_spacing=known_spacing)
    mask = np.zeros(scan.voxels.shape, bool)
    mask[0, 10:14, 20:25] = mask[1, 10:12, 20:22] = True
    mask[1:, 40:42, 30:32] = True
    return scan, mask


def test_subtypes_have_the_volume_of_their_lesions_and_the_highest_probability_of_a_slice() -> None:
    scan, mask = two_bleeds()
    found = findings_of(scan, mask=mask, subtype_probability=PROBABILITY)
    assert [(one.subtype, one.volume_px) for one in found.hemorrhage.lesions] == [(Subtype.SDH, 24), (Subtype.IPH, 8)]
    told = {one.subtype: one for one in found.hemorrhage.subtypes or ()}
    assert list(told) == list(Subtype)
    assert {key: one.probability for key, one in told.items()} == dict(
        zip(Subtype, (0.1, 0.8, 0.3, 0.0, 0.9), strict=True)
    )
    assert {key: one.volume_px for key, one in told.items() if one.volume_px} == {Subtype.IPH: 8, Subtype.SDH: 24}
    assert told[Subtype.SDH].volume_ml == pytest.approx(24 * 2 * 2 * 5 / 1000)
    assert told[Subtype.SAH].volume_ml == 0
    assert found.slices[1].subtypes == dict(zip(Subtype, PROBABILITY[1], strict=True))


def test_subtypes_with_unknown_spacing_are_counted_in_voxels() -> None:
    scan, mask = two_bleeds(known_spacing=False)
    told = findings_of(scan, mask=mask, subtype_probability=PROBABILITY).hemorrhage.subtypes or ()
    assert [one.volume_px for one in told] == [0, 8, 0, 0, 24]
    assert {one.volume_ml for one in told} == {None}


def test_the_subtypes_volume_includes_lesions_that_are_not_measured() -> None:
    scan = synthetic_head(n=4, size=128, blood_at_mm=None)
    mask = np.zeros(scan.voxels.shape, bool)
    mask[::2, ::4, ::4] = True
    probability = np.zeros((4, 5))
    probability[0, 2] = probability[2, 3] = 0.7
    found = findings_of(scan, mask=mask, subtype_probability=probability).hemorrhage
    assert found.n_lesions == 2048 and len(found.lesions) == 200
    assert [one.volume_px for one in found.subtypes or ()] == [0, 0, 1024, 1024, 0]


def test_subtypes_are_null_for_a_method_without_them() -> None:
    found = findings_of(synthetic_head())
    assert found.hemorrhage.subtypes is None
    assert {one.subtype for one in found.hemorrhage.lesions} == {one.subtypes for one in found.slices} == {None}


@pytest.mark.parametrize(
    "place, key, value, said",
    [
        (("hemorrhage", "subtypes", 1), "volume_px", 9, "expected the subtypes' volumes to sum to 32 voxels, found 33"),
        (("hemorrhage", "subtypes", 1), "volume_px", 7, "expected IPH with probability 0.8 and at least 8 voxels"),
        (("hemorrhage", "subtypes", 1), "probability", 0.7, "expected IPH with probability 0.8 and at least 8 voxels"),
        (("hemorrhage", "subtypes", 1), "volume_ml", 0.2, "expected the subtypes' volumes to sum to 0.64 mL"),
        (("hemorrhage", "subtypes", 1), "volume_ml", None, "expected the subtypes' volumes to sum to 0.64 mL"),
        (("hemorrhage", "subtypes", 1), "subtype", "SAH", "expected the subtypes IVH, IPH, SAH, EDH, SDH in order"),
        (("hemorrhage", "lesions", 0), "subtype", None, "expected subtypes for the scan, every slice"),
        (("slices", 0), "subtypes", None, "expected subtypes for the scan, every slice"),
        (("hemorrhage",), "subtypes", None, "expected subtypes for the scan, every slice"),
        (("slices", 0), "subtypes", {"IVH": 0.1}, "at least 5 items"),
    ],
)
def test_subtypes_that_disagree_with_slices_and_lesions_are_refused(
    place: tuple[str | int, ...], key: str, value: object, said: str
) -> None:
    scan, mask = two_bleeds()
    content = json.loads(findings_of(scan, mask=mask, subtype_probability=PROBABILITY).as_json())
    assert Findings.model_validate(content)
    part = content
    for step in place:
        part = part[step]
    part[key] = value
    with pytest.raises(ValidationError, match=re.escape(said)):
        Findings.model_validate(content)


def test_unknown_keys_and_missing_slices_are_refused() -> None:
    content = json.loads(findings_of(synthetic_head()).as_json())
    with pytest.raises(ValidationError, match="patient"):
        Findings.model_validate({**content, "patient": "x"})
    with pytest.raises(ValidationError, match="expected slices 0 to 11"):
        Findings.model_validate({**content, "slices": content["slices"][1:]})


def test_probabilities_outside_their_range_are_refused() -> None:
    for odd in (1.5, -0.1, float("nan")):
        with pytest.raises(ValueError, match="expected probabilities of slices and scan in 0 to 1"):
            findings_of(synthetic_head(), scan_probability=odd)
