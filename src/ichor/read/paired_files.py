"""Pairs of a header file and a file with its voxels."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from ichor.errors import UnreadableInput

PAIR_HEADERS = (".hdr", ".hdr.gz")
PAIR_VOXELS = (".img", ".img.gz")


def header_of(path: Path) -> Path | None:
    """The header of a NIfTI or Analyze pair, given either file; None if the path is not one of a pair."""
    if path.name.lower().endswith(PAIR_HEADERS):
        return path
    return _partner(path, PAIR_VOXELS, PAIR_HEADERS)


def voxels_of(header: Path) -> Path | None:
    """The voxel file of a pair, given its header; None if there is none."""
    return _partner(header, PAIR_HEADERS, PAIR_VOXELS)


def files_of(path: Path) -> tuple[Path, ...]:
    """The files that are read for a path: the path itself and, for a header, the file with its voxels."""
    header = header_of(path)
    others = [header, None if header is None else voxels_of(header), _named_voxels(path)]
    return tuple(dict.fromkeys([path, *(one for one in others if one is not None)]))


def _named_voxels(path: Path) -> Path | None:
    """The separate voxel file that a text header names; None if there is none."""
    from ichor.read import metaimage, nrrd

    for module in (metaimage, nrrd):
        if path.name.lower().endswith(module.SUFFIXES):
            with suppress(UnreadableInput, OSError, ValueError):
                voxels = module.describe(path).voxels
                return None if voxels == path else voxels
    return None


def _partner(path: Path, suffixes: tuple[str, ...], partners: tuple[str, ...]) -> Path | None:
    """The file in the same folder with the same name but another suffix, ignoring case."""
    name = path.name.lower()
    stem = next((name.removesuffix(one) for one in suffixes if name.endswith(one)), None)
    if stem is None:
        return None
    with suppress(OSError):
        for one in sorted(path.parent.iterdir()):
            if one.name.lower() in {stem + suffix for suffix in partners} and one.is_file():
                return one
    return None
