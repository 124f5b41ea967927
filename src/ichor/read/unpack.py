"""Unpacking archives, and the archives inside them: below one folder, within bounds, and nothing but files.

Read are zip and tar, the latter packed by gzip, bzip2, xz or not at all. The bounds are those of the outermost archive,
for all that is in it at any depth. What a packed stream says of itself is never relied on: bytes are counted as they
come out, and a tar without its end is one that was cut short.
"""

from __future__ import annotations

import bz2
import errno
import gzip
import lzma
import shutil
import stat
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any, cast

from ichor.errors import UnreadableInput
from ichor.read import progress
from ichor.read.archive_bounds import CHUNK, Allowance, chunks_of, counted, target_of, write_out
from ichor.read.temporary import writing

DEEPEST = 4  # archives in archives; more are made to exhaust who unpacks them
ZIP_SUFFIXES = (".zip",)
TAR_SUFFIXES = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")
SUFFIXES = (*ZIP_SUFFIXES, *TAR_SUFFIXES)
_ZIP, _TAR, _TAR_AT = b"PK\x03\x04", b"ustar", 257
_PACKED = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ\0")
_OF_ONE_FILE = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError)
_FULL = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}


def is_archive(path: Path) -> bool:
    """Whether the path is a file called as an archive is, or begins like one without a suffix."""
    name = path.name.lower()
    if not (name.endswith(SUFFIXES) or not path.suffix) or not path.is_file():
        return False
    return name.endswith(SUFFIXES) or begins_like_one(path)


