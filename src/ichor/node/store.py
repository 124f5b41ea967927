"""The received images on disk. An image is complete and synced before it is acknowledged, or it is not there at all."""

from __future__ import annotations

import os
import secrets
import shutil
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from ichor.atomic import PARTIAL, PRIVATE_FILE, make_folder, sync
from ichor.errors import OutputFailed
from ichor.interruption import undisturbed
from ichor.node.queue.studies import Instance


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
        folder = self.folder(one.study)
        partial = folder / f".{one.file}.{secrets.token_hex(4)}{PARTIAL}"
        try:
            self._check_room(len(content))
            new = not folder.is_dir()
            make_folder(folder, private=True)
            if new:
                sync(folder)
            descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE)
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            with self.exclusive():
                make_folder(folder, private=True)  # it may have been deleted with its images
                partial.replace(folder / one.file)
                sync(folder, its_name=False)
                yield
        except OSError as error:
            raise OutputFailed.of(folder, error) from error
        finally:
            with undisturbed(), suppress(OSError):
                partial.unlink(missing_ok=True)

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
