"""Unpacking archives and the archives inside them: into one folder, within limits, and only regular files.

Supported are zip and tar; tar may be compressed by gzip, bzip2 or xz. The limits of the outermost archive apply to
everything in it at any depth. Sizes stated in an archive are never relied on: bytes are counted as they are
unpacked, and a tar without an end marker counts as truncated.
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

MAX_DEPTH = 4  # nested archives; deeper nesting is an attack
ZIP_SUFFIXES = (".zip",)
TAR_SUFFIXES = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")
SUFFIXES = (*ZIP_SUFFIXES, *TAR_SUFFIXES)
_ZIP, _TAR, _TAR_AT = b"PK\x03\x04", b"ustar", 257
_PACKED = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ\0")
_FILE_ERRORS = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError)
_FULL = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}


def is_archive(path: Path) -> bool:
    """Whether the path is a file with an archive's suffix, or one without a suffix that begins like an archive."""
    name = path.name.lower()
    if not (name.endswith(SUFFIXES) or not path.suffix) or not path.is_file():
        return False
    return name.endswith(SUFFIXES) or begins_like_one(path)


def begins_like_one(path: Path, *, packed: bool = False) -> bool:
    """Whether a file begins like a zip or tar or, if `packed`, like gzip, bzip2 or xz."""
    with suppress(OSError), path.open("rb") as file:
        start = file.read(_TAR_AT + len(_TAR))
        return start.startswith((_ZIP, *(_PACKED if packed else ()))) or start[_TAR_AT:] == _TAR
    return False


@dataclass(frozen=True, slots=True)
class Selection:
    """What to unpack from an archive: which files, by their names in it (all if none are named), and how much of each.

    An archive inside it is written whole, and then unpacked by the same selection.
    """

    files: frozenset[str] = frozenset()
    most_bytes: int | None = None

    def bytes_of(self, name: PurePosixPath) -> int | None:
        """The maximum number of bytes to write of a file; None for all, 0 for none."""
        if self.files and name.as_posix() not in self.files:
            return None if self.inside(name).files else 0
        return None if name.name.lower().endswith(SUFFIXES) else self.most_bytes

    def inside(self, archive: PurePosixPath) -> Selection:
        """The selection for an archive inside."""
        prefix = f"{archive.as_posix()}/"
        return Selection(
            frozenset(one.removeprefix(prefix) for one in self.files if one.startswith(prefix)), self.most_bytes
        )


def unpack(path: Path, root: Path, wanted: Selection) -> None:
    """Write files of the archive, and of those inside it, under the empty folder `root`, and nowhere else.

    An archive inside becomes a folder of the same name; a damaged one stays a file. Raises UnreadableInput if the
    archive is damaged, or if it or one inside it is unsafe to unpack.
    """
    _unpack(path, root, wanted, Allowance.of(path))


@contextmanager
def reporting_full_disk(path: Path, folder: Path) -> Iterator[None]:
    """Report a full disk as such, with the remedy: it is not a fault of the input."""
    try:
        yield
    except OSError as error:
        if error.errno not in _FULL:
            raise
        raise UnreadableInput(
            f"{path}: expected space in {folder} to unpack it, found the disk full: free some space, or set TMPDIR to "
            "a folder with more space"
        ) from error


def _unpack(path: Path, root: Path, wanted: Selection, left: Allowance, depth: int = 1) -> None:
    is_zip = _is_zip(path)
    name = "zip" if is_zip else "tar archive"
    try:
        files = list((_unpack_zip if is_zip else _unpack_tar)(path, root, wanted, left))
    except (UnreadableInput, MemoryError):
        raise
    except NotImplementedError as error:
        raise UnreadableInput(f"{path}: expected a {name} that can be unpacked, found {error}") from error
    except OSError as error:
        if error.errno is None:  # from a decoder, without further details
            raise _Damaged(
                f"{path}: expected a {name}, found a damaged one (it cannot be unpacked completely)"
            ) from error
        if error.errno in _FULL:
            raise
        raise UnreadableInput(f"{path}: could not be unpacked ({error.strerror or error})") from error
    except Exception as error:  # the libraries and their decoders raise errors of many types
        why = str(error) if isinstance(error, zipfile.BadZipFile) else "it cannot be unpacked completely"
        raise _Damaged(f"{path}: expected a {name}, found a damaged one ({why})") from error
    for file in filter(is_archive, files):
        _unpack_inner(file, wanted.inside(PurePosixPath(file.relative_to(root))), left, depth + 1)


