"""Backup and restore of a node: nothing acknowledged is missing, and nothing of a bad backup is restored."""

from __future__ import annotations

import hashlib
import io
import json
import os
import sqlite3
import stat
import subprocess
import tarfile
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from ichor.errors import IchorError, UnreadableInput
from ichor.locks import one_at_a_time
from ichor.node.archive.backup import make_backup
from ichor.node.archive.layout import CHECKSUMS, HEAD
from ichor.node.archive.restore import restore_backup
from ichor.node.config import Retention
from ichor.node.intake import Intake, instance_key
from ichor.node.keeping import BACKUP, Keeping
from ichor.node.queue.queue import Queue
from ichor.node.queue.schema import MIGRATIONS
from ichor.node.status import status_of
from ichor.node.store import Store
from node_parts import Pacs, RunningNode, as_bytes, associated, small_study, to_pacs, write_config
from synthetic_dicom import ct_slices

CT = ("1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.1.2.1")


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Path]:
    """A folder of a node with a study that was screened and one that is being received."""
    folder = tmp_path / "node"
    write_config(folder)
    with Queue(folder) as queue:
        intake = Intake(Store(folder / "images"), queue, 2**30)
        for one in ct_slices()[:3]:
            intake.take(as_bytes(one))
        queue.studies.complete_quiet(0)
        analysis = queue.analyses.next()
        assert analysis is not None
        result = folder / "results" / analysis.name
        result.mkdir(parents=True)
        (result / "findings.json").write_text("{}")
        queue.analyses.done(analysis, "negative", ["pacs"])
        intake.take(as_bytes(ct_slices(study_uid="1.2.3")[0]))
        for name in ("tls/certificate.pem", "annotation/scans/1/drawing.npz"):
            (folder / name).parent.mkdir(parents=True)
            (folder / name).write_text("kept")
        yield folder


@pytest.fixture
def backup(node: Path, tmp_path: Path) -> Path:
    make_backup(node, tmp_path / "backup.tar")
    return tmp_path / "backup.tar"


def files_of(folder: Path) -> dict[str, bytes]:
    found = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    return {name: content for name, content in found.items() if not name.startswith("queue.sqlite")}


def test_all_of_a_node_comes_back(node: Path, backup: Path, tmp_path: Path) -> None:
    made = restore_backup(backup, tmp_path / "restored")
    assert made.images == 4 and files_of(tmp_path / "restored") == files_of(node)
    assert status_of(tmp_path / "restored").studies == status_of(node).studies == {"delivering": 1, "receiving": 1}
    with Queue(tmp_path / "restored") as queue:
        delivery = queue.deliveries.due("pacs")
        assert delivery is not None and (tmp_path / "restored" / "results" / delivery.name / "findings.json").is_file()


def test_backup_and_what_is_restored_are_the_owners_only(backup: Path, tmp_path: Path) -> None:
    restore_backup(backup, tmp_path / "restored")
    restored = tmp_path / "restored"
    for path in (backup, restored, *restored.rglob("*")):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path
    assert {path.name for path in tmp_path.iterdir()} == {"node", "package", "backup.tar", "restored"}


def test_files_and_folders_that_exist_are_kept(node: Path, backup: Path, tmp_path: Path) -> None:
    before = backup.read_bytes()
    with pytest.raises(IchorError, match=r"backup.tar: expected a new file, found one that exists"):
        make_backup(node, backup)
    with pytest.raises(IchorError, match="expected a file outside the node's folder"):
        make_backup(node, node / "backup.tar")
    with pytest.raises(IchorError, match="expected a folder that is empty or does not exist"):
        restore_backup(backup, node)
    with pytest.raises(UnreadableInput, match="expected the folder of a node that has run"):
        make_backup(tmp_path / "package", tmp_path / "other.tar")
    assert backup.read_bytes() == before and not (node / "backup.tar").exists()


def entries(backup: Path) -> dict[str, bytes]:
    with tarfile.open(backup) as archive:
        return {one.name: archive.extractfile(one).read() for one in archive}  # type: ignore[union-attr]


