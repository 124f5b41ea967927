"""Makes a backup of a node's folder, also while the node runs.

The queue is copied first, by SQLite's own means, then every file that the copy names. An image is on disk before
it is in the queue, a result before its analysis counts as done, and nothing is deleted meanwhile
(`ichor.node.keeping`): so everything that the copy names is there.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import sqlite3
import tarfile
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from ichor.atomic import PARTIAL, PRIVATE_FILE, reporting_disk_errors, sync
from ichor.errors import IchorError, UnreadableInput
from ichor.interruption import undisturbed
from ichor.locks import one_at_a_time
from ichor.node.archive.layout import (
    CHECKSUMS,
    DATABASE_ENDING,
    FORM,
    HEAD,
    IMAGES,
    PIECE_BYTES,
    RESULTS,
    TREES,
    VERSION,
    Made,
    is_name,
)
from ichor.node.keeping import BACKUP
from ichor.node.queue.analysis import result_name
from ichor.node.queue.database import DATABASE
from ichor.node.queue.schema import MIGRATIONS
from ichor.node.queue.studies import image_name
from ichor.version import __version__


def make_backup(folder: Path, file: Path) -> Made:
    """Write a backup of a node's folder to a new file, readable by its owner only.

    Raises UnreadableInput if it is not a node's folder, IchorError if `file` exists or is inside the folder, and
    OutputFailed if it cannot be written.
    """
    if not (folder / DATABASE).is_file():
        raise UnreadableInput(f"{folder}: expected the folder of a node that has run, found no {DATABASE}")
    if file.exists():
        raise IchorError(f"{file}: expected a new file, found one that exists; it is kept")
    if file.resolve().is_relative_to(folder.resolve()):
        raise IchorError(f"{file}: expected a file outside the node's folder, found one inside it")
    partial = file.with_name(f".{file.name}.{os.getpid()}{PARTIAL}")
    with reporting_disk_errors(file):
        try:
            descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE)
            with os.fdopen(descriptor, "wb") as stream, one_at_a_time(folder / BACKUP):
                made = _write(folder, file, stream)
            sync(partial, its_name=False)
            partial.replace(file)
            sync(file)
        finally:
            with undisturbed():
                partial.unlink(missing_ok=True)
    return made


def _write(folder: Path, file: Path, stream: Any) -> Made:
    with (
        tempfile.TemporaryDirectory(prefix=f".{file.name}-", dir=file.parent) as scratch,
        tarfile.open(fileobj=stream, mode="w|", format=tarfile.PAX_FORMAT, bufsize=PIECE_BYTES) as archive,
    ):
        one = _Archive(archive)
        databases = {path.name: _copied(path, Path(scratch)) for path in sorted(folder.glob(f"*{DATABASE_ENDING}"))}
        head = {"form": FORM, "version": VERSION, "queue": len(MIGRATIONS), "ichor": __version__, "at": time.time()}
        one.add_bytes(HEAD, json.dumps(head, indent=1).encode())
        for name, copy in databases.items():
            one.add(name, copy)
        for path in _at_the_top(folder):
            one.add(path.name, path)
        images, results = _named(databases[DATABASE])
        missing = 0
        for name in images:
            missing += not one.add(f"{IMAGES}/{name}", folder / IMAGES / name)
        missing += sum(not (folder / RESULTS / name).is_dir() for name in results)
        for path in _in_trees(folder):
            name = path.relative_to(folder).as_posix()
            if path.suffix == DATABASE_ENDING:
                one.add(name, _copied(path, Path(scratch)))
            else:
                one.add(name, path)
        files = dict(one.files)
        one.add_bytes(CHECKSUMS, json.dumps(files, indent=1).encode())
    return Made(len(files), sum(kept["bytes"] for kept in files.values()), len(images), missing)


class _Archive:
    """A tar file being written; `files` has the size and SHA-256 of each file, by its name in the archive."""

    def __init__(self, archive: tarfile.TarFile) -> None:
        self._archive = archive
        self.files: dict[str, dict[str, Any]] = {}

    def add(self, name: str, path: Path) -> bool:
        """Add a file; returns whether it exists. If it grows meanwhile, only its original size is added."""
        if not is_name(name):
            raise IchorError(f"{path}: expected a name without control characters and backslashes, found others")
        try:
            source = path.open("rb")
        except FileNotFoundError:
            return False
        with source:
            about = tarfile.TarInfo(name)
            about.size, about.mode = os.fstat(source.fileno()).st_size, PRIVATE_FILE
            digesting = _Digesting(source)
            self._archive.addfile(about, digesting)  # type: ignore[arg-type]
        self.files[name] = {"bytes": about.size, "sha256": digesting.digest.hexdigest()}
        return True

    def add_bytes(self, name: str, content: bytes) -> None:
        """Add one of the backup's own entries."""
        about = tarfile.TarInfo(name)
        about.size, about.mode = len(content), PRIVATE_FILE
        self._archive.addfile(about, io.BytesIO(content))


class _Digesting:
    """A file whose content is hashed as it is read."""

    def __init__(self, file: Any) -> None:
        self._file, self.digest = file, hashlib.sha256()

    def read(self, n_bytes: int) -> bytes:
        """Read up to this many bytes."""
        piece: bytes = self._file.read(n_bytes)
        self.digest.update(piece)
        return piece


def _copied(database: Path, scratch: Path) -> Path:
    """A consistent copy of a database that may be in use."""
    copy = scratch / f"{len(list(scratch.iterdir()))}{DATABASE_ENDING}"
    os.close(os.open(copy, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE))
    try:
        with closing(sqlite3.connect(database)) as source, closing(sqlite3.connect(copy)) as target:
            source.backup(target)
            target.execute("PRAGMA journal_mode = DELETE")  # all in one file
    except sqlite3.DatabaseError as error:
        raise UnreadableInput(f"{database}: expected a database, found {error}") from error
    return copy


def _named(queue: Path) -> tuple[list[str], list[str]]:
    """The names of the images (below their folder) and of the results in this copy of a queue."""
    with closing(sqlite3.connect(queue)) as copy:
        images = copy.execute(
            "SELECT s.key, i.key, i.content FROM instance i JOIN study s ON s.id = i.study_id WHERE i.present "
            "ORDER BY s.key, i.key"
        )
        names = [f"{study}/{image_name(key, content)}" for study, key, content in images]
        results = copy.execute(
            "SELECT s.key, a.number FROM analysis a JOIN study s ON s.id = a.study_id WHERE a.state = 'done'"
        )
        return names, [result_name(study, number) for study, number in results]


def _at_the_top(folder: Path) -> Iterator[Path]:
    """The node's own files at the top level of its folder: configuration, certificates, keys."""
    for path in sorted(folder.iterdir()):
        if path.is_file() and not path.is_symlink() and not _is_of_database(path) and is_name(path.name):
            yield path


def _in_trees(folder: Path) -> Iterator[Path]:
    """The files of all results, corrections and certificates. Hidden ones are being written, or are locks."""
    for path in sorted(path for tree in TREES for path in (folder / tree).rglob("*")):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        log = _is_of_database(path) and path.suffix != DATABASE_ENDING
        if path.is_file() and not path.is_symlink() and not hidden and not log:
            yield path


def _is_of_database(path: Path) -> bool:
    return any(path.name.endswith(DATABASE_ENDING + more) for more in ("", "-wal", "-shm", "-journal"))
