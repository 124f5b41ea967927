"""NIfTI, DICOM SEG, nnU-Net and COCO: what was drawn is read back by other libraries, voxel for voxel."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import highdicom
import nibabel as nib
import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from PIL import Image
from pycocotools.coco import COCO

from dicom_valid import errors
from ichor.annotate.export.run import Outcome, export
from ichor.annotate.project import Labels, Origin, Project, open_project
from ichor.errors import IchorError
from ichor.read import ReadOptions, open_scan
from ichor.scan import Scan
from ichor.subtypes import Subtype
from ichor.windows import BRAIN
from phantom import head
from synthetic_dicom import PATIENT, synthetic_series
from synthetic_projects import PERSON, add_done, drawn_map, edh_map, folder_of, put
from synthetic_scans import PRONE, synthetic_head
from synthetic_video import write_pair

NOT_MEDICAL = "not a medical device"


def exported(project: Project, target: str, out: Path) -> list[Outcome]:
    outcomes = list(export(project, target, out))
    assert not [one for one in outcomes if one.reason], outcomes
    return outcomes


@pytest.fixture(scope="module")
def scans(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Scan]:
    """A DICOM series, an oblique NIfTI file whose axes are stored otherwise, a tilted made head, and a video pair."""
    folder = tmp_path_factory.mktemp("scans")
    columns_slices_rows = np.array([[0.9, 0, 0], [0, 0, 0.8], [0, 5.0, 0]])
    affine = nib.affines.from_matvec(nib.eulerangles.euler2mat(0.1, 0.05, 0.2) @ columns_slices_rows, [3, -20, 7])
    voxels = head(6, 44, 40).transpose(2, 0, 1)[::-1]  # its second axis goes up
    matrix = affine @ np.array([[-1, 0, 0, 39], [0, 1, 0, 0], [0, 0, -1, 43], [0, 0, 0, 1]])
    nib.save(nib.Nifti1Image(np.ascontiguousarray(voxels[..., ::-1]), matrix), folder / "head.nii.gz")
    return {
        "001": open_scan(synthetic_series(folder / "dicom")),
        "002": open_scan(folder / "head.nii.gz"),
        "003": synthetic_head(n=5, size=48, pixel_mm=(4, 4), tilt_deg=12, orientation=PRONE, distances_mm=(5, 5, 6, 5)),
        "004": open_scan(write_pair(folder / "video", head(6, 64, 48)), ReadOptions(pixel_mm=0.5, slice_mm=5)),
    }


@pytest.fixture(scope="module")
def folder(scans: dict[str, Scan], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project of these scans, exported to every target that can hold them all."""
    folder = tmp_path_factory.mktemp("exported")
    with open_project(folder / "project", create=True) as project:
        for case, scan in scans.items():
            add_done(project, scan, drawn_map(scan), subject=f"head {case}")
        for target in ("nifti", "nnunet", "coco"):
            assert [one.case for one in exported(project, target, folder / target)] == list(scans)
    return folder


def on_scan_axes(array: np.ndarray, scan: Scan) -> np.ndarray:
    """What a NIfTI file holds, (n, rows, columns): found by where its voxels lie, with no help from the writer."""
    grid = scan.source.nifti
    if grid is None:
        return array.transpose(2, 1, 0)
    return nib.apply_orientation(array, grid.orientation).transpose(2, 1, 0)


@pytest.mark.parametrize("case", ["001", "002", "003", "004"])
def test_nifti_labels_come_back_by_nibabel_and_simpleitk(case: str, folder: Path, scans: dict[str, Scan]) -> None:
    scan, files = scans[case], folder / "nifti" / case
    labels, image = nib.load(files / "labels.nii.gz"), nib.load(files / "image.nii.gz")
    np.testing.assert_array_equal(on_scan_axes(np.asarray(labels.dataobj), scan), drawn_map(scan))
    np.testing.assert_array_equal(labels.affine, image.affine)
    np.testing.assert_allclose(on_scan_axes(image.get_fdata(), scan), scan.hu, atol=0.08)
    if case != "003":  # ITK reads the qform, which has no shear
        voxels = sitk.GetArrayFromImage(sitk.ReadImage(str(files / "labels.nii.gz")))
        np.testing.assert_array_equal(voxels, np.asarray(labels.dataobj).transpose(2, 1, 0))


