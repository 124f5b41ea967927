"""The ct-ich layout: the dataset comes back pixel for pixel, other grids are resampled, all of it is accepted."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import yaml
from PIL import Image

from ichor.annotate.export.annotated import case_numbers
from ichor.annotate.export.grid_650 import grid_of
from ichor.annotate.export.run import TARGETS, export
from ichor.annotate.import_delineations import import_ct_ich
from ichor.annotate.project import UNSTATED, Labels, Person, Project, open_project
from ichor.dataset.ct_ich import CtIch
from ichor.dataset.ct_ich.tables import SliceRow, read_demographics, read_slice_table
from ichor.errors import IchorError, UnreadableInput
from ichor.read import open_scan
from ichor.read.ct_ich_jpg import read_mask, slice_numbers
from ichor.scan import Scan
from ichor.subtypes import Subtype
from ichor.windows import BONE, BRAIN
from paths import CT_ICH_PART
from synthetic_ct_ich import write_ct_ich
from synthetic_projects import PERSON, add_done, edh_map
from synthetic_scans import PRONE, synthetic_head

REAL = ("049", "094")  # each has slices of one subtype and slices of several
IMAGES = "Patients_CT"


def accepted(root: Path) -> str:
    """What `ichor dataset check` says of a folder that it accepts."""
    command = [sys.executable, "-m", "ichor", "dataset", "check", str(root)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 errors" in done.stdout
    return done.stdout


def notes(project: Project, out: Path) -> dict[str, tuple[str, ...]]:
    """Export to ct-ich; what is said of each case. Every scan must be written."""
    outcomes = list(export(project, "ct-ich", out))
    assert not [one for one in outcomes if one.reason], outcomes
    return {one.case: one.notes for one in outcomes}


@pytest.fixture(scope="module")
def round_trip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two subjects of ct-ich, imported and exported."""
    folder = tmp_path_factory.mktemp("round-trip")
    with open_project(folder / "project", create=True) as project:
        assert dict(import_ct_ich(project, CT_ICH_PART, "gold", REAL)) == dict.fromkeys(REAL, "")
        assert dict(import_ct_ich(project, CT_ICH_PART, "gold", REAL)) == dict.fromkeys(
            REAL, "it is already in the project"
        )
        assert notes(project, folder / "out") == dict.fromkeys(REAL, ())
    return folder


def numbered_from_1(original: Path) -> dict[str, Path]:
    """A subject's files by the names of their copies: an export numbers the slices that there are."""
    below = slice_numbers(original)[0] - 1
    files = original.rglob("*.jpg")
    return {f"{f.parent.name}/{re.sub('^[0-9]+', lambda k: str(int(k[0]) - below), f.name)}": f for f in files}


@pytest.mark.parametrize("subject", REAL)
def test_ct_ichs_own_masks_come_back_pixel_for_pixel(subject: str, round_trip: Path) -> None:
    original, exported = CT_ICH_PART / IMAGES / subject, round_trip / "out" / IMAGES / subject
    assert {str(f.relative_to(exported)) for f in exported.rglob("*.jpg")} == set(numbered_from_1(original))
    masks = read_mask(original)
    assert masks.any()
    np.testing.assert_array_equal(read_mask(exported), masks)


@pytest.mark.parametrize("subject", REAL)
def test_ct_ichs_own_images_come_back_byte_for_byte(subject: str, round_trip: Path) -> None:
    for name, file in numbered_from_1(CT_ICH_PART / IMAGES / subject).items():
        if "HGE_Seg" not in name:
            assert (round_trip / "out" / IMAGES / subject / name).read_bytes() == file.read_bytes()


def test_ct_ichs_own_tables_come_back(round_trip: Path) -> None:
    for name, read in (
        ("hemorrhage_diagnosis.csv", read_slice_table),
        ("patient_demographics.csv", read_demographics),
    ):
        exported, original = read(round_trip / "out" / name), read(CT_ICH_PART / name)
        assert not exported.problems
        kept = [row for row in original.rows if (getattr(row, "subject", None) or row.number) in REAL]
        first = {row.subject: row.number for row in reversed(kept) if isinstance(row, SliceRow)}
        kept = [
            replace(row, number=row.number - first[row.subject] + 1) if isinstance(row, SliceRow) else row
            for row in kept
        ]
        assert list(exported.rows) == kept
        header = (CT_ICH_PART / name).read_bytes().partition(b"\r\n")[0]
        assert (round_trip / "out" / name).read_bytes().partition(b"\r\n")[0] == header


