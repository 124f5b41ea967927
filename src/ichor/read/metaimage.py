"""MetaImage: one CT volume in HU, .mha, or .mhd with its voxels in a separate file.

The format is described at itk.org/Wiki/MetaIO/Documentation. SimpleITK reads the voxels. Lengths are in mm and the
coordinate system is LPS, as ITK writes it.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from ichor.errors import UnreadableInput
from ichor.read import itk
from ichor.read.affine import LPS_TO_RAS, is_grid
from ichor.read.base import Inspection, ReadOptions
from ichor.read.detached import VolumeHeader, inside, lines_of, numbers, positive, shape_of
from ichor.read.volume import assumed
from ichor.scan import FloatArray, Scan

SUFFIXES = (".mha", ".mhd")
FIELD = re.compile(r"([A-Za-z][A-Za-z0-9_]*)[ \t]*=[ \t]*(.*)")
TYPES = {
    "MET_CHAR": "i1",
    "MET_UCHAR": "u1",
    "MET_SHORT": "i2",
    "MET_USHORT": "u2",
    "MET_INT": "i4",
    "MET_UINT": "u4",
    "MET_LONG_LONG": "i8",
    "MET_ULONG_LONG": "u8",
    "MET_FLOAT": "f4",
    "MET_DOUBLE": "f8",
}
UNIT_WITHIN = 1e-3
ORIGINS, DIRECTIONS = ("Offset", "Position", "Origin"), ("TransformMatrix", "Rotation", "Orientation")


def accepts(path: Path) -> bool:
    """Whether this is a file named .mha or .mhd."""
    return path.name.lower().endswith(SUFFIXES) and path.is_file()


def read(path: Path, options: ReadOptions) -> Scan:  # noqa: ARG001 (the file states everything itself)
    """The volume at `path`. Raises UnreadableInput if it is damaged, not 3-D, in color, or not in HU."""
    return itk.read(path, describe, "MetaImage", "metaimage")


def inspect(path: Path, options: ReadOptions) -> Inspection:
    """The only volume of the file. Raises UnreadableInput as `read` does."""
    return itk.inspect(path, read, options)


def describe(path: Path) -> VolumeHeader:
    """The header. Raises UnreadableInput or ValueError if it does not describe a volume in HU."""
    fields, end = _fields(path)
    kind = fields.get("ElementType", "")
    if kind not in TYPES or fields.get("ElementNumberOfChannels", "1") != "1":
        raise UnreadableInput(f"{path}: expected gray voxels, integer or floating point, found {kind or 'no type'}")
    if fields.get("Modality", "").startswith("MET_MOD_") and fields["Modality"] not in ("MET_MOD_CT", "MET_MOD_OTHER"):
        modality = fields["Modality"].removeprefix("MET_MOD_")
        raise UnreadableInput(f"{path}: expected CT, found the modality {modality} in the header")
    if not _is_true(fields.get("BinaryData", "True")):
        raise UnreadableInput(f"{path}: expected binary voxels, found text")
    slope, inter = (
        float(fields.get(f"ElementToIntensityFunction{name}", default))
        for name, default in (("Slope", "1"), ("Offset", "0"))
    )
    if slope != 1 or not np.isfinite(inter):
        raise UnreadableInput(f"{path}: expected voxels in HU, found a scale factor of {slope:g}")
    if fields.get("DistanceUnits", "mm") not in ("mm", "?", "???"):
        raise UnreadableInput(f"{path}: expected lengths in mm, found {fields['DistanceUnits']}")
    is_packed, local = _is_true(fields.get("CompressedData", "False")), fields["ElementDataFile"].upper() == "LOCAL"
    skip = int(fields.get("HeaderSize", "0"))
    if skip < -1 or (skip and (local or is_packed)):
        raise UnreadableInput(f"{path}: expected voxels at the beginning of their file, found a HeaderSize of {skip}")
    affine, has_sizes, warnings = _space(path, fields)
    return VolumeHeader(
        path=path,
        voxels=path if local else inside(path, fields["ElementDataFile"]),
        shape=shape_of(path, fields.get("NDims"), fields.get("DimSize", "")),
        dtype=np.dtype(TYPES[kind]),
        offset=end if local else skip,
        is_packed=is_packed,
        affine=affine,
        has_sizes=has_sizes,
        warnings=warnings,
        unused_inter=inter,
    )


def _fields(path: Path) -> tuple[dict[str, str], int]:
    """The fields of the header, and the offset of its end, after the field that names the voxel file."""
    fields: dict[str, str] = {}
    for line, end in lines_of(path)[1]:
        found = FIELD.fullmatch(line)
        if found is None:
            raise ValueError(
                "it does not begin like MetaImage" if not fields else "a line of its header is not a field"
            )
        name = found[1]
        if name in fields:
            raise ValueError(f"its header has the field {name} twice")
        fields[name] = found[2].strip()
        if name == "ElementDataFile":
            return fields, end
    raise ValueError("its header is incomplete, or does not state where the voxels are")


def _is_true(text: str) -> bool:
    return text[:1].upper() in ("T", "1")


def _space(path: Path, fields: dict[str, str]) -> tuple[FloatArray, bool, list[str]]:
    """The affine to RAS in mm, whether there are voxel sizes, and warnings."""
    sizes = fields.get("ElementSpacing", fields.get("ElementSize"))
    origin, directions = (next((fields[one] for one in some if one in fields), None) for some in (ORIGINS, DIRECTIONS))
    affine, warnings = np.eye(4), []
    if directions is None:
        warnings.append(assumed("the header has no TransformMatrix"))
    else:
        affine[:3, :3] = numbers(directions, 9).reshape(3, 3).T  # a row for each axis
    if not is_grid(affine[:3, :3]) or np.abs(np.linalg.norm(affine[:3, :3], axis=0) - 1).max() > UNIT_WITHIN:
        raise UnreadableInput(f"{path}: expected three independent directions of length 1, found others")
    if sizes is not None:
        affine[:3, :3] *= positive(sizes)
    if origin is not None:
        affine[:3, 3] = numbers(origin, 3)
    affine[:3] *= LPS_TO_RAS[:, None]
    return affine, sizes is not None, warnings
