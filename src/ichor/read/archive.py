"""A zip of a scan: unpacked into a temporary folder, within bounds, and read as what it holds."""

from __future__ import annotations

import shutil
import stat
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path, PurePosixPath

from ichor.errors import UnreadableInput
from ichor.read import progress
from ichor.read.base import Inspection, ReadOptions
from ichor.read.temporary import private_folder, writing
from ichor.scan import Scan

MAXIMUM_BYTES = 4 * 2**30
# A zip of CT is a few times smaller than what it holds, one of masks and padding a hundred times.
ALWAYS_BYTES, MOST_INFLATION = 64 * 2**20, 200
MAXIMUM_FILES = 20_000
NIFTI_SUFFIXES = (".nii", ".nii.gz")
_CHUNK = 2**20


def accepts(path: Path) -> bool:
    """Whether the path is a file called .zip, or begins like one without being called anything."""
    if not path.is_file() or path.suffix.lower() not in (".zip", ""):
        return False
    if path.suffix:
        return True
    try:
        with path.open("rb") as file:
            return file.read(4) == b"PK\x03\x04"
    except OSError:
        return False


def read(path: Path, options: ReadOptions) -> Scan:
    """The scan in the zip. Raises UnreadableInput where there is none, or the zip is not safe to unpack."""
    from ichor.read.open import read_here

    with unpacked(path) as (root, content):
        scan = read_here(content, options)
        warnings = _in_words_of(path, root, scan.warnings)
    return replace(scan, source=replace(scan.source, path=path), warnings=warnings)


def inspect(path: Path, options: ReadOptions) -> Inspection:
    """What is in the zip. Raises UnreadableInput where nothing can be read, or it is not safe to unpack."""
    from ichor.read.open import inspect_here

    with unpacked(path) as (root, content):
        found = inspect_here(content, options)
        return replace(found, warnings=_in_words_of(path, root, found.warnings))


@contextmanager
def unpacked(path: Path) -> Iterator[tuple[Path, Path]]:
    """The folder the zip is unpacked in while the block lasts, and what to read in it.

    What goes wrong with it is said of the zip.
    """
    with private_folder() as temporary:
        root = temporary / "content"
        try:
            root.mkdir()
            _unpack(path, root)
        except UnreadableInput:
            raise
        except MemoryError:
            raise
        except NotImplementedError as error:
            raise UnreadableInput(f"{path}: expected a zip that can be unpacked, found {error}") from error
        except OSError as error:
            raise UnreadableInput(f"{path}: could not be unpacked ({error.strerror or error})") from error
        except Exception as error:  # zipfile and its decoders raise whatever they stumble over
            why = str(error) if isinstance(error, zipfile.BadZipFile) else "it cannot be unpacked whole"
            raise UnreadableInput(f"{path}: expected a zip, found a damaged one ({why})") from error
        content = _content(root, path)
        try:
            yield root, content
        except UnreadableInput as error:
            (message,) = _in_words_of(path, root, (str(error),))
            raise UnreadableInput(message) from error


def _in_words_of(path: Path, root: Path, messages: tuple[str, ...]) -> tuple[str, ...]:
    """Messages that name the zip the user gave, where they named the temporary folder."""
    return tuple(message.replace(str(root), str(path)) for message in messages)


def _unpack(path: Path, root: Path) -> None:
    """Write every file of the zip under the root, and nothing anywhere else."""
    with zipfile.ZipFile(path) as archive:
        entries = archive.infolist()
        if len(entries) > MAXIMUM_FILES:
            raise UnreadableInput(f"{path}: expected at most {MAXIMUM_FILES:,} files in a zip, found {len(entries):,}")
        _require_room(path, sum(entry.file_size for entry in entries), root)
        left = MAXIMUM_BYTES
        for number, entry in enumerate(entries, 1):
            target = _target(path, entry, number)
            if target is not None and not entry.is_dir():
                progress.decoding(path)
                left = _write(path, archive, entry, root / target, left)


def _require_room(path: Path, declared: int, root: Path) -> None:
    """What the zip says that it unpacks to is within bounds, no bomb, and fits on the disk."""
    most = min(MAXIMUM_BYTES, ALWAYS_BYTES + MOST_INFLATION * path.stat().st_size)
    if declared > most:
        raise UnreadableInput(f"{path}: expected at most {most:,} bytes unpacked, found {declared:,}")
    free = shutil.disk_usage(root).free
    if declared > free:
        raise UnreadableInput(
            f"{path}: expected {declared:,} bytes free to unpack it, found {free:,} in {root.parent.parent}"
        )


def _target(path: Path, entry: zipfile.ZipInfo, number: int) -> PurePosixPath | None:
    """Where an entry goes, below the root; None for what is of no use. Raises UnreadableInput for the unsafe.

    Entries are named by their number: names in hospitals are made of patients' names.
    """
    name = PurePosixPath(entry.filename.replace("\\", "/"))
    if name.is_absolute() or ".." in name.parts or any(":" in part for part in name.parts):
        raise UnreadableInput(f"{path}: expected files inside the zip's own folder, entry {number} points out of it")
    if stat.S_ISLNK(entry.external_attr >> 16):
        raise UnreadableInput(f"{path}: expected files and folders, entry {number} is a symbolic link")
    if entry.flag_bits & 0x1:
        raise UnreadableInput(f"{path}: expected a zip without a password, entry {number} is encrypted")
    of_no_use = not name.parts or "__MACOSX" in name.parts or name.name.startswith(".") or name.suffix == ".zip"
    return None if of_no_use else name


def _write(path: Path, archive: zipfile.ZipFile, entry: zipfile.ZipInfo, target: Path, left: int) -> int:
    """Unpack one entry, counting what comes out, not what the zip says; returns how many bytes are left."""
    with writing:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.touch()
    with archive.open(entry) as packed, target.open("r+b") as file:
        while chunk := packed.read(_CHUNK):
            left -= len(chunk)
            if left < 0:
                raise UnreadableInput(f"{path}: expected at most {MAXIMUM_BYTES:,} bytes unpacked, found more")
            file.write(chunk)
    return left


def _content(root: Path, path: Path) -> Path:
    """What to read: the only folder within folders, the only file, or the only NIfTI file."""
    files = [file for file in root.rglob("*") if file.is_file()]
    if not files:
        raise UnreadableInput(f"{path}: expected a head CT in the zip, found no file")
    nifti = [file for file in files if file.name.lower().endswith(NIFTI_SUFFIXES)]
    if len(nifti) == 1:
        return nifti[0]
    if len(files) == 1:
        return files[0]
    folder = root
    while len(inside := list(folder.iterdir())) == 1:
        folder = inside[0]
    return folder
