"""NRRD: one CT volume in HU, .nrrd, or .nhdr with its voxels in a separate file.

The format is described at teem.sourceforge.net/nrrd/format.html. SimpleITK reads the voxels. `space` states the
coordinate system of the file's axes; if it is missing, ITK and this reader assume LPS.
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

SUFFIXES = (".nrrd", ".nhdr")
MAGIC = re.compile(r"NRRD000[1-5]")
FIELD = re.compile(r"([A-Za-z][A-Za-z ]*): (.*)")
VECTOR = re.compile(r"\(([^()]*)\)")
# Signs that convert each to RAS.
SPACES = {
    **dict.fromkeys(("left-posterior-superior", "lps"), LPS_TO_RAS),
    **dict.fromkeys(("right-anterior-superior", "ras"), np.array([1.0, 1.0, 1.0])),
    **dict.fromkeys(("left-anterior-superior", "las"), np.array([-1.0, 1.0, 1.0])),
}
ENCODINGS = {"raw": False, "gzip": True, "gz": True}
TYPES = {
    **dict.fromkeys(("signed char", "int8", "int8_t"), "i1"),
    **dict.fromkeys(("uchar", "unsigned char", "uint8", "uint8_t"), "u1"),
    **dict.fromkeys(("short", "short int", "signed short", "signed short int", "int16", "int16_t"), "i2"),
    **dict.fromkeys(("ushort", "unsigned short", "unsigned short int", "uint16", "uint16_t"), "u2"),
    **dict.fromkeys(("int", "signed int", "int32", "int32_t"), "i4"),
    **dict.fromkeys(("uint", "unsigned int", "uint32", "uint32_t"), "u4"),
    "float": "f4",
    "double": "f8",
}
SPATIAL = {"domain", "space", "???", "none"}  # kinds of axes


def accepts(path: Path) -> bool:
    """Whether this is a file named .nrrd or .nhdr."""
    return path.name.lower().endswith(SUFFIXES) and path.is_file()


def read(path: Path, options: ReadOptions) -> Scan:  # noqa: ARG001 (the file states everything itself)
    """The volume at `path`. Raises UnreadableInput if it is damaged, not 3-D, in color, not in HU or not in mm."""
    return itk.read(path, describe, "NRRD", "nrrd")


def inspect(path: Path, options: ReadOptions) -> Inspection:
    """The only volume of the file. Raises UnreadableInput as `read` does."""
    return itk.inspect(path, read, options)


def describe(path: Path) -> VolumeHeader:
    """The header. Raises UnreadableInput or ValueError if it does not describe a volume in HU."""
    fields, end = _fields(path)
    encoding = fields.get("encoding", "").lower()
    if encoding not in ENCODINGS:
        raise UnreadableInput(f"{path}: expected voxels in the encoding raw or gzip, found {encoding or 'none'}")
    kind = fields.get("type", "").lower()
    if kind not in TYPES:
        raise UnreadableInput(f"{path}: expected gray voxels, integer or floating point, found {kind or 'no type'}")
    shape = shape_of(path, fields.get("dimension"), fields.get("sizes", ""))
    if not set(fields.get("kinds", "").lower().split()) <= SPATIAL:
        raise UnreadableInput(f"{path}: expected a volume of gray voxels, found axes of the kinds {fields['kinds']}")
    _require_millimetres(path, fields)
    skip = int(fields.get("byte skip", "0"))
    if int(fields.get("line skip", "0")) or skip < -1 or (skip and ENCODINGS[encoding]):
        raise UnreadableInput(
            f"{path}: expected voxels at the beginning or the end of their file, found a byte or line skip"
        )
    detached = fields.get("data file", fields.get("datafile"))
    if detached is None and path.name.lower().endswith(".nhdr"):
        raise UnreadableInput(f"{path}: expected the name of the file with its voxels, found none")
    affine, has_sizes, warnings = _space(path, fields)
    return VolumeHeader(
        path=path,
        voxels=path if detached is None else inside(path, detached),
        shape=shape,
        dtype=np.dtype(TYPES[kind]),
        offset=skip if skip == -1 else skip + (end if detached is None else 0),
        is_packed=ENCODINGS[encoding],
        affine=affine,
        has_sizes=has_sizes,
        warnings=warnings,
    )


def _fields(path: Path) -> tuple[dict[str, str], int]:
    """The fields of the header, and the offset of its end."""
    content, lines = lines_of(path)
    if not lines or MAGIC.fullmatch(lines[0][0]) is None:
        raise ValueError("it does not begin like NRRD")
    fields: dict[str, str] = {}
    for line, end in lines[1:]:
        if not line:
            return fields, end
        if line.startswith("#") or ":=" in line.split(": ", 1)[0]:  # a comment, or a custom key and value
            continue
        found = FIELD.fullmatch(line)
        if found is None:
            raise ValueError("a line of its header is not a field")
        name = found[1].lower()
        if name in fields:
            raise ValueError(f"its header has the field {name} twice")
        fields[name] = found[2].strip()
    if lines[-1][1] < len(content) or not path.name.lower().endswith(".nhdr"):
        raise ValueError("its header has no end")
    return fields, len(content)


def _require_millimetres(path: Path, fields: dict[str, str]) -> None:
    for name in ("space units", "units"):
        units = set(re.findall(r'"([^"]*)"', fields.get(name, "")))
        if not units <= {"mm", "millimeter", "millimeters", "millimetre", "millimetres", ""}:
            raise UnreadableInput(f"{path}: expected lengths in mm, found {name} {', '.join(sorted(units))}")


def _space(path: Path, fields: dict[str, str]) -> tuple[FloatArray, bool, list[str]]:
    """The affine to RAS in mm, whether there are voxel sizes, and warnings."""
    affine, has_sizes, warnings = np.eye(4), False, []
    if "space directions" in fields:
        axes = [numbers(one.replace(",", " "), 3) for one in VECTOR.findall(fields["space directions"])]
        if len(axes) != 3 or not is_grid(np.column_stack(axes)):
            raise UnreadableInput(f"{path}: expected three independent space directions, found others")
        affine[:3, :3], has_sizes = np.column_stack(axes), True
    elif "spacings" in fields:
        affine[:3, :3], has_sizes = np.diag(positive(fields["spacings"])), True
    if "space origin" in fields:
        affine[:3, 3] = numbers(fields["space origin"].strip("()").replace(",", " "), 3)
    space = fields.get("space", "").lower()
    if space not in SPACES or "space directions" not in fields:
        warnings.append(assumed("the header states no patient coordinate system"))
    affine[:3] *= SPACES.get(space, LPS_TO_RAS)[:, None]
    return affine, has_sizes, warnings