def rewritten(backup: Path, content: dict[str, bytes], *, with_sums: bool = False) -> Path:
    """The backup with this content; with the checksums that belong to it, if asked for."""
    if with_sums:
        sums = {
            name: {"bytes": len(one), "sha256": hashlib.sha256(one).hexdigest()}
            for name, one in content.items()
            if name not in (HEAD, CHECKSUMS)
        }
        content = {**content, CHECKSUMS: json.dumps(sums).encode()}
    target = backup.with_name("changed.tar")
    with tarfile.open(target, "w") as archive:
        for name, one in content.items():
            about = tarfile.TarInfo(name)
            about.size = len(one)
            archive.addfile(about, io.BytesIO(one))
    return target


def newer_head(content: dict[str, bytes]) -> None:
    content[HEAD] = json.dumps({**json.loads(content[HEAD]), "queue": len(MIGRATIONS) + 1}).encode()


def other_form(content: dict[str, bytes]) -> None:
    content[HEAD] = b'{"form": "other", "version": 1, "queue": 1}'


def no_json(content: dict[str, bytes]) -> None:
    content[HEAD] = b"\xff"


def changed_byte(content: dict[str, bytes]) -> None:
    (name, *_) = (name for name in content if name.startswith("images/"))
    content[name] = content[name][:-1] + bytes([content[name][-1] ^ 1])


def missing_file(content: dict[str, bytes]) -> None:
    content.pop(next(name for name in content if name.startswith("images/")))


def one_too_many(content: dict[str, bytes]) -> None:
    sums = content.pop(CHECKSUMS)
    content["extra.txt"], content[CHECKSUMS] = b"extra", sums


def no_sums(content: dict[str, bytes]) -> None:
    del content[CHECKSUMS]


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (newer_head, "found one from a newer Ichor"),
        (other_form, "found a file in another format"),
        (no_json, "found a file with a different beginning"),
        (changed_byte, "found 1 files with wrong checksums"),
        (missing_file, "found files that do not match its list of checksums"),
        (one_too_many, "found files that do not match its list of checksums"),
        (no_sums, "found an incomplete one"),
    ],
)
def test_a_backup_that_was_changed_is_refused(
    change: Callable[[dict[str, bytes]], None], found: str, backup: Path, tmp_path: Path
) -> None:
    content = entries(backup)
    change(content)
    with pytest.raises(UnreadableInput, match=found):
        restore_backup(rewritten(backup, content), tmp_path / "restored")
    assert not (tmp_path / "restored").exists()


@pytest.mark.parametrize(
    "name",
    [
        "../escaped",
        "/tmp/escaped",
        "images/../../escaped",
        "results/1234/../../../escaped",
        "results/a/.hidden",
        ".bashrc",
        "images/escaped.dcm",
        "results\\..\\escaped",
        "other/file",
        "",
    ],
)
def test_no_entry_leaves_the_folder(name: str, backup: Path, tmp_path: Path) -> None:
    content = entries(backup)
    sums = content.pop(CHECKSUMS)
    content[name] = b"escaped"
    changed = rewritten(backup, {**content, CHECKSUMS: sums}, with_sums=True)
    before = {path for path in tmp_path.rglob("*") if path != changed}
    with pytest.raises(UnreadableInput, match="expected a complete backup of a node"):
        restore_backup(changed, tmp_path / "restored")
    assert {path for path in tmp_path.rglob("*") if path != changed} == before


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE, tarfile.DIRTYPE])
def test_links_and_devices_are_refused(kind: bytes, backup: Path, tmp_path: Path) -> None:
    content = entries(backup)
    changed = backup.with_name("changed.tar")
    with tarfile.open(changed, "w") as archive:
        for name, one in [(HEAD, content[HEAD]), ("node.yaml", b"")]:
            about = tarfile.TarInfo(name)
            if name != HEAD:
                about.type, about.linkname = kind, "/etc/passwd"
            about.size = len(one)
            archive.addfile(about, io.BytesIO(one))
    with pytest.raises(UnreadableInput, match="found an entry that does not belong there"):
        restore_backup(changed, tmp_path / "restored")