@pytest.mark.parametrize("case", ["001", "002", "003", "004"])
def test_a_nifti_export_read_as_a_scan_has_the_labels_where_they_were_drawn(
    case: str, folder: Path, scans: dict[str, Scan]
) -> None:
    scan = scans[case]
    again = open_scan(folder / "nifti" / case / "image.nii.gz")
    assert scan.positions_mm is not None and again.positions_mm is not None
    labels = nib.load(folder / "nifti" / case / "labels.nii.gz")
    drawn = np.argwhere(np.asarray(labels.dataobj) == 3)
    middle = nib.affines.apply_affine(labels.affine, drawn).mean(axis=0) * [-1, -1, 1]
    places = np.argwhere(drawn_map(scan) == 3)
    index = int(places[0, 0])
    row, column = places[:, 1:].mean(axis=0)
    expected = (
        scan.positions_mm[index]
        + scan.orientation[index, 0] * column * scan.pixel_mm[index, 1]
        + scan.orientation[index, 1] * row * scan.pixel_mm[index, 0]
    )
    tolerance = 1.1 if case == "003" else 1e-3  # its slices are not even: NIfTI takes their median distance
    np.testing.assert_allclose(middle, expected, atol=tolerance)


def test_nifti_states_in_words_what_was_labeled(folder: Path) -> None:
    content = json.loads((folder / "nifti" / "001" / "labels.json").read_text())
    assert NOT_MEDICAL in content["use"]
    assert content["names"]["4"] == "EDH"
    assert content["scan"]["subtypes"] == list(Subtype) and content["scan"]["fracture"]
    assert content["slices"]["2"]["fracture"] and content["slices"]["4"]["subtypes"] == ["EDH"]


def test_uneven_slices_are_reported(scans: dict[str, Scan], tmp_path: Path) -> None:
    with open_project(tmp_path / "project", create=True) as project:
        add_done(project, scans["003"], drawn_map(scans["003"]))
        (outcome,) = exported(project, "nifti", tmp_path / "out")
    assert any("5 to 6 mm apart" in note for note in outcome.notes)


def test_nnunet_has_its_layout(folder: Path, scans: dict[str, Scan]) -> None:
    raw = folder / "nnunet" / "nnUNet_raw" / "Dataset502_Annotated"
    description = json.loads((raw / "dataset.json").read_text())
    assert description["numTraining"] == len(scans) and description["channel_names"] == {"0": "CT"}
    assert description["labels"] == {"background": 0, "hemorrhage": 1} and description["file_ending"] == ".nii.gz"
    assert {one.name for one in (raw / "imagesTr").iterdir()} == {f"case_{case}_0000.nii.gz" for case in scans}
    assert {one.name for one in (raw / "labelsTr").iterdir()} == {f"case_{case}.nii.gz" for case in scans}
    for case, scan in scans.items():
        image, label = (
            nib.load(raw / f"imagesTr/case_{case}_0000.nii.gz"),
            nib.load(raw / f"labelsTr/case_{case}.nii.gz"),
        )
        assert image.shape == label.shape
        np.testing.assert_array_equal(image.affine, label.affine)
        np.testing.assert_array_equal(on_scan_axes(np.asarray(label.dataobj), scan), drawn_map(scan) > 0)


def test_coco_is_read_by_pycocotools(folder: Path, scans: dict[str, Scan]) -> None:
    coco = COCO(str(folder / "coco" / "annotations.json"))
    assert NOT_MEDICAL in coco.dataset["info"]["description"]
    assert [one["name"] for one in coco.loadCats(range(1, 6))] == list(Subtype)
    seen = set()
    for image in coco.loadImgs(coco.getImgIds()):
        scan, index = scans[image["case"]], image["slice"] - 1
        pixels = np.asarray(Image.open(folder / "coco" / image["file_name"]))
        assert pixels.shape == (image["height"], image["width"]) == scan.voxels.shape[1:]
        np.testing.assert_allclose(pixels, BRAIN.gray(scan.hu[index]), atol=0.51)
        drawn = np.zeros(pixels.shape, np.uint8)
        for one in coco.loadAnns(coco.getAnnIds(imgIds=image["id"])):
            region = coco.annToMask(one).astype(bool)
            assert not drawn[region].any()
            drawn[region] = one["category_id"]
            rows, columns = np.nonzero(region)
            assert one["area"] == region.sum()
            left, top, width, height = one["bbox"]
            assert (left, top) == (columns.min(), rows.min())
            assert (left + width - 1, top + height - 1) == (columns.max(), rows.max())
        np.testing.assert_array_equal(drawn, drawn_map(scan)[index])
        seen.add((image["case"], index))
    assert len(seen) == sum(scan.n_slices for scan in scans.values())
    (third,) = [one["id"] for one in coco.dataset["images"] if (one["case"], one["slice"]) == ("001", 4)]
    assert len(coco.getAnnIds(imgIds=third)) == 2  # two regions that do not touch are two instances


