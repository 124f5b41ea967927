"""A subject's images in release 1.0.0: which files there are, their content, and the slice table."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from ichor.dataset.ct_ich.check.known import NO_FILE, shifted_bone
from ichor.dataset.ct_ich.check.report import SubjectReport, missing
from ichor.dataset.ct_ich.check.tables import names
from ichor.dataset.ct_ich.tables import SliceRow
from ichor.read.ct_ich_bone import Skulls
from ichor.read.ct_ich_jpg import MASK_ABOVE, SIZE

_FILE = re.compile(r"(\d+)(_HGE_Seg)?\.jpg")

# Pixels of a delineation count as gray if JPEG moved them this far from black and white.
GRAY = (16, 239)


def check_jpg(root: Path, subject: str, rows: Mapping[int, SliceRow]) -> SubjectReport:
    """Check Patients_CT/NNN against its rows of the slice table by slice number; without rows nothing is compared."""
    folder = root / "Patients_CT" / subject
    report = SubjectReport()
    brain, masks = _files(root, folder / "brain", report)
    bone, misplaced = _files(root, folder / "bone", report)
    for k in misplaced:
        report.add(_place(root, folder / "bone" / f"{k}_HGE_Seg.jpg"), "expected it under brain/, found it under bone/")
    _compare_numbers(root, folder, report, rows, brain, bone, masks)
    skulls = Skulls()
    for k in sorted(brain):
        gray = _read(root, folder / "brain" / f"{k}.jpg", report, keep_hash=True)
        if gray is not None:
            skulls.add_brain(k, gray)
    for k in sorted(bone):
        gray = _read(root, folder / "bone" / f"{k}.jpg", report)
        if gray is not None:
            skulls.add_bone(k, gray)
    for k in sorted(masks):
        _check_mask(root, folder / "brain" / f"{k}_HGE_Seg.jpg", report)
    if offset := skulls.offset():
        report.add(_place(root, folder / "bone"), shifted_bone(offset))
    report.n_delineated = len(masks)
    return report


def _files(root: Path, folder: Path, report: SubjectReport) -> tuple[set[int], set[int]]:
    """The numbers of the slices and of the delineations in a folder."""
    slices: set[int] = set()
    masks: set[int] = set()
    if not folder.is_dir():
        report.add(_place(root, folder), "expected a folder of slices, found none")
        return slices, masks
    for file in folder.iterdir():
        match = _FILE.fullmatch(file.name)
        if match is None:
            report.add(_place(root, file), "expected only k.jpg and k_HGE_Seg.jpg, found another name")
        else:
            (masks if match[2] else slices).add(int(match[1]))
    return slices, masks


def _compare_numbers(
    root: Path,
    folder: Path,
    report: SubjectReport,
    rows: Mapping[int, SliceRow],
    brain: set[int],
    bone: set[int],
    masks: set[int],
) -> None:
    """Slices without gaps, each in both windows and with a row; a delineation exactly where there is a label."""
    expected = {*rows} or brain | bone
    if not rows and (gaps := missing(expected)):
        report.add(_place(root, folder), f"expected slices 1 to {max(expected)}, found no {gaps}")
    for window, there in (("brain", brain), ("bone", bone)):
        absent = expected - there if (folder / window).is_dir() else set()
        for k in sorted(absent):
            report.add(_place(root, folder / window / f"{k}.jpg"), NO_FILE)
        for k in sorted(there - expected):
            message = "expected a row of this slice in the slice table, found none"
            report.add(_place(root, folder / window / f"{k}.jpg"), message)
    for k in sorted(masks | {*rows}):
        mask = _place(root, folder / "brain" / f"{k}_HGE_Seg.jpg")
        labels = rows[k].subtypes if k in rows else frozenset()
        if labels and k not in masks:
            report.add(mask, f"expected the delineation of a slice labeled {names(labels)}, found no such file")
        elif rows and not labels and k in masks:
            report.add(mask, "expected a slice labeled with hemorrhage, found one without")
        elif k in masks and k not in brain:
            report.add(mask, f"expected its slice {k}.jpg, found none")


def _check_mask(root: Path, file: Path, report: SubjectReport) -> None:
    gray = _read(root, file, report)
    if gray is None:
        return
    if not (gray > MASK_ABOVE).any():
        report.add(_place(root, file), f"expected some pixels above {MASK_ABOVE}, found none")
    report.gray_pixels += int(((gray >= GRAY[0]) & (gray <= GRAY[1])).sum())
    report.mask_pixels += gray.size


def _read(root: Path, file: Path, report: SubjectReport, *, keep_hash: bool = False) -> NDArray[np.uint8] | None:
    """The image as (650, 650), or None if it does not have the release's format."""
    expected = f"expected a gray 8-bit JPEG of {SIZE[0]} x {SIZE[1]} pixels"
    gray = None
    try:
        content = file.read_bytes()
        with Image.open(BytesIO(content), formats=["JPEG"]) as image:
            if (image.mode, image.height, image.width) == ("L", *SIZE):
                gray = np.asarray(image)
            else:
                report.add(_place(root, file), f"{expected}, found {image.height} x {image.width}, mode {image.mode}")
    except UnidentifiedImageError:
        report.add(_place(root, file), f"{expected}, found no JPEG")
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        reason = getattr(error, "strerror", None) or error
        report.add(_place(root, file), f"{expected}, found a damaged one: {reason}")
    if gray is None:
        return None
    if keep_hash:
        report.images[_place(root, file)] = hashlib.sha256(content).hexdigest()
    return gray


def _place(root: Path, path: Path) -> str:
    return path.relative_to(root).as_posix()
