"""A project as those who program against it meet it: what is put is there, consistent, kept and safe to copy."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ichor.annotate.project import (
    CONSENSUS,
    Labels,
    NotInProject,
    Person,
    Project,
    StaleRevision,
    open_project,
)
from ichor.annotate.project.schema import APPLICATION_ID, MIGRATIONS, VERSION_1
from ichor.errors import IchorError, UnreadableInput
from ichor.read import open_scan
from ichor.scan import NiftiGrid, Scan
from ichor.subtypes import Subtype
from ichor.windows import BRAIN
from synthetic_scans import synthetic_head, write_synthetic_nifti

IPH, SDH = Subtype.IPH, Subtype.SDH


def drawing(scan: Scan, label: int, *, at: int = 10) -> np.ndarray:
    label_map = np.zeros(scan.voxels.shape[1:], np.uint8)
    label_map[at : at + 5, 8:14] = label
    return label_map


@pytest.fixture
def scan() -> Scan:
    return synthetic_head(n=4, size=32)


@pytest.fixture
def project(tmp_path: Path, scan: Scan) -> Iterator[Project]:
    with open_project(tmp_path / "study", create=True) as project:
        project.add_scan(scan, "001", "first")
        project.add_reader("ann")
        project.add_reader("bea")
        yield project


class TestScans:
    @pytest.mark.parametrize("kind", ["nifti file", "hu", "gray"])
    def test_a_scan_comes_back_as_it_was_read(self, tmp_path: Path, kind: str) -> None:
        scan = synthetic_head(n=3, size=24, warnings=("Said once.",))
        if kind == "nifti file":
            scan = open_scan(write_synthetic_nifti(tmp_path / "head.nii.gz", n=3, size=64))
        elif kind == "gray":
            scan = Scan(BRAIN.gray(scan.voxels).astype(np.uint8), scan.source, gray_window=BRAIN)
        with open_project(tmp_path / "study", create=True) as project:
            scan_id = project.add_scan(scan, "001", "first").id
        with open_project(tmp_path / "study") as project:
            found = project.scan(scan_id)
        for name in ("voxels", "pixel_mm", "positions_mm", "orientation", "thickness_mm"):
            np.testing.assert_array_equal(getattr(found, name), getattr(scan, name))
        assert found.voxels.dtype == scan.voxels.dtype
        assert (found.gray_window, found.warnings) == (scan.gray_window, scan.warnings)
        kept, nifti = found.source, scan.source.nifti
        assert replace(kept, nifti=None) == replace(scan.source, nifti=None, path=scan.source.path.absolute())
        assert (kept.nifti is None) == (nifti is None)
        if kept.nifti is not None and nifti is not None:
            assert isinstance(nifti, NiftiGrid)
            np.testing.assert_array_equal(kept.nifti.affine, nifti.affine)
            np.testing.assert_array_equal(kept.nifti.orientation, nifti.orientation)
            assert (kept.nifti.shape, kept.nifti.unit_code) == (nifti.shape, nifti.unit_code)

    def test_a_scan_is_on_the_disk_before_its_row_is(
        self, project: Project, scan: Scan, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        synced = []
        monkeypatch.setattr(os, "fsync", lambda descriptor: synced.append(os.fstat(descriptor).st_ino))
        added = project.add_scan(scan, "002", "second")
        (file,) = (project.folder / "scans").glob(f"*{added.id}*")
        assert {file.stat().st_ino, file.parent.stat().st_ino} <= set(synced)

    def test_records(self, project: Project) -> None:
        (record,) = project.scans()
        assert (record.subject, record.name, record.n_slices, record.rows, record.columns) == (
            "001",
            "first",
            4,
            32,
            32,
        )
        assert record.source_path.endswith("made")

    @pytest.mark.parametrize("damage", ["cut", "gone", "another", "no zip"])
    def test_a_damaged_file_is_reported_in_one_line(self, project: Project, damage: str) -> None:
        file = project.folder / "scans" / "1.npz"
        if damage == "cut":
            file.write_bytes(file.read_bytes()[:-900])
        elif damage == "gone":
            file.unlink()
        elif damage == "another":
            project.add_scan(synthetic_head(n=5, size=32), "002", "second")
            shutil.copyfile(project.folder / "scans" / "2.npz", file)
        else:
            file.write_bytes(b"PK\x03\x04" * 100)
        with pytest.raises(UnreadableInput, match=r"1\.npz: expected") as caught:
            project.scan(1)
        assert "\n" not in str(caught.value)


class TestReaders:
    def test_they_join_once_whatever_the_case(self, project: Project) -> None:
        assert project.add_reader("Ann") == "ann"
        assert project.readers() == ["ann", "bea"]

    @pytest.mark.parametrize("name", ["", " ann", "a" * 41, "../x", "a/b", "consensus", "Mine", "union", "a\nb", "é!"])
    def test_invalid_names(self, project: Project, name: str) -> None:
        with pytest.raises(IchorError, match="expected a reader's name"):
            project.add_reader(name)


class TestLabelMaps:
    def test_regions_survive_reopening(self, project: Project, scan: Scan) -> None:
        rng = np.random.default_rng(1)
        drawn = rng.integers(0, 7, scan.voxels.shape).astype(np.uint8)
        for index, one in enumerate(drawn):
            assert project.put_label_map(1, "ann", index, one, by="ann") == 1
        project.close()
        with open_project(project.folder) as again:
            np.testing.assert_array_equal(again.label_map(1, "ann"), drawn)
            assert not again.label_map(1, "bea").any()
            assert not again.label_map(1, CONSENSUS).any()
            project.database = again.database  # the fixture closes it once more
            again.database = open_project(project.folder.parent / "other", create=True).database

    def test_revisions(self, project: Project, scan: Scan) -> None:
        first, second = drawing(scan, 2), drawing(scan, 5)
        assert project.put_label_map(1, "ann", 0, first, by="ann", base_revision=0) == 1
        assert project.put_label_map(1, "ann", 0, first, by="ann", base_revision=1) == 1  # nothing changed
        assert project.put_label_map(1, "ann", 0, second, by="ann", base_revision=1) == 2
        with pytest.raises(StaleRevision) as caught:
            project.put_label_map(1, "ann", 0, first, by="ann", base_revision=1)
        assert caught.value.revision == 2
        np.testing.assert_array_equal(project.label_map(1, "ann")[0], second)

    def test_an_ai_outline_is_marked_until_a_reader_changes_it(self, project: Project, scan: Scan) -> None:
        project.put_label_map(1, "ann", 0, drawing(scan, 6), by="ann", origins="ai")
        assert project.layer(1, "ann").maps[0].origins == {6: "ai"}
        project.put_label_map(1, "ann", 0, drawing(scan, 6), by="ann")
        assert project.layer(1, "ann").maps[0].origins == {6: "drawn"}

    def test_what_does_not_fit(self, project: Project, scan: Scan) -> None:
        with pytest.raises(ValueError, match="expected a label map of 32 x 32"):
            project.put_label_map(1, "ann", 0, np.zeros((31, 32), np.uint8), by="ann")
        with pytest.raises(ValueError, match="expected labels 0 to 6, found 0 to 7"):
            project.put_label_map(1, "ann", 0, drawing(scan, 7), by="ann")
        for scan_id, layer, index in ((2, "ann", 0), (1, "cia", 0), (1, "ann", 4), (1, "ann", -1), (0, "ann", 0)):
            with pytest.raises(NotInProject):
                project.put_label_map(scan_id, layer, index, drawing(scan, 1), by="ann")
        assert project.history(1) == []


class TestHistory:
    def test_every_change_is_a_row_that_stays(self, project: Project, scan: Scan) -> None:
        project.put_label_map(1, "ann", 2, drawing(scan, 2), by="ann")
        project.put_labels(1, "ann", None, Labels(note="seen"), by="ann")
        project.set_state(1, "ann", "done", by="ann")
        project.put_subject(1, Person(age=40), by="bea")
        found = [(one.who, one.layer, one.slice, one.kind, one.revision) for one in project.history(1)]
        assert found == [
            ("ann", "ann", 2, "map", 1),
            ("ann", "ann", None, "state", 1),
            ("ann", "ann", None, "labels", 1),
            ("ann", "ann", None, "state", 2),
            ("bea", "", None, "person", 1),
        ]
        for statement in ("DELETE FROM change", "UPDATE change SET who = 'cia'"):
            with pytest.raises(sqlite3.IntegrityError, match="the history is never"):
                project.database.write(statement)


class TestStates:
    def test_the_first_change_starts_a_reading(self, project: Project, scan: Scan) -> None:
        assert project.states() == {1: {"ann": "new", "bea": "new", CONSENSUS: "new"}}
        project.put_label_map(1, "ann", 0, drawing(scan, 1), by="ann")
        assert (project.state(1, "ann"), project.state(1, "bea")) == ("in progress", "new")

    def test_one_that_was_set_to_new_begins_again(self, project: Project, scan: Scan) -> None:
        project.put_label_map(1, "ann", 0, drawing(scan, 1), by="ann")
        project.set_state(1, "ann", "new", by="ann")
        project.put_labels(1, "ann", 0, Labels(fracture=True), by="ann")
        assert project.state(1, "ann") == "in progress"

    def test_time_adds_up(self, project: Project) -> None:
        project.add_seconds(1, "ann", 2.5)
        assert project.add_seconds(1, "ann", 4) == 6.5
        assert project.seconds(1, "bea") == 0

    def test_the_layer_to_export(self, project: Project, scan: Scan) -> None:
        assert project.final_layer(1) is None
        project.put_label_map(1, "ann", 0, drawing(scan, 2), by="ann")
        project.set_state(1, "ann", "done", by="ann")
        assert project.final_layer(1) == "ann"
        project.put_label_map(1, "bea", 0, drawing(scan, 2, at=11), by="bea")
        project.set_state(1, "bea", "done", by="bea")
        assert project.final_layer(1) is None
        project.put_label_map(1, CONSENSUS, 0, drawing(scan, 2), by="bea")
        assert project.final_layer(1) is None
        project.set_state(1, CONSENSUS, "done", by="bea")
        assert project.final_layer(1) == CONSENSUS

    def test_readers_who_agree_need_no_consensus(self, project: Project, scan: Scan) -> None:
        for reader in ("ann", "bea"):
            project.put_label_map(1, reader, 0, drawing(scan, 2), by=reader)
            project.put_labels(1, reader, 0, Labels(note=reader), by=reader)
            project.set_state(1, reader, "done", by=reader)
        assert project.final_layer(1) == "ann"


def test_the_person_belongs_to_the_subject(project: Project, scan: Scan) -> None:
    later = project.add_scan(scan, "001", "later").id
    other = project.add_scan(scan, "002", "other").id
    person = Person(age=56, sex="Female", condition="fall", note="")
    project.put_subject(1, person, by="ann")
    assert project.subject(later) == person
    assert project.subject(other) == Person()


class TestFolder:
    def test_closed_it_is_one_file_that_can_be_copied(self, tmp_path: Path, scan: Scan) -> None:
        with open_project(tmp_path / "study", create=True) as project:
            project.add_scan(scan, "001", "first")
            project.add_reader("ann")
            project.put_label_map(1, "ann", 1, drawing(scan, 3), by="ann")
        names = sorted(path.name for path in (tmp_path / "study").iterdir())
        assert names == ["backups", "project.lock", "project.sqlite", "scans"]
        shutil.copytree(tmp_path / "study", tmp_path / "copy")
        with open_project(tmp_path / "study"), open_project(tmp_path / "copy") as copy:
            np.testing.assert_array_equal(copy.label_map(1, "ann")[1], drawing(scan, 3))

    def test_there_must_be_one(self, tmp_path: Path) -> None:
        with pytest.raises(UnreadableInput, match=r"expected an annotation project \(project.sqlite\), found none"):
            open_project(tmp_path)
        assert list(tmp_path.iterdir()) == []

    def test_where_no_outcome_is_possible(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        with pytest.raises(UnreadableInput, match="expected a folder to write to"):
            open_project(tmp_path / "file", create=True)

    def test_another_process_is_kept_out(self, project: Project) -> None:
        code = "import sys, pathlib, ichor.annotate.project as p; p.open_project(pathlib.Path(sys.argv[1]))"
        done = subprocess.run([sys.executable, "-c", code, project.folder], capture_output=True, text=True, check=False)
        assert done.returncode == 1
        assert "found it open in another process" in done.stderr

    def test_the_database_is_as_safe_as_sqlite_makes_it(self, project: Project) -> None:
        assert project.database.rows("PRAGMA journal_mode")[0][0] == "wal"
        assert project.database.rows("PRAGMA synchronous")[0][0] == 2

    @pytest.mark.parametrize("content", [b"not a database at all" * 400, b"SQLite format 3\0" + b"\xff" * 5000])
    def test_a_damaged_database_is_reported_in_one_line(self, tmp_path: Path, content: bytes) -> None:
        (tmp_path / "project.sqlite").write_bytes(content)
        with pytest.raises(UnreadableInput, match=r"project\.sqlite: expected the database of a project"):
            open_project(tmp_path)

    def test_pages_damaged_in_the_middle_are_found(self, tmp_path: Path, scan: Scan) -> None:
        with open_project(tmp_path, create=True) as project:
            project.add_scan(scan, "001", "first")
            project.add_reader("ann")
            for index in range(4):
                noise = np.random.default_rng(index).integers(0, 7, (32, 32)).astype(np.uint8)
                project.put_label_map(1, "ann", index, noise, by="ann")
        file = tmp_path / "project.sqlite"
        content = bytearray(file.read_bytes())
        content[8192:20000] = b"\x55" * (20000 - 8192)
        file.write_bytes(content)
        with pytest.raises(UnreadableInput, match="expected"):
            open_project(tmp_path)

    def test_another_programs_database(self, tmp_path: Path) -> None:
        with sqlite3.connect(tmp_path / "project.sqlite") as other:
            other.execute("CREATE TABLE mine (a)")
        with pytest.raises(UnreadableInput, match="found another program's"):
            open_project(tmp_path)

    def test_a_newer_version(self, project: Project) -> None:
        project.close()
        with sqlite3.connect(project.folder / "project.sqlite") as newer:
            newer.execute("PRAGMA user_version = 99")
        newer.close()
        with pytest.raises(UnreadableInput, match=r"version \d or older, found version 99; open it with a newer Ichor"):
            open_project(project.folder)
        project.database = open_project(project.folder.parent / "other", create=True).database

    def test_version_1_is_brought_up_to_date_with_all_it_holds(self, tmp_path: Path) -> None:
        old = sqlite3.connect(tmp_path / "project.sqlite")
        for statement in VERSION_1:
            old.execute(statement)
        old.executescript(
            f"""
            INSERT INTO scan VALUES (1, '001', 'first', 2, 2, 3, '/elsewhere', '2026-11-01T10:00:00.000+00:00');
            INSERT INTO reader VALUES ('ann', '2026-11-01T10:00:00.000+00:00');
            INSERT INTO change (at, who, scan_id, layer, slice, kind, revision, payload, drawn)
            VALUES ('2026-11-01T10:00:00.000+00:00', 'ann', 1, 'ann', 1, 'map', 1, '[0,4,5,2]', '5');
            INSERT INTO change (at, who, scan_id, layer, slice, kind, revision, payload, drawn, by_machine) VALUES
            ('2026-11-01T10:00:00.000+00:00', 'ann', 1, 'ann', 0, 'map', 1, '[6,6]', '6', 1),
            ('2026-11-01T10:00:00.000+00:00', 'ann', 1, 'ann', 0, 'map', 2, '[0,3,6,3]', '6', 0);
            PRAGMA application_id = {APPLICATION_ID};
            PRAGMA user_version = 1;
            """
        )
        old.close()
        with open_project(tmp_path) as project:
            assert project.database.rows("PRAGMA user_version")[0][0] == len(MIGRATIONS)
            np.testing.assert_array_equal(project.label_map(1, "ann")[1], [[0, 0, 0], [0, 5, 5]])
            assert project.labels(1, "ann", None).subtypes == (SDH,)
            # How regions came about was not stored, only whether a map was the model's.
            origins = {k: one.origins for k, one in project.layer(1, "ann").maps.items()}
            assert origins == {0: {6: "ai edited"}, 1: {5: "drawn"}}
            assert (project.uncertainty(1), project.labelling_s(1)) == (None, None)
            project.put_uncertainty(1, [0.25, 0.5], 42.5)
            assert (project.uncertainty(1), project.labelling_s(1)) == ([0.25, 0.5], 42.5)


def test_a_migration_that_fails_leaves_the_project_as_it_was(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    project.close()
    broken = ("CREATE TABLE half (a)", "CREATE TABLE scan (a)")
    with monkeypatch.context() as patched:
        patched.setattr("ichor.annotate.project.database.MIGRATIONS", (*MIGRATIONS, broken))
        with pytest.raises(UnreadableInput):
            open_project(project.folder)
    again = open_project(project.folder)
    assert again.database.rows("SELECT name FROM sqlite_schema WHERE name = 'half'") == []
    assert again.scans() and again.readers() == ["ann", "bea"]
    project.database = again.database
