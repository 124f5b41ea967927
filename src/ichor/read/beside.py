"""Files that belong together: a header, and the file beside it that holds its voxels."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

PAIR_HEADERS = (".hdr", ".hdr.gz")
PAIR_VOXELS = (".img", ".img.gz")


def header_of(path: Path) -> Path | None:
    """The header of a NIfTI or Analyze pair of which either file is given; None where that is none."""
    if path.name.lower().endswith(PAIR_HEADERS):
        return path
    return _partner(path, PAIR_VOXELS, PAIR_HEADERS)


def voxels_of(header: Path) -> Path | None:
    """The file with the voxels of a pair; None where there is none."""
    return _partner(header, PAIR_HEADERS, PAIR_VOXELS)


def files_of(path: Path) -> tuple[Path, ...]:
    """The files that are read where this one is given: itself, and for a header the file with its voxels."""
    from ichor.read.detached import voxels_file

    header = header_of(path)
    others = [header, None if header is None else voxels_of(header), voxels_file(path)]
    return tuple(dict.fromkeys([path, *(one for one in others if one is not None)]))


def _partner(path: Path, suffixes: tuple[str, ...], partners: tuple[str, ...]) -> Path | None:
    """The file beside it of the same name but for the suffix, in whichever case."""
    name = path.name.lower()
    stem = next((name.removesuffix(one) for one in suffixes if name.endswith(one)), None)
    if stem is None:
        return None
    with suppress(OSError):
        for one in sorted(path.parent.iterdir()):
            if one.name.lower() in {stem + suffix for suffix in partners} and one.is_file():
                return one
    return None