def test_check_accepts_ct_ich_exported(round_trip: Path) -> None:
    accepted(round_trip / "out")


def test_an_import_that_is_interrupted_leaves_no_half_of_a_subject(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_project(tmp_path / "first", create=True) as project:
        scan = synthetic_head(n=4, size=650, pixel_mm=(0.3, 0.3))
        add_done(project, scan, edh_map(scan))
        notes(project, tmp_path / "out")
    put = Project.put_labels

    def interrupted(self: Project, scan_id: int, layer: str, index: int | None, *given: object, **named: object) -> int:
        if index == 2:
            raise KeyboardInterrupt
        return put(self, scan_id, layer, index, *given, **named)  # type: ignore[arg-type]

    with open_project(tmp_path / "second", create=True) as project:
        with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
            patched.setattr(Project, "put_labels", interrupted)
            list(import_ct_ich(project, tmp_path / "out", "bea"))
        assert project.scans() == []
        assert dict(import_ct_ich(project, tmp_path / "out", "bea")) == {"001": ""}
        (record,) = project.scans()
        np.testing.assert_array_equal(project.label_map(record.id, "bea"), edh_map(scan))
        assert project.final_layer(record.id) == "bea"


def test_regions_say_the_subtypes_that_are_known(round_trip: Path) -> None:
    content = json.loads((round_trip / "out" / "regions.json").read_text())
    assert "not a medical device" in content["use"]
    rows = CtIch(round_trip / "out").slice_rows
    several = 0
    for subject in REAL:
        for k, found in content["regions"][subject].items():
            subtypes = rows[subject][int(k) - 1].subtypes
            several += len(subtypes) > 1
            expected = {str(next(iter(subtypes)))} if len(subtypes) == 1 else {None}
            assert {one["subtype"] for one in found} == expected
    assert several


def test_an_export_imported_again_keeps_each_regions_subtype(tmp_path: Path) -> None:
    scan = synthetic_head(n=4, size=650, pixel_mm=(0.3, 0.3))
    drawn = np.zeros(scan.voxels.shape, np.uint8)
    drawn[1, 100:140, 100:200] = 1
    drawn[1, 300:303, 100:107] = 5
    drawn[1, 303:310, 100:101] = UNSTATED
    drawn[2, 649, 649] = 3
    with open_project(tmp_path / "first", create=True) as project:
        add_done(project, scan, drawn)
        notes(project, tmp_path / "out")
    np.testing.assert_array_equal(read_mask(tmp_path / "out" / IMAGES / "001"), drawn > 0)
    with open_project(tmp_path / "second", create=True) as project:
        assert dict(import_ct_ich(project, tmp_path / "out", "bea")) == {"001": ""}
        (record,) = project.scans()
        np.testing.assert_array_equal(project.label_map(record.id, "bea"), drawn)
        labels = project.labels(record.id, "bea", 1)
        assert labels.subtypes == (Subtype.IVH, Subtype.SDH) and labels.fracture
        assert project.subject(record.id) == PERSON
        assert project.final_layer(record.id) == "bea"


@pytest.mark.parametrize("content", ["[]", "{", '{"regions": {"049": {"99": [{}]}}}', '{"regions": {"049": {"5": 3}}}'])
def test_regions_that_fit_no_mask_are_reported_in_one_line(content: str, tmp_path: Path) -> None:
    data = write_ct_ich(tmp_path / "data", {"049": 1})
    (data / "regions.json").write_text(content)
    with open_project(tmp_path / "project", create=True) as project:
        try:
            ((subject, reason),) = import_ct_ich(project, data, "ann")
        except UnreadableInput as error:
            subject, reason = "049", str(error)
        assert subject == "049"
        assert "regions.json: expected regions" in reason and "\n" not in reason
        assert not project.scans()


def test_a_subject_that_is_not_there_is_refused(tmp_path: Path) -> None:
    data = write_ct_ich(tmp_path / "data", {"049": 1}, n_slices=2)
    with (
        open_project(tmp_path / "project", create=True) as project,
        pytest.raises(IchorError, match="expected a subject of the dataset, found '050'"),
    ):
        list(import_ct_ich(project, data, "ann", ["049", "050"]))


def test_without_the_originals_images_are_made_of_the_hu(tmp_path: Path) -> None:
    data = write_ct_ich(tmp_path / "data", {"049": 1}, n_slices=2)
    with open_project(tmp_path / "project", create=True) as project:
        list(import_ct_ich(project, data, "ann"))
        shutil.move(data, tmp_path / "moved")
        notes(project, tmp_path / "out")
    for window, most in (("brain", 12), ("bone", 12)):
        for k in (1, 2):
            before, after = (
                np.asarray(Image.open(root / IMAGES / "049" / window / f"{k}.jpg"), np.int16)
                for root in (tmp_path / "moved", tmp_path / "out")
            )
            assert np.abs(before - after).max() <= most


@pytest.fixture(scope="module")
def other_grids(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Scan], dict[str, tuple[str, ...]]]:
    """Heads on other grids, exported: what was exported, the scans by their case, and what was said of each."""
    folder = tmp_path_factory.mktemp("other-grids")
    scans = {
        "001": synthetic_head(n=4, size=128),
        "002": synthetic_head(n=4, size=128, orientation=PRONE),
        "003": synthetic_head(n=4, size=100, known_spacing=False),
        "004": synthetic_head(n=4, size=128, pixel_mm=(1.6, 0.8)),
        "005": synthetic_head(n=4, size=650, pixel_mm=(0.33, 0.33)),
        "006": synthetic_head(n=4, size=800, pixel_mm=(0.25, 0.25)),
    }
    with open_project(folder / "project", create=True) as project:
        for seed, case in enumerate(scans):
            noise = np.random.default_rng(seed).integers(-2, 3, scans[case].voxels.shape)
            scans[case] = scan = replace(scans[case], voxels=(scans[case].voxels + noise).astype(np.int16))
            add_done(project, scan, edh_map(scan), subject=f"head {case}")
        said = notes(project, folder / "out")
    return folder / "out", scans, said