@pytest.mark.parametrize("kept", [0, 100, 5000, -2000])
def test_a_backup_that_was_cut_off_is_refused(kept: int, backup: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.tar"
    cut.write_bytes(backup.read_bytes().rstrip(b"\0")[:kept])
    with pytest.raises(UnreadableInput, match=r"cut.tar: expected a"):
        restore_backup(cut, tmp_path / "restored")
    assert not (tmp_path / "restored").exists()


def test_a_queue_of_a_newer_ichor_is_refused(backup: Path, tmp_path: Path) -> None:
    content = entries(backup)
    newer = tmp_path / "newer.sqlite"
    newer.write_bytes(content["queue.sqlite"])
    with closing(sqlite3.connect(newer)) as queue:
        queue.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    content["queue.sqlite"] = newer.read_bytes()
    with pytest.raises(UnreadableInput, match="found one from a newer Ichor, with a queue of version"):
        restore_backup(rewritten(backup, content, with_sums=True), tmp_path / "restored")
    content["queue.sqlite"] = b"no database" * 1000
    with pytest.raises(UnreadableInput, match="found one with a damaged queue"):
        restore_backup(rewritten(backup, content, with_sums=True), tmp_path / "restored")


def test_what_is_missing_on_the_disk_is_counted(node: Path, tmp_path: Path) -> None:
    next((node / "images").rglob("*.dcm")).unlink()
    assert make_backup(node, tmp_path / "backup.tar").missing == 1


def test_nothing_is_deleted_while_a_backup_is_made(node: Path) -> None:
    with Queue(node) as queue:
        keeping = Keeping(node, node / "results", Store(node / "images"), queue)
        delivery = queue.deliveries.due("pacs")
        assert delivery is not None
        queue.deliveries.delivered(delivery)
        with one_at_a_time(node / BACKUP):
            thread = threading.Thread(target=keeping.delete_old, args=(Retention(keep_images_h=0),))
            thread.start()
            thread.join()
            assert len(list((node / "images").rglob("*.dcm"))) == 4
        keeping.delete_old(Retention(keep_images_h=0))
        assert len(list((node / "images").rglob("*.dcm"))) == 1


@pytest.mark.long
def test_a_backup_during_receiving_holds_all_that_was_acknowledged_before(tmp_path: Path) -> None:
    acknowledged: list[str] = []
    studies = [small_study() for _ in range(12)]
    enough, ended = threading.Event(), threading.Event()

    def push(port: int) -> None:
        for study in studies:
            with associated(port, CT) as association:
                for one in study:
                    assert association.send_c_store(one).Status == 0
                    acknowledged.append(one.SOPInstanceUID)
                    if len(acknowledged) > len(study) // 2:
                        enough.set()
        ended.set()

    with Pacs() as pacs, RunningNode(tmp_path / "node", destinations=to_pacs(pacs)) as node:
        sending = threading.Thread(target=push, args=(node.port,), daemon=True)
        sending.start()
        backups = 0
        while not ended.is_set():
            assert enough.wait(60)
            before = {instance_key(uid) for uid in list(acknowledged)}
            file = tmp_path / f"{backups}.tar"
            ichor("backup", node.folder, file)
            backups += 1
            restored = tmp_path / f"restored-{backups}"
            ichor("restore", file, restored)
            assert before <= keys_of(restored), "an acknowledged image is missing"
            last = restored
        node.wait_for(delivered=len(studies))
        assert backups > 1
    # The last copy goes on from where it was: it loses nothing, and analyses what the first had not.
    with Pacs(pacs.port) as pacs, RunningNode(last) as second:
        known = sum(second.counts().values())
        second.wait_for(delivered=known)
        assert "acknowledged images are missing" not in second.log.read_text()


def keys_of(folder: Path) -> set[str]:
    """The keys of the images that the queue of a restored node names and that are on its disk."""
    found = set()
    with Queue(folder) as queue:
        assert Store(folder / "images").missing(queue.studies.files()) == []
    with closing(sqlite3.connect(folder / "queue.sqlite")) as queue_file:
        for (key,) in queue_file.execute("SELECT key FROM instance WHERE present"):
            found.add(key)
    return found


def ichor(*words: object) -> str:
    done = subprocess.run(
        [*RunningNode.COMMAND, *map(str, words)], capture_output=True, text=True, check=False, env=dict(os.environ)
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_command_says_what_it_wrote(node: Path, tmp_path: Path) -> None:
    said = ichor("backup", node, tmp_path / "b.tar")
    assert "4 of them images" in said
    assert "ichor node run" in ichor("restore", tmp_path / "b.tar", tmp_path / "restored")