def seg_of(scan: Scan, label_map: np.ndarray, folder: Path) -> Path:
    with open_project(folder / "project", create=True) as project:
        add_done(project, scan, label_map)
        exported(project, "dicom-seg", folder / "out")
    return folder / "out" / "001.dcm"


def read_segment(found: highdicom.seg.Segmentation, scan: Scan, number: int) -> np.ndarray:
    return found.get_pixels_by_source_instance(
        list(scan.source.instance_uids),
        segment_numbers=[number],
        ignore_spatial_locations=True,
        assert_missing_frames_are_empty=True,
    )[..., 0]


@pytest.mark.dciodvfy
def test_a_segmentation_has_a_segment_for_each_subtype_on_its_source_instances(
    scans: dict[str, Scan], tmp_path: Path
) -> None:
    scan = scans["001"]
    file = seg_of(scan, drawn_map(scan), tmp_path)
    assert errors(file) == []
    found = highdicom.seg.segread(file)
    labels = [found.get_segment_description(number).segment_label for number in found.segment_numbers]
    assert labels == [f"{subtype.label} hemorrhage ({subtype})" for subtype in Subtype] + ["Intracranial hemorrhage"]
    for label, number in enumerate(found.segment_numbers, 1):
        np.testing.assert_array_equal(read_segment(found, scan, number), drawn_map(scan) == label)
    dataset = pydicom.dcmread(file)
    assert dataset.PatientID == PATIENT["PatientID"]
    assert "research use only" in dataset.SeriesDescription
    assert {one.SegmentAlgorithmType for one in dataset.SegmentSequence} == {"MANUAL"}


@pytest.mark.dciodvfy
def test_a_segmentation_says_how_each_segment_was_made(scans: dict[str, Scan], tmp_path: Path) -> None:
    scan = scans["001"]
    label_map = drawn_map(scan)
    with open_project(tmp_path / "project", create=True) as project:
        scan_id = add_done(project, scan, label_map)
        # IVH untouched, IPH accepted, SAH changed, EDH calculated here and drawn by hand on slice 3, SDH drawn.
        origins: dict[int, Origin] = {1: "ai", 2: "ai accepted", 3: "ai edited", 4: "calculated", 5: "drawn", 6: "ai"}
        project.put_label_map(scan_id, "ann", 2, label_map[2], by="ann", origins=origins)
        for target in ("dicom-seg", "nifti", "coco"):
            exported(project, target, tmp_path / target)
        record = json.loads((tmp_path / "nifti" / "export.json").read_text())
    assert errors(tmp_path / "dicom-seg" / "001.dcm") == []
    segments = pydicom.dcmread(tmp_path / "dicom-seg" / "001.dcm").SegmentSequence
    made = [one.SegmentAlgorithmType for one in segments]
    assert made == ["AUTOMATIC", "AUTOMATIC", "SEMIAUTOMATIC", "SEMIAUTOMATIC", "MANUAL", "AUTOMATIC"]
    assert ["SegmentAlgorithmName" in one for one in segments] == [one != "MANUAL" for one in made]
    families = [
        one.SegmentationAlgorithmIdentificationSequence[0].AlgorithmFamilyCodeSequence[0].CodeMeaning
        for one, type_ in zip(segments, made, strict=True)
        if type_ != "MANUAL"
    ]
    assert families == [*["Artificial Intelligence"] * 3, "Morphological Operations", "Artificial Intelligence"]
    said = json.loads((tmp_path / "nifti" / "001" / "labels.json").read_text())["slices"]
    assert said["3"]["origins"]["SAH"] == "ai edited" and said["4"]["origins"] == {"EDH": "drawn"}
    images = json.loads((tmp_path / "coco" / "annotations.json").read_text())["images"]
    assert [one["origins"].get("EDH") for one in images[:4]] == [None, None, "calculated", "drawn"]
    assert record["cases"]["001"]["notes"] == []  # of slice 3 not all is the model's