def begins_like_one(path: Path, *, packed: bool = False) -> bool:
    """Whether a file begins as a zip or a tar does, or as one `packed` by gzip, bzip2 or xz may."""
    with suppress(OSError), path.open("rb") as file:
        start = file.read(_TAR_AT + len(_TAR))
        return start.startswith((_ZIP, *(_PACKED if packed else ()))) or start[_TAR_AT:] == _TAR
    return False


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be written of an archive: which files, by their names in it (all, if none are named), and how much.

    An archive inside is written whole, and unpacked by the same rule.
    """

    files: frozenset[str] = frozenset()
    most_bytes: int | None = None

    def bytes_of(self, name: PurePosixPath) -> int | None:
        """How many bytes of a file at most; None for all, 0 for none."""
        if self.files and name.as_posix() not in self.files:
            return None if self.inside(name).files else 0
        return None if name.name.lower().endswith(SUFFIXES) else self.most_bytes

    def inside(self, archive: PurePosixPath) -> Wanted:
        """The same for an archive inside."""
        prefix = f"{archive.as_posix()}/"
        return Wanted(
            frozenset(one.removeprefix(prefix) for one in self.files if one.startswith(prefix)), self.most_bytes
        )


def unpack(path: Path, root: Path, wanted: Wanted) -> None:
    """Write files of the archive, and of those inside it, under the empty folder `root`, and nothing elsewhere.

    An archive inside becomes a folder of its name; one that is damaged stays the file that it is. Raises
    UnreadableInput where the archive is damaged, or where it or one inside it is not safe to unpack.
    """
    _unpack(path, root, wanted, Allowance.of(path))


@contextmanager
def disk_told(path: Path, folder: Path) -> Iterator[None]:
    """A full disk is told as that, and what to do: the input that was to be unpacked is not to blame."""
    try:
        yield
    except OSError as error:
        if error.errno not in _FULL:
            raise
        raise UnreadableInput(
            f"{path}: expected room in {folder} to unpack it, found that disk full: make room there, or set TMPDIR to "
            "a folder with more"
        ) from error


def _unpack(path: Path, root: Path, wanted: Wanted, left: Allowance, depth: int = 1) -> None:
    is_zip = _is_zip(path)
    name = "zip" if is_zip else "tar archive"
    try:
        files = list((_of_zip if is_zip else _of_tar)(path, root, wanted, left))
    except (UnreadableInput, MemoryError):
        raise
    except NotImplementedError as error:
        raise UnreadableInput(f"{path}: expected a {name} that can be unpacked, found {error}") from error
    except OSError as error:
        if error.errno is None:  # of a decoder, which knows no more
            raise _Damaged(f"{path}: expected a {name}, found a damaged one (it cannot be unpacked whole)") from error
        if error.errno in _FULL:
            raise
        raise UnreadableInput(f"{path}: could not be unpacked ({error.strerror or error})") from error
    except Exception as error:  # the libraries and their decoders raise whatever they stumble over
        why = str(error) if isinstance(error, zipfile.BadZipFile) else "it cannot be unpacked whole"
        raise _Damaged(f"{path}: expected a {name}, found a damaged one ({why})") from error
    for file in filter(is_archive, files):
        _unpack_inner(file, wanted.inside(PurePosixPath(file.relative_to(root))), left, depth + 1)


class _Damaged(UnreadableInput):
    """An archive that is no danger, only of no use."""


def _unpack_inner(file: Path, wanted: Wanted, left: Allowance, depth: int) -> None:
    """Put a folder of the same name in the place of an archive that was in another."""
    if depth > DEEPEST:
        raise UnreadableInput(f"{file}: expected archives at most {DEEPEST} deep, found one in the deepest")
    with writing:
        folder = Path(tempfile.mkdtemp(dir=file.parent))
    try:
        _unpack(file, folder, wanted, left, depth)
    except _Damaged:
        shutil.rmtree(folder)
        return
    with writing:
        file.unlink()
        folder.rename(file)


def _is_zip(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(_ZIP)) == _ZIP or path.name.lower().endswith(ZIP_SUFFIXES)


def _of_zip(path: Path, root: Path, wanted: Wanted, left: Allowance) -> Iterator[Path]:
    with zipfile.ZipFile(path) as archive:
        entries = archive.infolist()
        if len(entries) > left.n_files:
            raise UnreadableInput(f"{path}: expected at most {left.n_files:,} files in a zip, found {len(entries):,}")
        left.require(path, sum(entry.file_size for entry in entries), root)
        for number, entry in enumerate(entries, 1):
            if stat.S_ISLNK(entry.external_attr >> 16):
                raise UnreadableInput(f"{path}: expected files and folders, entry {number} is a symbolic link")
            if entry.flag_bits & 0x1:
                raise UnreadableInput(f"{path}: expected a zip without a password, entry {number} is encrypted")
            target = target_of(path, entry.filename, number)
            left.take_file(path)
            most = 0 if target is None or entry.is_dir() else wanted.bytes_of(target)
            if target is not None and most != 0:
                progress.decoding(path)
                # Where only beginnings are wanted, a file that cannot be unpacked is one of no content.
                passed_over = () if wanted.most_bytes is None else _OF_ONE_FILE
                with suppress(*passed_over), archive.open(entry) as packed:
                    yield write_out(counted(path, packed, left, most), root / target)


def _of_tar(path: Path, root: Path, wanted: Wanted, left: Allowance) -> Iterator[Path]:
    with _unpacked_stream(path) as stream:
        watched = _Watched(stream)
        with tarfile.open(fileobj=cast(Any, watched), mode="r|") as archive:
            progress.decoding(path)
            for number, entry in enumerate(archive, 1):
                if entry.issym() or entry.islnk():
                    raise UnreadableInput(f"{path}: expected files and folders, entry {number} is a link")
                if not entry.isfile() and not entry.isdir():
                    raise UnreadableInput(f"{path}: expected files and folders, entry {number} is a device or a pipe")
                target = target_of(path, entry.name, number)
                left.take_file(path)
                left.take_bytes(
                    path, entry.size
                )  # of every file: it is unpacked on the way, whether it is wanted or not
                most = 0 if target is None or entry.isdir() else wanted.bytes_of(target)
                packed = archive.extractfile(entry) if most != 0 else None
                if target is not None and packed is not None:
                    yield write_out(chunks_of(packed, most), root / target)
            if any(watched.block(archive.offset)) or not watched.block(archive.offset):
                raise EOFError
        while chunk := stream.read(CHUNK):  # to the end, where checksums are
            left.take_bytes(path, len(chunk))


@contextmanager
def _unpacked_stream(path: Path) -> Iterator[IO[bytes]]:
    """The tar itself, by how its file begins."""
    with path.open("rb") as file:
        start = file.read(6)
    openers = ((b"\x1f\x8b", gzip.open), (b"BZh", bz2.open), (b"\xfd7zXZ\0", lzma.open))
    opener = next((one for magic, one in openers if start.startswith(magic)), open)
    with opener(path, "rb") as stream:
        yield cast(IO[bytes], stream)


class _Watched:
    """A stream that keeps what was read last: tarfile takes any header that it cannot read for the end."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._start, self._last = 0, b""

    def read(self, size: int) -> bytes:
        content = self._stream.read(size)
        self._start, self._last = self._start + max(len(self._last) - size, 0), self._last[-size:] + content
        return content

    def block(self, offset: int) -> bytes:
        """The 512 bytes there, if they are among the last two readings; else fewer."""
        return self._last[offset - self._start :][: tarfile.BLOCKSIZE] if offset >= self._start else b""