def test_check_accepts_what_was_resampled(other_grids) -> None:
    assert "6 subjects, 24 slices, 12 delineated" in accepted(other_grids[0])


def test_the_tool_says_what_it_resampled(other_grids) -> None:
    _, _, said = other_grids
    assert said["001"] == ("resampled from 128 x 128 to 650 x 650 pixels, a pixel is now 0.3151 mm",)
    assert said["003"] == ("resampled from 100 x 100 to 650 x 650 pixels",)
    assert said["005"] == ()


def test_what_is_on_650_pixels_already_is_not_touched(other_grids) -> None:
    out, scans, _ = other_grids
    np.testing.assert_array_equal(read_mask(out / IMAGES / "005"), edh_map(scans["005"]) > 0)
    for window, name in ((BRAIN, "brain"), (BONE, "bone")):
        gray = np.asarray(Image.open(out / IMAGES / "005" / name / "2.jpg"), np.float32)
        assert np.abs(gray - window.gray(scans["005"].voxels[1])).max() <= 12


@pytest.mark.parametrize("case", ["001", "002", "003", "004", "006"])
def test_regions_and_images_match_after_resampling(case: str, other_grids) -> None:
    out, scans, _ = other_grids
    scan, mask = scans[case], read_mask(out / IMAGES / case)
    drawn = edh_map(scan) > 0
    # Where the middle of each pixel of the new grid lies on the scan's own, worked out anew.
    row_mm, column_mm = (1.0, 1.0) if scan.pixel_mm is None else scan.pixel_mm[0]
    rows, columns = scan.voxels.shape[1:]
    pixel = max(rows * row_mm, columns * column_mm) / 650
    centres = (np.arange(650) + 0.5 - 325) * pixel
    if case == "002":
        centres = -centres  # the patient lay prone
    row = np.floor(centres / row_mm + rows / 2).astype(int)
    column = np.floor(centres / column_mm + columns / 2).astype(int)
    inside = ((row >= 0) & (row < rows))[:, None] & ((column >= 0) & (column < columns))[None]
    nearest = drawn[:, row.clip(0, rows - 1)][:, :, column.clip(0, columns - 1)] & inside
    both = (nearest & mask).sum()
    assert 2 * both / (nearest.sum() + mask.sum()) > 0.97
    hu = open_scan(out / IMAGES / case).voxels
    near = np.where(inside, scan.hu[:, row.clip(0, rows - 1)][:, :, column.clip(0, columns - 1)], -1000)
    assert np.median(np.abs(hu - np.clip(near, -900, 2300))) < 5
    assert np.mean(np.abs(hu - np.clip(near, -900, 2300)) > 60) < 0.1  # at edges only


