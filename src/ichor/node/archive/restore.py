"""Restores a backup into a new folder. The backup is not trusted, and the folder appears only if all of it is right."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import tarfile
from contextlib import closing
from pathlib import Path
from typing import Any, NoReturn

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from ichor.atomic import PRIVATE_FILE, make_folder, reporting_disk_errors, whole_folder
from ichor.errors import IchorError, UnreadableInput
from ichor.node.archive.layout import CHECKSUMS, FORM, HEAD, IMAGES, PIECE_BYTES, VERSION, Made, is_name
from ichor.node.queue.database import DATABASE
from ichor.node.queue.schema import APPLICATION_ID, MIGRATIONS

MOST_HEAD_BYTES, MOST_CHECKSUMS_BYTES = 2**16, 2**31


class _Head(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    form: str
    version: int
    queue: int


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    n_bytes: int = Field(alias="bytes", ge=0)
    sha256: str = Field(pattern="^[0-9a-f]{64}$")


_CHECKSUMS = TypeAdapter(dict[str, _File])


def restore_backup(file: Path, folder: Path) -> Made:
    """Restore a backup into a folder that is empty or does not exist.

    Raises UnreadableInput if the backup is incomplete, damaged or from a newer Ichor; IchorError if the folder is not
    empty; and OutputFailed if it cannot be written. In all these cases the folder is left as it was.
    """
    if folder.is_symlink() or (folder.exists() and (not folder.is_dir() or any(folder.iterdir()))):
        raise IchorError(f"{folder}: expected a folder that is empty or does not exist, found something else")
    with (
        reporting_disk_errors(folder),
        whole_folder(folder.absolute(), private=True) as partial,
    ):
        try:
            with tarfile.open(file, mode="r|", bufsize=PIECE_BYTES) as archive:
                return _Restoring(file, partial).run(archive)
        except (tarfile.TarError, EOFError, ValueError, KeyError, OverflowError, RecursionError) as error:
            raise UnreadableInput(f"{file}: expected a node's backup, found a damaged or different file") from error
        except FileNotFoundError as error:
            if file.exists():
                raise
            raise UnreadableInput(f"{file}: expected a node's backup, found no file") from error


class _Restoring:
    def __init__(self, file: Path, folder: Path) -> None:
        self._file, self._folder = file, folder
        self._files: dict[str, _File] = {}

    def run(self, archive: tarfile.TarFile) -> Made:
        head = archive.next()
        if head is None or head.name != HEAD:
            self._refuse("a file with a different beginning")
        self._check_head(self._content(archive, head, MOST_HEAD_BYTES))
        while (member := archive.next()) is not None:
            if member.name == CHECKSUMS:
                self._check_sums(self._content(archive, member, MOST_CHECKSUMS_BYTES))
                break
            self._restore(archive, member)
        else:
            self._refuse("an incomplete one, without checksums at its end")
        self._check_queue()
        images = sum(name.startswith(f"{IMAGES}/") for name in self._files)
        return Made(len(self._files), sum(one.n_bytes for one in self._files.values()), images, missing=0)

    def _check_head(self, content: bytes) -> None:
        try:
            head = _Head.model_validate_json(content)
        except ValidationError:
            self._refuse("a file with a different beginning")
        if head.form != FORM:
            self._refuse("a file in another format")
        if head.version > VERSION or head.queue > len(MIGRATIONS):
            self._refuse(
                f"one from a newer Ichor (version {head.version} with a queue of version {head.queue}; this Ichor "
                f"reads {VERSION} and {len(MIGRATIONS)})"
            )

    def _restore(self, archive: tarfile.TarFile, member: tarfile.TarInfo) -> None:
        # is_name accepts no name outside the folder; a backup has no links, devices or sparse files.
        if member.type != tarfile.REGTYPE or member.sparse is not None or not is_name(member.name):
            self._refuse("an entry that does not belong there")
        if member.name in self._files:
            self._refuse("two entries with the same name")
        target = self._folder / member.name
        make_folder(target.parent, private=True)
        source: Any = archive.extractfile(member)
        digest = hashlib.sha256()
        with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE), "wb") as written:
            while piece := source.read(PIECE_BYTES):
                digest.update(piece)
                written.write(piece)
        self._files[member.name] = _File(bytes=member.size, sha256=digest.hexdigest())

    def _content(self, archive: tarfile.TarFile, member: tarfile.TarInfo, most: int) -> bytes:
        if member.type != tarfile.REGTYPE or member.size > most:
            self._refuse("an entry that does not belong there")
        source: Any = archive.extractfile(member)
        content: bytes = source.read()
        return content

    def _check_sums(self, content: bytes) -> None:
        try:
            expected = _CHECKSUMS.validate_python(json.loads(content))
        except (ValueError, ValidationError):
            self._refuse("checksums that cannot be read")
        if expected.keys() != self._files.keys():
            self._refuse("files that do not match its list of checksums")
        wrong = sum(self._files[name] != one for name, one in expected.items())
        if wrong:
            self._refuse(f"{wrong} files with wrong checksums")

    def _check_queue(self) -> None:
        if DATABASE not in self._files:
            self._refuse("one without a queue")
        with closing(sqlite3.connect(self._folder / DATABASE)) as queue:
            try:
                (application,) = queue.execute("PRAGMA application_id").fetchone()
                (version,) = queue.execute("PRAGMA user_version").fetchone()
                (whole,) = queue.execute("PRAGMA integrity_check(1)").fetchone()
            except sqlite3.DatabaseError:
                application, version, whole = 0, 0, ""
        if application != APPLICATION_ID or whole != "ok":
            self._refuse("one with a damaged queue")
        if version > len(MIGRATIONS):
            self._refuse(f"one from a newer Ichor, with a queue of version {version}")

    def _refuse(self, found: str) -> NoReturn:
        raise UnreadableInput(f"{self._file}: expected a complete backup of a node, found {found}")