def test_exporting_again_gives_the_same_object_and_another_drawing_another(
    scans: dict[str, Scan], tmp_path: Path
) -> None:
    scan = scans["001"]
    with open_project(tmp_path / "project", create=True) as project:
        scan_id = add_done(project, scan, edh_map(scan))
        for name in ("a", "b"):
            exported(project, "dicom-seg", tmp_path / name)
        put(project, scan_id, "ann", edh_map(scan, 9))
        exported(project, "dicom-seg", tmp_path / "c")
    first, second, third = ((tmp_path / name / "001.dcm").read_bytes() for name in "abc")
    assert first == second
    uids = {pydicom.dcmread(tmp_path / name / "001.dcm").SOPInstanceUID for name in "ac"}
    assert first != third and len(uids) == 2


def test_a_scan_without_hemorrhage_says_so_as_a_segmentation(scans: dict[str, Scan], tmp_path: Path) -> None:
    scan = scans["001"]
    found = highdicom.seg.segread(seg_of(scan, np.zeros(scan.voxels.shape, np.uint8), tmp_path))
    assert len(found.segment_numbers) == 1 and found.NumberOfFrames == scan.n_slices
    assert not found.pixel_array.any()


def test_of_a_segmentation_what_is_not_dicom_or_gone_is_left_out(scans: dict[str, Scan], tmp_path: Path) -> None:
    gone = replace(scans["001"], source=replace(scans["001"].source, path=tmp_path / "gone"))
    with open_project(tmp_path / "project", create=True) as project:
        for subject, scan in (("here", scans["001"]), ("nifti", scans["002"]), ("gone", gone)):
            add_done(project, scan, edh_map(scan), subject=subject)
        outcomes = list(export(project, "dicom-seg", tmp_path / "out"))
    assert [bool(one.reason) for one in outcomes] == [False, True, True]
    assert "this scan is from nifti" in outcomes[1].reason
    assert "gone" in outcomes[2].reason and "\n" not in outcomes[2].reason
    assert folder_of(tmp_path / "out") == {"001.dcm", "export.json"}


def test_unfinished_and_disagreeing_scans_are_left_out_by_name(tmp_path: Path) -> None:
    scan = synthetic_head(n=4, size=48, pixel_mm=(4, 4))
    with open_project(tmp_path / "project", create=True) as project:
        for name in ("ann", "bea"):
            project.add_reader(name)
        add_done(project, scan, edh_map(scan), subject="one reader")
        begun = project.add_scan(scan, "begun", "begun").id
        put(project, begun, "ann", edh_map(scan))
        project.add_scan(scan, "untouched", "untouched")
        apart = add_done(project, scan, edh_map(scan), subject="apart")
        put(project, apart, "bea", edh_map(scan, 3), by="bea")
        project.set_state(apart, "bea", "done", by="bea")
        outcomes = list(export(project, "nifti", tmp_path / "first"))
        assert [one.reason for one in outcomes] == [
            "",
            "no reader has finished",
            "no reader has finished",
            "the readers disagree and there is no finished consensus",
        ]
        assert {one.split("/")[0] for one in folder_of(tmp_path / "first")} == {"001", "export.json"}

        # A consensus that is done is what counts, and its case keeps its number.
        put(project, apart, "consensus", edh_map(scan, 5), by="bea")
        project.set_state(apart, "consensus", "done", by="bea")
        outcomes = list(export(project, "nifti", tmp_path / "second"))
    assert [one.case for one in outcomes if not one.reason] == ["001", "004"]
    labels = nib.load(tmp_path / "second" / "004" / "labels.nii.gz")
    np.testing.assert_array_equal(on_scan_axes(np.asarray(labels.dataobj), scan), edh_map(scan, 5))
    record = json.loads((tmp_path / "second" / "export.json").read_text())
    assert record["cases"]["004"]["annotated_by"] == "consensus" and NOT_MEDICAL in record["use"]


def test_untouched_outlines_are_reported(tmp_path: Path) -> None:
    scan = synthetic_head(n=4, size=48, pixel_mm=(4, 4))
    with open_project(tmp_path / "project", create=True) as project:
        scan_id = add_done(project, scan, edh_map(scan))
        project.put_label_map(scan_id, "ann", 3, edh_map(scan)[2], by="ann", origins="ai")
        (outcome,) = exported(project, "coco", tmp_path / "out")
    assert outcome.notes == ("AI outlines on slice 4 were neither changed nor accepted",)