def test_a_region_of_one_pixel_survives_a_finer_grid() -> None:
    scan = synthetic_head(n=2, size=128)
    drawn = np.zeros(scan.voxels.shape, np.uint8)
    drawn[0, 40, 50] = 2
    mapped = grid_of(scan).label_map(drawn)
    assert set(np.unique(mapped)) == {0, 2}
    assert 16 <= (mapped == 2).sum() <= 36  # 650 / 128, squared, is 25.8


def test_true_sizes_are_read_back(other_grids) -> None:
    out, scans, _ = other_grids
    for case in ("001", "004", "005", "006"):
        scan = open_scan(out / IMAGES / case)
        assert scan.pixel_mm is not None
        field_mm = np.multiply(scans[case].voxels.shape[1:], scans[case].pixel_mm[0]).max()
        np.testing.assert_allclose(scan.pixel_mm, field_mm / 650, rtol=1e-5)
        np.testing.assert_allclose(scan.slice_positions_mm, [0, 10, 20, 30], atol=1e-3)
    scan = open_scan(out / IMAGES / "003")  # of no known size: nominal, and it says so
    np.testing.assert_allclose(scan.pixel_mm, 0.33)
    assert any("nominal" in warning for warning in scan.warnings)


def test_sizes_belong_to_the_data_and_wrong_ones_are_reported_in_one_line(other_grids, tmp_path: Path) -> None:
    shutil.copytree(other_grids[0], tmp_path / "out")
    file = tmp_path / "out" / "regions.json"
    before, content = CtIch(tmp_path / "out").fingerprint, json.loads(file.read_text())
    content["geometry"]["001"]["pixel_mm"].pop()
    file.write_text(json.dumps(content))
    assert CtIch(tmp_path / "out").fingerprint != before
    with pytest.raises(UnreadableInput, match=r"regions\.json: expected sizes of 4 slices of 001, found 3 sizes and 4"):
        open_scan(tmp_path / "out" / IMAGES / "001")


def test_every_number_can_be_assigned() -> None:
    records = [SimpleNamespace(id=n, subject=f"head {n}") for n in range(90)]
    numbers = case_numbers(records).values()  # type: ignore[arg-type]
    assert len(set(numbers)) == 90
    assert {"070", "081"} < set(numbers)  # they are not ct-ich's subjects with these numbers


def test_true_sizes_are_kept_next_to_the_layout(other_grids) -> None:
    out, _, _ = other_grids
    geometry = json.loads((out / "regions.json").read_text())["geometry"]
    assert geometry["001"]["pixel_mm"] == pytest.approx([128 * 1.6 / 650] * 4, abs=1e-6)
    assert geometry["001"]["slice_positions_mm"] == pytest.approx([0, 10, 20, 30])
    assert geometry["003"] == {"resampled": True, "pixel_mm": None, "slice_positions_mm": None}
    assert "0.33 mm" in (out / "README.txt").read_text()


@pytest.fixture
def one_scan(tmp_path: Path):
    """A project with a finished scan, and the scan's id; the labels that the layout needs are all there."""
    scan = synthetic_head(n=4, size=64, pixel_mm=(3.2, 3.2))
    with open_project(tmp_path / "project", create=True) as project:
        yield project, add_done(project, scan, edh_map(scan)), tmp_path / "out"


def left_out(project: Project, out: Path, target: str = "ct-ich") -> str:
    outcomes = []
    with pytest.raises(IchorError, match="found none of 1"):
        for one in export(project, target, out):
            outcomes.append(one)
    assert not out.exists()
    return outcomes[0].reason


def test_a_person_without_age_and_sex_is_named(one_scan) -> None:
    project, scan_id, out = one_scan
    project.put_subject(scan_id, Person(), by="ann")
    assert "age and sex, which have not been entered" in left_out(project, out)


def test_a_fracture_that_is_only_on_the_scan_is_named(one_scan) -> None:
    project, scan_id, out = one_scan
    project.put_labels(scan_id, "ann", 1, Labels(), by="ann")
    project.put_labels(scan_id, "ann", None, Labels(fracture=True), by="ann")
    assert left_out(project, out) == "a fracture is a label of the scan but of no slice"


