"""A damaged project is refused with one line that says how to go on, and nothing of it is changed; it is private."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from ichor.annotate.export.run import export
from ichor.annotate.project import Labels, Person, Project, open_project
from ichor.annotate.project.backups import KEPT
from ichor.annotate.project.schema import APPLICATION_ID
from ichor.errors import UnreadableInput
from paths import EARLIER_VERSION
from synthetic_scans import synthetic_head

SIZE = 32
SDH = 5


def square(at: int, label: int = SDH) -> np.ndarray:
    one = np.zeros((SIZE, SIZE), np.uint8)
    one[at : at + 6, at : at + 6] = label
    return one


def fill(project: Project) -> None:
    project.add_scan(synthetic_head(n=4, size=SIZE), "001", "first")
    for place, reader in enumerate(("ann", "bea"), 3):
        project.add_reader(reader)
        for index in range(3):
            project.put_label_map(1, reader, index, square(place + index), by=reader)
        project.put_labels(1, reader, None, Labels(note="seen"), by=reader)
        project.add_seconds(1, reader, 4)
    project.set_state(1, "ann", "done", by="ann")
    project.put_subject(1, Person(age=40), by="ann")


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sound") / "study"
    with open_project(folder, create=True) as project:
        fill(project)
    return folder


@pytest.fixture
def folder(sound: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(sound, tmp_path / "study"))


def database(folder: Path) -> Path:
    return folder / "project.sqlite"


def sql(*statements: str) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        with closing(sqlite3.connect(database(folder), isolation_level=None)) as connection:
            for one in statements:
                connection.execute(one)

    return damage


def content(new: bytes | None) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        database(folder).unlink()
        if new is not None:
            database(folder).write_bytes(new)

    return damage


def row(kind: str, payload: str, *, drawn: str = "", index: int = 0, revision: int = 2, layer: str = "ann") -> str:
    return (
        "INSERT INTO change (at, who, scan_id, layer, slice, kind, revision, payload, drawn) VALUES "
        f"('2026-11-28T10:00:00.000+00:00', 'ann', 1, '{layer}', {index}, '{kind}', {revision}, '{payload}', '{drawn}')"
    )


def a_folder(folder: Path) -> None:
    database(folder).unlink()
    database(folder).mkdir()


def truncated(folder: Path) -> None:
    with database(folder).open("r+b") as file:
        file.truncate(database(folder).stat().st_size // 2)


def wrong_index(folder: Path) -> None:
    """An index whose keys are not those of the rows: what `quick_check` does not look at."""
    leaf_of_index = 0x0A
    file = database(folder)
    whole = bytearray(file.read_bytes())
    for page in range(4096, len(whole), 4096):
        if whole[page] == leaf_of_index and (at := whole.find(b"mapann", page, page + 4096)) > 0:
            whole[at : at + 6] = b"mapaan"
            break
    else:
        raise AssertionError("expected the index of the history, found none")
    file.write_bytes(whole)
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("PRAGMA quick_check").fetchall() == [("ok",)]


def older(folder: Path) -> None:
    """The file as it was before the last session, as a lost write-ahead log leaves it."""
    with open_project(folder) as project:
        shutil.copyfile(database(folder), folder.parent / "older.sqlite")
        project.put_label_map(1, "ann", 3, square(9), by="ann")
    shutil.copyfile(folder.parent / "older.sqlite", database(folder))


DAMAGE: dict[str, tuple[Callable[[Path], None], str]] = {
    "gone": (content(None), "found none next to the other parts of a project"),
    "empty": (content(b""), "found an empty file"),
    "zeros": (content(bytes(40_960)), "found a file of zeros"),
    "text": (content(b"What is this?" * 400), "found another file"),
    "folder": (a_folder, "found a folder"),
    "truncated": (truncated, "malformed"),
    "another program's": (sql("PRAGMA application_id = 7"), "found another program's"),
    "no trigger": (sql("DROP TRIGGER history_is_not_deleted"), "without all tables, columns and triggers"),
    "no table": (sql("DROP TABLE spent"), "without all tables, columns and triggers"),
    "no column": (sql("ALTER TABLE scan DROP COLUMN sha256"), "without all tables, columns and triggers"),
    "index": (wrong_index, "index sqlite_autoindex_change_1"),
    "foreign key": (sql("INSERT INTO spent VALUES (99, 'ann', 1)"), "a row of spent that does not belong to a scan"),
    "runs too short": (sql(row("map", "[0,5]")), r"a damaged map \(ValueError\) in change \d+"),
    "runs of a label above 6": (sql(row("map", "[9,1024]", drawn="9")), r"a damaged map"),
    "map that is no JSON": (sql(row("map", "[0,")), "a damaged map"),
    "map that is no list": (sql(row("map", '{"a":1}')), "a damaged map"),
    "other labels": (sql(row("map", "[0,1024]", drawn="5")), "other labels than are drawn"),
    "labels": (sql(row("labels", '{"subtypes":["XYZ"]}', index=-1)), "a damaged labels"),
    "state": (sql(row("state", '"finished"', index=-1, revision=3)), "no state of a reading"),
    "person": (sql(row("person", '{"name":"x"}', index=-1, layer="")), "a damaged person"),
    "slice": (sql(row("map", "[0,1024]", index=4, revision=1)), "slice 4 of 4"),
    "revision": (sql(row("map", "[0,1024]", revision=9)), "2 of 9 revisions"),
    "lost changes": (older, "fewer than its own backup"),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_it_is_refused_as_it_is_and_the_backup_it_names_can_be_restored(folder: Path, name: str) -> None:
    damage, said = DAMAGE[name]
    damage(folder)
    before = {one: one.read_bytes() for one in folder.rglob("*") if one.is_file()}
    for create in (False, True):
        with pytest.raises(UnreadableInput, match=said) as caught:
            open_project(folder, create=create)
        message = str(caught.value)
        assert "\n" not in message and "project.sqlite: expected" in message
    assert {one: one.read_bytes() for one in folder.rglob("*") if one.is_file()} == before

    found = re.search(r"backups/(\S+) is intact and has (\d+) changes", message)
    assert found is not None, message
    (folder.parent / "aside").mkdir()
    for one in folder.glob("project.sqlite*"):
        one.rename(folder.parent / "aside" / one.name)
    shutil.copyfile(folder / "backups" / found[1], database(folder))
    with open_project(folder) as project:
        assert len(project.history(1)) == int(found[2])
        np.testing.assert_array_equal(project.label_map(1, "bea")[2], square(6))


def test_without_a_backup_it_says_so(folder: Path) -> None:
    shutil.rmtree(folder / "backups")
    database(folder).write_bytes(b"")
    with pytest.raises(UnreadableInput, match="found an empty file; there is no intact backup"):
        open_project(folder)


def test_a_damaged_backup_is_not_recommended(folder: Path) -> None:
    newest, *others = sorted((folder / "backups").iterdir(), reverse=True)
    assert others
    newest.write_bytes(newest.read_bytes()[:9000])
    database(folder).write_bytes(b"")
    with pytest.raises(UnreadableInput, match=others[0].name):
        open_project(folder)


def test_an_empty_database_is_not_a_project_either(tmp_path: Path) -> None:
    database(tmp_path).touch()
    for create in (False, True):
        with pytest.raises(UnreadableInput, match="found an empty file"):
            open_project(tmp_path, create=create)
    assert database(tmp_path).stat().st_size == 0


def test_one_without_tables_is_none(tmp_path: Path) -> None:
    with closing(sqlite3.connect(database(tmp_path))) as connection:
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    with pytest.raises(UnreadableInput, match="found one without tables"):
        open_project(tmp_path)


def test_a_lost_log_of_a_killed_server_is_not_an_empty_project(tmp_path: Path) -> None:
    shutil.copyfile(EARLIER_VERSION / "killed" / "project.sqlite", database(tmp_path))
    with pytest.raises(UnreadableInput, match="expected the database of a project"):
        open_project(tmp_path)


def test_a_log_whose_database_is_lost_is_kept(tmp_path: Path) -> None:
    log = tmp_path / "project.sqlite-wal"
    shutil.copyfile(EARLIER_VERSION / "killed" / log.name, log)
    for create in (False, True):
        with pytest.raises(UnreadableInput, match="found none next to the other parts"):
            open_project(tmp_path, create=create)
    assert log.read_bytes() == (EARLIER_VERSION / "killed" / log.name).read_bytes()


@pytest.mark.long
def test_another_program_that_holds_it_is_reported(folder: Path) -> None:
    with closing(sqlite3.connect(database(folder), isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(UnreadableInput, match="found one that is open in another program"):
            open_project(folder)
    open_project(folder).close()


def test_the_users_own_scans_next_to_it_are_not_a_project(tmp_path: Path) -> None:
    (tmp_path / "scans").mkdir()
    (tmp_path / "scans" / "head.dcm").touch()
    open_project(tmp_path, create=True).close()


class TestBackups:
    def test_one_for_each_session_that_changed_anything_the_last_few_kept(self, folder: Path) -> None:
        for number in range(KEPT + 1):
            with open_project(folder) as project:
                project.put_label_map(1, "ann", 3, square(number), by="ann")
        names = sorted(one.name for one in (folder / "backups").iterdir())
        assert len(names) == KEPT
        open_project(folder).close()
        assert sorted(one.name for one in (folder / "backups").iterdir()) == names

    def test_an_older_version_is_kept_before_it_is_changed(self, tmp_path: Path) -> None:
        folder = Path(shutil.copytree(EARLIER_VERSION / "project", tmp_path / "study"))
        with open_project(folder) as project:
            (kept,) = (folder / "backups").iterdir()
            n = len(project.history(1)) + len(project.history(2))
        with closing(sqlite3.connect(kept)) as connection:
            assert connection.execute("PRAGMA user_version").fetchone() == (3,)
            assert connection.execute("SELECT count(*) FROM change").fetchone() == (n,)


class TestScanFiles:
    def test_one_that_was_exchanged_is_found(self, folder: Path) -> None:
        with open_project(folder) as project:
            project.add_scan(synthetic_head(n=4, size=SIZE, blood_at_mm=(30, 10, 15)), "002", "second")
            shutil.copyfile(project.scan_file(2), project.scan_file(1))
            with pytest.raises(UnreadableInput, match=r"1\.npz: expected the scan that was added"):
                project.scan(1)
            project.scan(2)

    def test_for_an_earlier_version_it_is_known_once_it_was_read(self, tmp_path: Path) -> None:
        folder = Path(shutil.copytree(EARLIER_VERSION / "project", tmp_path / "study"))
        with open_project(folder) as project:
            assert project.record(1).sha256 == ""
            project.scan(1)
            assert len(project.record(1).sha256) == 64
            project.scan(1)


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="expected permissions as POSIX has them, found none")
class TestPrivate:
    @pytest.fixture(autouse=True)
    def generous(self) -> object:
        before = os.umask(0)
        yield
        os.umask(before)

    def test_whatever_the_umask(self, tmp_path: Path) -> None:
        folder = tmp_path / "above" / "study"
        with open_project(folder, create=True) as project:
            fill(project)
            assert (folder / "project.sqlite-wal").exists()
            assert wide(folder) == []
        with open_project(folder) as project:
            list(export(project, "nifti", tmp_path / "out"))
        assert wide(folder) == wide(tmp_path / "out") == []

    def test_wide_permissions_of_an_earlier_version_are_tightened(self, folder: Path) -> None:
        mine = folder / "letter.txt"
        mine.touch()
        for one in (folder, *folder.rglob("*")):
            one.chmod(0o777)
        open_project(folder).close()
        assert wide(folder) == [mine]


def wide(folder: Path) -> list[Path]:
    """What others than the owner may read or enter."""
    return [one for one in (folder, *folder.rglob("*")) if one.stat().st_mode & 0o077]