def test_cases_name_nobody_and_scans_of_one_subject_are_listed(tmp_path: Path) -> None:
    scan = synthetic_head(n=2, size=32, pixel_mm=(6, 6))
    subjects = ("Doe^Jane", "49", "77", "77", "002", "Doe^Jane")
    with open_project(tmp_path / "project", create=True) as project:
        for subject in subjects:
            add_done(project, scan, np.zeros(scan.voxels.shape, np.uint8), subject=subject)
        outcomes = exported(project, "nifti", tmp_path / "out")
    assert [one.case for one in outcomes] == ["001", "049", "003", "004", "002", "005"]
    record = json.loads((tmp_path / "out" / "export.json").read_text())
    assert record["same_subject"] == [["001", "005"], ["003", "004"]]
    for name in folder_of(tmp_path / "out"):
        assert "Doe" not in name and b"Doe" not in (tmp_path / "out" / name).read_bytes()


@pytest.mark.parametrize("target", ["ct-ich", "nifti", "dicom-seg", "nnunet", "coco"])
def test_nothing_is_overwritten(target: str, tmp_path: Path) -> None:
    scan = synthetic_head(n=2, size=32, pixel_mm=(6, 6))
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("mine")
    (tmp_path / "file").write_text("mine")
    with open_project(tmp_path / "project", create=True) as project:
        add_done(project, scan, edh_map(scan))
        for name, found in (("out", "a folder with content"), ("file", "a file")):
            with pytest.raises(IchorError, match=f"expected a new folder.*found {found}"):
                list(export(project, target, tmp_path / name))
    assert folder_of(tmp_path / "out") == {"mine.txt"} and (tmp_path / "file").read_text() == "mine"


@pytest.mark.parametrize("target", ["ct-ich", "nifti", "nnunet", "coco"])
def test_an_interrupted_export_leaves_nothing(target: str, tmp_path: Path) -> None:
    scan = synthetic_head(n=2, size=32, pixel_mm=(6, 6))
    with open_project(tmp_path / "project", create=True) as project:
        for subject in ("a", "b"):
            add_done(project, scan, edh_map(scan), subject=subject)
        going = export(project, target, tmp_path / "out")
        next(going)
        assert not (tmp_path / "out").exists()
        going.close()
    assert [one.name for one in tmp_path.iterdir()] == ["project"]


def test_a_project_without_scans_says_so(tmp_path: Path) -> None:
    with (
        open_project(tmp_path / "project", create=True) as project,
        pytest.raises(IchorError, match="expected a scan that can be exported, found none of 0"),
    ):
        list(export(project, "nifti", tmp_path / "out"))


def test_a_disk_that_refuses_is_reported_in_one_line(tmp_path: Path) -> None:
    scan = synthetic_head(n=2, size=32, pixel_mm=(6, 6))
    (tmp_path / "file").write_text("no folder")
    with open_project(tmp_path / "project", create=True) as project:
        add_done(project, scan, edh_map(scan))
        with pytest.raises(IchorError, match="could not be written"):
            list(export(project, "nifti", tmp_path / "file" / "out"))


def test_a_scan_whose_file_is_damaged_does_not_stop_the_others(tmp_path: Path) -> None:
    scan = synthetic_head(n=2, size=32, pixel_mm=(6, 6))
    with open_project(tmp_path / "project", create=True) as project:
        for subject in ("a", "b"):
            add_done(project, scan, edh_map(scan), subject=subject)
        (tmp_path / "project" / "scans" / "1.npz").write_bytes(b"PK\3\4")
        outcomes = list(export(project, "coco", tmp_path / "out"))
    assert "1.npz: expected" in outcomes[0].reason and not outcomes[1].reason


def test_labels_and_person_reach_the_export(tmp_path: Path) -> None:
    scan = synthetic_head(n=4, size=48, pixel_mm=(4, 4))
    with open_project(tmp_path / "project", create=True) as project:
        scan_id = add_done(project, scan, edh_map(scan))
        project.put_labels(scan_id, "ann", 0, Labels(quality=("motion",), note="seen twice"), by="ann")
        exported(project, "nifti", tmp_path / "nifti")
        exported(project, "ct-ich", tmp_path / "ct-ich")
    said = json.loads((tmp_path / "nifti" / "001" / "labels.json").read_text())["slices"]["1"]
    assert said["quality"] == ["motion"] and said["note"] == "seen twice"
    table = (tmp_path / "ct-ich" / "patient_demographics.csv").read_text(encoding="utf-8")
    quoted = PERSON.note.replace('"', '""')
    assert f'1,41.5,Female,,,,1,,1,{PERSON.condition},"{quoted}"' in table