@pytest.mark.parametrize("target", TARGETS)
class TestContradictions:
    """One rule for every target, in the same words."""

    def test_a_label_without_a_region_is_named(self, one_scan, target: str) -> None:
        project, scan_id, out = one_scan
        project.put_labels(scan_id, "ann", 0, Labels(subtypes=(Subtype.IVH,)), by="ann")
        assert left_out(project, out, target) == "slice 1 is labeled IVH but has no region"
        project.put_labels(scan_id, "ann", 3, Labels(subtypes=(Subtype.IPH,)), by="ann")
        assert left_out(project, out, target).endswith("no region (and 1 more like this)")

    def test_a_region_without_a_subtype_is_named(self, one_scan, target: str) -> None:
        project, scan_id, out = one_scan
        drawn = np.zeros((64, 64), np.uint8)
        drawn[30:34, 30:34] = UNSTATED
        project.put_label_map(scan_id, "ann", 3, drawn, by="ann")
        assert left_out(project, out, target) == "slice 4 has a region but no subtype"

    def test_labels_only_on_the_scan_are_named(self, one_scan, target: str) -> None:
        project, scan_id, out = one_scan
        project.put_labels(scan_id, "ann", None, Labels(subtypes=(Subtype.SAH, Subtype.EDH)), by="ann")
        assert left_out(project, out, target) == "SAH is a label of the scan but of no slice"


@pytest.mark.long
def test_crossval_trains_on_an_export(tmp_path: Path) -> None:
    with open_project(tmp_path / "project", create=True) as project:
        for seed in range(5):
            scan = synthetic_head(n=3, size=64, pixel_mm=(3.2, 3.2), blood_at_mm=(30, 5.0 * seed, 10))
            scan = replace(scan, voxels=scan.voxels + np.random.default_rng(seed).integers(-3, 4, scan.voxels.shape))
            add_done(project, scan, edh_map(scan, seed), subject=f"head {seed}")
        notes(project, tmp_path / "data")
    accepted(tmp_path / "data")
    training = {"epochs": 1, "batch": 16, "learning_rate": 0.003}
    settings = {"width": 2, "pixel_mm": 2.64, "size": 80, "tile": 32, "stride": 16, "training": training}
    config = {"name": "smoke", "method": "unet-tiles", "folds": "stratified", "reduced": True, "settings": settings}
    (tmp_path / "smoke.yaml").write_text(yaml.safe_dump(config))
    command = [sys.executable, "-m", "ichor", "crossval", "smoke.yaml", "--data", "data", "--out", "run", "--fold", "1"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path, env=environment)
    assert done.returncode == 0, done.stderr
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert metrics["dice"]["paper_average"]["n"] == 1


def test_exclusions_from_overlap_are_exported_and_nobody_elses_subject_070_is_excluded(tmp_path: Path) -> None:
    own = write_ct_ich(tmp_path / "own", {"009": 1}, n_slices=2, excluded={"009": "operated"})
    with open_project(tmp_path / "project", create=True) as project:
        assert dict(import_ct_ich(project, CT_ICH_PART, "gold", ["070", "085"])) == {"070": "", "085": ""}
        assert dict(import_ct_ich(project, own, "gold")) == {"009": ""}
        notes(project, tmp_path / "out")
    excluded = CtIch(tmp_path / "out").excluded_from_overlap
    assert set(excluded) == {"009", "070"}
    assert excluded["009"] == "operated" and "chronic" in excluded["070"]

    with open_project(tmp_path / "other", create=True) as project:
        scan = synthetic_head(n=4, size=64, pixel_mm=(3.2, 3.2))
        add_done(project, scan, edh_map(scan), subject="070")
        notes(project, tmp_path / "heads")
    heads = CtIch(tmp_path / "heads")
    assert heads.subjects == ("070",)
    assert heads.excluded_from_overlap == {}
    assert not (tmp_path / "heads/exclusions.csv").exists()


def test_a_missing_dataset_is_reported(tmp_path: Path) -> None:
    own = write_ct_ich(tmp_path / "own", {"009": 1}, n_slices=2, excluded={"009": "operated"})
    with open_project(tmp_path / "project", create=True) as project:
        assert dict(import_ct_ich(project, own, "gold")) == {"009": ""}
        own.rename(tmp_path / "moved")
        (said,) = notes(project, tmp_path / "out").values()
    assert any("excluded from overlap is unknown" in one for one in said)