class _Damaged(UnreadableInput):
    """An archive that is damaged but harmless."""


def _unpack_inner(file: Path, wanted: Selection, left: Allowance, depth: int) -> None:
    """Replace an archive inside another one by a folder of the same name."""
    if depth > MAX_DEPTH:
        raise UnreadableInput(f"{file}: expected archives nested at most {MAX_DEPTH} deep, found deeper ones")
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


def _unpack_zip(path: Path, root: Path, wanted: Selection, left: Allowance) -> Iterator[Path]:
    with zipfile.ZipFile(path) as archive:
        entries = archive.infolist()
        if len(entries) > left.n_files:
            raise UnreadableInput(f"{path}: expected at most {left.n_files:,} files in a zip, found {len(entries):,}")
        left.require(path, sum(entry.file_size for entry in entries), root)
        for number, entry in enumerate(entries, 1):
            if stat.S_ISLNK(entry.external_attr >> 16):
                raise UnreadableInput(
                    f"{path}: expected files and folders, found that entry {number} is a symbolic link"
                )
            if entry.flag_bits & 0x1:
                raise UnreadableInput(
                    f"{path}: expected a zip without a password, found that entry {number} is encrypted"
                )
            target = target_of(path, entry.filename, number)
            left.take_file(path)
            most = 0 if target is None or entry.is_dir() else wanted.bytes_of(target)
            if target is not None and most != 0:
                progress.decoding(path)
                # If only the beginnings are needed, a file that cannot be unpacked counts as empty.
                ignored = () if wanted.most_bytes is None else _FILE_ERRORS
                with suppress(*ignored), archive.open(entry) as packed:
                    yield write_out(counted(path, packed, left, most), root / target)


def _unpack_tar(path: Path, root: Path, wanted: Selection, left: Allowance) -> Iterator[Path]:
    with _unpacked_stream(path) as stream:
        tail = _TailStream(stream)
        with tarfile.open(fileobj=cast(Any, tail), mode="r|") as archive:
            progress.decoding(path)
            for number, entry in enumerate(archive, 1):
                if entry.issym() or entry.islnk():
                    raise UnreadableInput(f"{path}: expected files and folders, found that entry {number} is a link")
                if not entry.isfile() and not entry.isdir():
                    raise UnreadableInput(
                        f"{path}: expected files and folders, found that entry {number} is a device or a pipe"
                    )
                target = target_of(path, entry.name, number)
                left.take_file(path)
                left.take_bytes(path, entry.size)  # counted for every file, since all are decompressed
                most = 0 if target is None or entry.isdir() else wanted.bytes_of(target)
                packed = archive.extractfile(entry) if most != 0 else None
                if target is not None and packed is not None:
                    yield write_out(chunks_of(packed, most), root / target)
            if any(tail.block(archive.offset)) or not tail.block(archive.offset):
                raise EOFError
        while chunk := stream.read(CHUNK):  # to the end, where the checksum is
            left.take_bytes(path, len(chunk))


@contextmanager
def _unpacked_stream(path: Path) -> Iterator[IO[bytes]]:
    """The decompressed tar stream, by the first bytes of the file."""
    with path.open("rb") as file:
        start = file.read(6)
    openers = ((b"\x1f\x8b", gzip.open), (b"BZh", bz2.open), (b"\xfd7zXZ\0", lzma.open))
    opener = next((one for magic, one in openers if start.startswith(magic)), open)
    with opener(path, "rb") as stream:
        yield cast(IO[bytes], stream)


class _TailStream:
    """A stream that keeps what was read last, because tarfile takes any header it cannot read for the end."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._start, self._last = 0, b""

    def read(self, size: int) -> bytes:
        content = self._stream.read(size)
        self._start, self._last = self._start + max(len(self._last) - size, 0), self._last[-size:] + content
        return content

    def block(self, offset: int) -> bytes:
        """The 512 bytes at `offset`, if they are among the last two reads; otherwise fewer."""
        return self._last[offset - self._start :][: tarfile.BLOCKSIZE] if offset >= self._start else b""
