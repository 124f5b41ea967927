"""Extraction of the listed files from a zip archive of the dataset, wherever they are in it."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from ichor.dataset.ct_ich.download.listing import Listed
from ichor.errors import UnreadableInput

MAX_BYTES = 2**30  # of the archive; the dataset has 112 MB

_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError)


def unpacked(archive: Path, wanted: Iterable[Listed], partial: Path) -> Iterator[tuple[Listed, str]]:
    """Write each wanted file in turn to `partial`, to be moved from there; yields it with the problem, or ''.

    Only listed names are looked up; names in the archive are never used as paths. Raises UnreadableInput if it is not a
    zip archive, or too large.
    """
    wanted = tuple(wanted)
    if archive.stat().st_size > MAX_BYTES:
        raise UnreadableInput(f"expected a zip archive of at most {MAX_BYTES} bytes, found more")
    try:
        with zipfile.ZipFile(archive) as opened:
            members = {one.filename: one for one in opened.infolist()}
            top = _top(members, wanted)
            for listed in wanted:
                member = members.get(top + listed.path)
                if member is None:
                    yield listed, "found no such file in the archive"
                else:
                    yield listed, _extracted(opened, member, listed, partial)
    except _DAMAGED as error:
        raise UnreadableInput(f"expected a zip archive, found a problem: {error}") from error


def _top(members: Iterable[str], wanted: tuple[Listed, ...]) -> str:
    """The folder that contains most of the wanted files: '' or 'a/b/'."""
    paths = {one.path for one in wanted}
    counts: dict[str, int] = {}
    for name in members:
        parts = name.split("/")
        for depth in range(len(parts)):
            if "/".join(parts[depth:]) in paths:
                top = "".join(f"{part}/" for part in parts[:depth])
                counts[top] = counts.get(top, 0) + 1
    return max(counts, key=lambda top: (counts[top], -len(top)), default="")


def _extracted(opened: zipfile.ZipFile, member: zipfile.ZipInfo, listed: Listed, partial: Path) -> str:
    """Write the member to `partial`, at most one byte more than its listed size; returns the problem, or ''."""
    try:
        with opened.open(member) as content:
            data = content.read(listed.size + 1)
    except _DAMAGED as error:
        return f"found a damaged member of the archive: {error}"
    partial.write_bytes(data)
    return f"expected {listed.size} bytes, found more" if len(data) > listed.size else listed.difference(partial)
