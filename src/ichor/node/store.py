"""The received images on disk. An image is complete and synced before it is acknowledged, or it is not there at all."""

from __future__ import annotations

import os
import secrets
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from ichor.atomic import PARTIAL, PRIVATE_FILE, make_folder, sync
from ichor.errors import OutputFailed
from ichor.interruption import undisturbed
from ichor.node.queue.studies import Instance

SPOOL = ".spool"  # in place of a study: a folder for images of unknown studies
PIECE_BYTES = 2**20


class Spool:
    """A file that is being received. Its methods raise OutputFailed or OSError if the disk is full.

    Attributes:
        path: of the file.
        n_bytes: how much has been written.
    """

    def __init__(self, path: Path, file: IO[bytes], check_room: Callable[[int], None]) -> None:
        self.path, self._file, self._check_room = path, file, check_room
        self.n_bytes = 0
        self._n_checked = 0

    def write(self, piece: bytes | memoryview) -> None:
        """Append a piece."""
        if self.n_bytes + len(piece) > self._n_checked:
            ahead = max(len(piece), PIECE_BYTES)
            self._check_room(ahead)
            self._n_checked = self.n_bytes + ahead
        self._file.write(piece)
        self.n_bytes += len(piece)

    def pieces(self) -> Iterator[bytes]:
        """The content from its beginning, in pieces of at most 1 MiB."""
        self._file.seek(0)
        while piece := self._file.read(PIECE_BYTES):
            yield piece

    def sync(self) -> None:
        """Wait until the content is on disk."""
        self._file.flush()
        os.fsync(self._file.fileno())


class Store:
    """A folder with a subfolder per study and a file per image; names contain no patient data.

    The images of a study change only inside `exclusive`, so that none is deleted while it is being received.
    """

    def __init__(self, folder: Path, keep_free_bytes: int = 0) -> None:
        self._folder, self._keep_free = folder, keep_free_bytes
        self._mutex = threading.RLock()
        make_folder(folder, private=True)
        sync(folder)

    def folder(self, study: str) -> Path:
        """The folder of a study's images."""
        return self._folder / study

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """A block in which no other thread adds or deletes images."""
        with self._mutex:
            yield

    @contextmanager
    def written(self, one: Instance, content: bytes) -> Iterator[None]:
        """Write an image and sync it to disk; enter it in the queue inside the block, where it has its final name.

        Raises OutputFailed if the disk is full or would be left with less free space than configured.
        """
        with self.spool(one.study) as spool:
            spool.write(content)
            with self.adopted(one, spool):
                yield

    @contextmanager
    def spool(self, study: str = SPOOL) -> Iterator[Spool]:
        """A new file for an image, whose study need not be known yet. Unless adopted, it is deleted after the block.

        Raises OutputFailed as `written` does.
        """
        folder = self._folder / study
        path = folder / f".{secrets.token_hex(16)}{PARTIAL}"
        try:
            make_folder(folder, private=True)
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, PRIVATE_FILE)
            with os.fdopen(descriptor, "w+b") as file:
                yield Spool(path, file, self._check_room)
        except OSError as error:
            raise OutputFailed.of(self._folder, error) from error
        finally:
            with undisturbed(), suppress(OSError):
                path.unlink(missing_ok=True)

    @contextmanager
    def adopted(self, one: Instance, spool: Spool) -> Iterator[None]:
        """Sync a spooled image to disk; enter it in the queue inside the block, where it has its final name."""
        folder = self.folder(one.study)
        try:
            spool.sync()
            new = not folder.is_dir()
            make_folder(folder, private=True)
            if new:
                sync(folder)
            with self.exclusive():
                make_folder(folder, private=True)  # it may have been deleted with its images
                spool.path.replace(folder / one.file)
                sync(folder, its_name=False)
                yield
        except OSError as error:
            raise OutputFailed.of(folder, error) from error

    def _check_room(self, n_bytes: int) -> None:
        if self._keep_free and shutil.disk_usage(self._folder).free < self._keep_free + n_bytes:
            raise OutputFailed(
                f"{self._folder}: expected {self._keep_free} bytes to stay free on the disk, found fewer"
            )

    def delete(self, study: str) -> None:
        """Delete a study's images."""
        shutil.rmtree(self.folder(study), ignore_errors=True)

    def delete_superseded(self, study: str, files: set[str]) -> None:
        """Delete everything in a study's folder except these images: earlier content of images that changed."""
        with self.exclusive(), suppress(OSError):
            for file in self.folder(study).iterdir():
                if file.name not in files and not file.name.endswith(PARTIAL):
                    file.unlink(missing_ok=True)

    def sweep(self, files: Mapping[str, set[str]]) -> int:
        """Delete every file that is not one of these images and so was never acknowledged; returns how many.

        Call it when the node starts, before anything is received.
        """
        n = 0
        for folder in list(self._folder.iterdir()):
            kept = files.get(folder.name, set())
            if not kept:
                n += sum(1 for _ in folder.iterdir())
                shutil.rmtree(folder, ignore_errors=True)
                continue
            for file in list(folder.iterdir()):
                if file.name not in kept:
                    n += 1
                    file.unlink(missing_ok=True)
        return n

    def missing(self, files: Mapping[str, set[str]]) -> list[tuple[str, str]]:
        """Those of these images that are not on disk: the study and name of each."""
        every = ((study, name) for study, names in files.items() for name in sorted(names))
        return [(study, name) for study, name in every if not (self.folder(study) / name).is_file()]
