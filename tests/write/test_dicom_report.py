"""Output `dicom-sr`: what the findings say, read back by highdicom, and every reference where it ought to lead."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import highdicom
import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes

from dicom_exact import places_of
from dicom_valid import errors, errors_between
from ichor.anatomy.midline import MidlineShift, midline_shift
from ichor.findings.verdict import Tier
from ichor.formats.dicom_sr import Group
from ichor.screening.screener import Screener
from ichor.write.dicom_report import slices_of_subtypes
from ichor.write.dicom_report_groups import groups_of
from ichor.write.result import Result
from paths import DEMO, GE_HEAD
from synthetic_dicom import ct_slices, enhanced_ct, hu_of_head, save
from synthetic_scans import SubtypesMethod, ThresholdMethod

FILE = "report.dcm"


@pytest.fixture(scope="module")
def result() -> Result:
    """Of the demonstration scan, by the shipped model."""
    return Screener().screen(DEMO)


@pytest.fixture(scope="module")
def folder(result: Result, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return result.save(tmp_path_factory.mktemp("report") / "out", ["dicom-sr"])


def items(node: Dataset) -> list[Dataset]:
    """The content item and all below it."""
    return [node, *(one for child in node.get("ContentSequence", ()) for one in items(child))]


def groups(file: Path) -> dict[str, Any]:
    """Measurement groups by tracking identifier, as highdicom reads them."""
    content = highdicom.sr.srread(file).content
    found = [*content.get_volumetric_roi_measurement_groups(), *content.get_image_measurement_groups()]
    return {one.tracking_identifier: one for one in found}


def numbers(group: Any) -> dict[str, list[tuple[float, str]]]:
    """Values with their units, by the meaning of their name."""
    found: dict[str, list[tuple[float, str]]] = {}
    for one in group.get_measurements():
        found.setdefault(one.name.meaning, []).append((one.value, one.unit.value))
    return found


def comments(file: Path) -> str:
    return "\n".join(one.TextValue for one in items(pydicom.dcmread(file)) if one.get("ValueType") == "TEXT")


@pytest.mark.dciodvfy
def test_it_says_what_the_findings_say(result: Result, folder: Path) -> None:
    found, told = result.findings.hemorrhage, groups(folder / FILE)
    assert found.subtypes is not None
    lists = {name: numbers(one) for name, one in told.items()}
    whole = lists["Intracranial hemorrhage"]
    assert whole == {
        "Volume": [(pytest.approx(found.volume_ml), "cm3")],
        "Diameter": [(pytest.approx(found.largest_diameter_mm), "mm")],
        "Volume of ellipsoid": [(pytest.approx(found.abc2_ml), "cm3")],
    }
    scan = lists["Intracranial hemorrhage on the scan"]["Probability"]
    flagged = [one.probability for one in result.findings.slices if one.flagged]
    assert [value for value, _ in scan] == pytest.approx([found.probability, *flagged])
    for one in found.subtypes:
        name = f"{one.subtype.label} hemorrhage ({one.subtype})"
        assert (name in lists) == bool(one.volume_px)
        if one.volume_px:
            assert lists[name]["Volume"] == [(pytest.approx(one.volume_ml), "cm3")]
            assert lists[name]["Probability"] == [(pytest.approx(one.probability), "1")]
    shift = midline_shift(result.scan)
    assert ("Midline shift" in lists) == (shift is not None)
    assert errors(folder / FILE) == []
    sources = sorted(DEMO.glob("*.dcm"))
    assert errors_between([*sources, *folder.glob("*.dcm")]) == errors_between(sources)


def test_it_explains_its_probability_and_that_nobody_reviewed_it(result: Result, folder: Path) -> None:
    said, verdict = comments(folder / FILE), result.findings.verdict
    assert verdict is not None and verdict.suspected is not None and verdict.possible is not None
    assert "Research use only; not a medical device." in said and result.findings.tier.words in said
    assert f"suspected from {verdict.suspected.threshold:g} on" in said
    assert f"possible from {verdict.possible.threshold:g} on" in said
    made = pydicom.dcmread(folder / FILE)
    assert (made.CompletionFlag, made.VerificationFlag, made.PreliminaryFlag) == (
        "COMPLETE",
        "UNVERIFIED",
        "PRELIMINARY",
    )
    assert (
        made.SOPClassUID.name == "Comprehensive 3D SR Storage"
        and made.ContentTemplateSequence[0].TemplateIdentifier == "1500"
    )
    assert result.findings.made_by.method_sha256 is not None and result.findings.made_by.method_sha256 in said
    (equipment,) = (one for one in made.ContributingEquipmentSequence if "DeviceUID" in one)  # IHE AIR 6.5.3.1
    observer = next(one.UID for one in items(made) if one.get("ValueType") == "UIDREF")
    assert equipment.DeviceUID == observer


def test_its_references_lead_to_the_slices_and_to_the_segments(result: Result, folder: Path) -> None:
    made = pydicom.dcmread(folder / FILE)
    segmentations = [pydicom.dcmread(folder / name) for name in ("segmentation.dcm", "subtypes.dcm")]
    sources = set(result.scan.source.instance_uids)
    referred = {
        one.ReferencedSOPSequence[0].ReferencedSOPInstanceUID for one in items(made) if one.get("ValueType") == "IMAGE"
    }
    assert referred == sources | {one.SOPInstanceUID for one in segmentations}
    evidence = {
        one.ReferencedSOPInstanceUID
        for study in made.CurrentRequestedProcedureEvidenceSequence
        for series in study.ReferencedSeriesSequence
        for one in series.ReferencedSOPSequence
    }
    assert evidence == referred
    assert len({one.SeriesInstanceUID for one in [made, *segmentations]}) == 3
    labelled = {}
    for seg in segmentations:
        shown = [at for at, frame in zip(places_of(seg, result), seg.pixel_array, strict=True) if frame.any()]
        for one in seg.SegmentSequence:
            on = [k for segment, k in shown if segment == one.SegmentNumber - 1]
            labelled[seg.SOPInstanceUID, one.SegmentNumber] = one.SegmentLabel, sorted(on)
    told = {name: group for name, group in groups(folder / FILE).items() if hasattr(group, "referenced_segment")}
    assert len(told) == len(labelled) >= 2
    for name, group in told.items():
        segment = group.referenced_segment
        uids = [one.referenced_sop_instance_uid for one in segment.source_images_for_segmentation]
        on = list(map(result.scan.source.instance_uids.index, uids))
        at = segment.referenced_sop_instance_uid, segment.referenced_segment_numbers[0]
        assert labelled[at] == (name, sorted(on)) and on
    flagged = [result.scan.source.instance_uids[one.index] for one in result.findings.slices if one.flagged]
    scan = groups(folder / FILE)["Intracranial hemorrhage on the scan"]
    assert [one.referenced_sop_instance_uid for one in scan.source_images] == flagged


@pytest.mark.ge_head
@pytest.mark.dciodvfy
def test_of_the_tilted_ge_head(tmp_path: Path) -> None:
    result = Screener.of(SubtypesMethod()).screen(GE_HEAD)
    file = result.save(tmp_path / "out", ["dicom-sr"]) / FILE
    assert set(errors(file)) <= set(errors(GE_HEAD / "14.dcm"))
    (volume,) = numbers(groups(file)["Intracranial hemorrhage"])["Volume"]
    area = result.scan.pixel_area_mm2
    heights = result.scan.slice_heights_mm
    assert area is not None and heights is not None and result.mask is not None
    assert volume[0] == pytest.approx(float((result.mask.sum(axis=(1, 2)) * area * heights).sum()) / 1000, abs=1e-5)


@pytest.mark.dciodvfy
def test_where_nothing_was_found_it_says_so(tmp_path: Path) -> None:
    hu = hu_of_head()
    hu[(hu > 50) & (hu < 100)] = 35
    result = Screener.of(SubtypesMethod()).screen(save(ct_slices(hu), tmp_path / "in"))
    assert result.findings.tier is Tier.NONE
    file = result.save(tmp_path / "out", ["dicom-sr"]) / FILE
    assert errors(file) == []
    told = groups(file)
    assert set(told) - {"Midline shift"} == {"Intracranial hemorrhage on the scan", "Intracranial hemorrhage"}
    assert numbers(told["Intracranial hemorrhage"])["Volume"] == [(0, "cm3")]
    evaluations = told["Intracranial hemorrhage on the scan"].get_qualitative_evaluations()
    (presence,) = (one.value for one in evaluations if one.name == codes.DCM.PresenceOfProperty)
    assert presence == codes.cid250.Negative
    assert "No hemorrhage found." in comments(file) and "none was found on 8 slices" in comments(file)


@pytest.mark.dciodvfy
def test_of_a_multi_frame_image_frames_are_referred_to(tmp_path: Path) -> None:
    save([enhanced_ct(hu_of_head())], tmp_path / "in")
    result = Screener.of(ThresholdMethod()).screen(tmp_path / "in")
    file = result.save(tmp_path / "out", ["dicom-sr"]) / FILE
    assert errors(file) == []
    frames = [result.scan.source.frame_numbers[one.index] for one in result.findings.slices if one.flagged]
    scan = groups(file)["Intracranial hemorrhage on the scan"]
    assert [one.referenced_frame_numbers for one in scan.source_images] == [[frame] for frame in frames] != []


def test_it_comes_with_the_segmentation_that_it_refers_to(result: Result, tmp_path: Path) -> None:
    for k, asked in enumerate((["dicom-sr"], ["dicom-sr", "dicom-seg"], ["dicom-seg", "dicom-sr"])):
        folder = result.save(tmp_path / str(k), asked)
        assert {one.name for one in folder.iterdir()} == {
            *("report.dcm", "segmentation.dcm", "subtypes.dcm", "findings.json")
        }


@pytest.mark.parametrize(
    ("mm", "side", "words"),
    [(4.24, "Left", "to the patient's left"), (-4.26, "Right", "to the patient's right"), (0.02, None, "neither side")],
)
def test_midline_shift_has_its_side(result: Result, mm: float, side: str | None, words: str) -> None:
    (group,) = (one for one in told(result, MidlineShift(mm, 5)) if one.name == "Midline shift")
    ((_, laterality),) = group.sites
    assert (None if laterality is None else laterality.keyword) == side and words in group.comment
    assert group.measured[0].value == round(abs(mm), 1) and group.slices == (5,) and "slice 6" in group.comment


@pytest.mark.dciodvfy
def test_a_name_in_any_script_is_that_of_the_source(tmp_path: Path) -> None:
    def named(one: Dataset, k: int) -> None:
        one.SpecificCharacterSet = ["", "ISO 2022 IR 87"]
        one.PatientName = "Yamada^Tarou=山田^太郎=やまだ^たろう"

    result = Screener.of(ThresholdMethod()).screen(save(ct_slices(hu_of_head(), change=named), tmp_path / "in"))
    folder = result.save(tmp_path / "out", ["dicom-sr", "dicom-sc"])
    for file in folder.glob("*.dcm"):
        assert str(pydicom.dcmread(file).PatientName) == "Yamada^Tarou=山田^太郎=やまだ^たろう"
    assert errors(folder / FILE) == []


@pytest.mark.dciodvfy
def test_missing_patient_and_study_data_is_left_empty(tmp_path: Path) -> None:
    unknown = ("PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyDate", "StudyTime", "StudyID")

    def anonymous(one: Dataset, k: int) -> None:
        for keyword in (*unknown, "AccessionNumber", "ReferringPhysicianName"):
            one.pop(keyword, None)

    result = Screener.of(SubtypesMethod()).screen(save(ct_slices(hu_of_head(), change=anonymous), tmp_path / "in"))
    folder = result.save(tmp_path / "out", ["dicom-seg", "dicom-probability", "dicom-sr", "dicom-sc"])
    files = sorted(folder.glob("*.dcm"))
    assert [file.name for file in files] == [
        *("capture-1.dcm", "probability.dcm", "report.dcm", "segmentation.dcm", "subtypes.dcm")
    ]
    for file in files:
        made = pydicom.dcmread(file)
        assert errors(file) == [] and made.StudyInstanceUID == result.scan.source.study_uid
        assert [str(made.get(keyword) or "") for keyword in unknown] == [""] * len(unknown)


def told(result: Result, shift: MidlineShift | None = None) -> list[Group]:
    return list(groups_of(result.findings, slices_of_subtypes(result), shift))


def test_a_possible_hemorrhage_is_undetermined(result: Result) -> None:
    found = result.findings
    assert found.verdict is not None
    possible = found.model_copy(update={"verdict": found.verdict.model_copy(update={"tier": Tier.POSSIBLE})})
    scan = told(replace(result, findings=possible))[0]
    ((_, value),) = scan.evaluations
    assert value.keyword == "Undetermined" and "Hemorrhage possible." in scan.comment
