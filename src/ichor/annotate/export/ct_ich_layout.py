"""The layout of ct-ich 1.0.0, plus regions.json. `ichor dataset check` accepts it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np

from ichor.annotate.export.annotated import NOT_MEDICAL, Annotated, LeftOut, require_all_read, require_consistent
from ichor.annotate.export.exclusion import UNKNOWN, exclusion_of, is_unknown
from ichor.annotate.export.grid_650 import Grid, grid_of
from ichor.annotate.export.regions import FILE, encoded_regions
from ichor.atomic import write_whole
from ichor.dataset.ct_ich.exclusions import write_exclusions
from ichor.dataset.ct_ich.layout import IMAGES, write_images, write_masks, write_tables
from ichor.dataset.ct_ich.tables import SliceRow, Subject
from ichor.errors import UnreadableInput
from ichor.read.ct_ich_jpg import PIXEL_MM, SLICE_MM
from ichor.scan import Scan

README = """The layout of ct-ich 1.0.0 (Hssayeni M. 2019, doi:10.13026/w8q8-ky94), written by Ichor.
{use}

Programs that read this layout assume pixels of {pixel} mm and slices {slice} mm apart. {file} has the true pixel
size and slice positions of each subject, if they are known, and the subtype of each region; Ichor reads it.
"""


class CtIchTarget:
    """Target of `ichor.annotate.export.run`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._slices: list[SliceRow] = []
        self._subjects: list[Subject] = []
        self._geometry: dict[str, Any] = {}
        self._regions: dict[str, Any] = {}
        self._excluded: dict[str, str] = {}

    def write(self, one: Annotated) -> list[str]:
        """Write images and delineations."""
        require_all_read(one)
        subject = _subject(one)
        slices = _slices(one)
        grid = grid_of(one.scan)
        label_map = grid.label_map(one.label_map)
        require_consistent(label_map, one.slices, one.labels)  # on this grid as well
        if not _copy_originals(one, self._folder / IMAGES / one.case):
            write_images(self._folder, one.case, grid.hu())
        write_masks(self._folder, one.case, label_map > 0)
        self._slices += slices
        self._subjects.append(subject)
        self._regions[one.case] = encoded_regions(label_map)
        self._geometry[one.case] = _geometry(one.scan, grid)
        if reason := exclusion_of(one.scan):
            self._excluded[one.case] = reason
        return _notes(one.scan, grid)

    def finish(self) -> None:
        """Write the tables, sorted by subject, regions.json, the exclusions if there are any, and README.txt."""
        self._slices.sort(key=lambda row: (row.subject, row.number))
        self._subjects.sort(key=lambda row: row.number)
        write_tables(self._folder, self._slices, self._subjects)
        content = {
            "use": NOT_MEDICAL,
            "geometry": dict(sorted(self._geometry.items())),
            "regions": dict(sorted(self._regions.items())),
        }
        write_whole(self._folder / FILE, json.dumps(content) + "\n")
        if self._excluded:
            write_exclusions(self._folder, self._excluded)
        text = README.format(use=NOT_MEDICAL, pixel=PIXEL_MM, slice=f"{SLICE_MM:g}", file=FILE)
        write_whole(self._folder / "README.txt", text)


make = CtIchTarget


def _subject(one: Annotated) -> Subject:
    """The row of the demographics. Raises LeftOut if a required value has not been entered."""
    if len(one.case) > 3:
        raise LeftOut("the layout uses three-digit subject numbers, and all of them are taken")
    person = one.person
    missing = [name for name, value in (("age", person.age), ("sex", person.sex)) if value is None]
    if person.age is None or person.sex is None:
        raise LeftOut(f"the layout's table needs the subject's {' and '.join(missing)}, which have not been entered")
    return Subject(
        number=one.case,
        age_years=person.age,
        sex=person.sex,
        subtypes=frozenset(one.labels.subtypes),
        fracture=one.labels.fracture,
        condition=person.condition,
        note=person.note,
    )


def _slices(one: Annotated) -> list[SliceRow]:
    """The rows of the slice table. Raises LeftOut if the scan has a fracture that is on no slice."""
    rows = [
        SliceRow(one.case, k, frozenset(labels.subtypes), no_hemorrhage=not labels.subtypes, fracture=labels.fracture)
        for k, labels in enumerate(one.slices, 1)
    ]
    if one.labels.fracture and not any(row.fracture for row in rows):
        raise LeftOut("a fracture is a label of the scan but of no slice")
    return rows


def _copy_originals(one: Annotated, folder: Path) -> bool:
    """Copy the original images of a ct-ich subject, if they still are what was annotated; encoding them again would
    alter them. Returns whether they were copied.

    The copies are numbered from 1, as the layout requires, even if the lowest slices of the original are missing.
    """
    from ichor.read import open_scan
    from ichor.read.ct_ich_jpg import slice_numbers

    source = one.scan.source
    if source.kind != "ct-ich" or source.path.name != one.case:
        return False
    try:
        if not np.array_equal(open_scan(source.path).voxels, one.scan.voxels):
            return False
    except UnreadableInput:
        return False
    for window in ("brain", "bone"):
        (folder / window).mkdir(parents=True)
        for k, number in enumerate(slice_numbers(source.path), 1):
            file = source.path / window / f"{number}.jpg"
            if file.is_file():
                shutil.copyfile(file, folder / window / f"{k}.jpg")
    return True


def _geometry(scan: Scan, grid: Grid) -> dict[str, Any]:
    """The pixel size and position of each slice in mm; null if unknown."""
    along = scan.slice_positions_mm
    return {
        "resampled": grid.resampled,
        "pixel_mm": None if grid.pixel_mm is None else np.round(grid.pixel_mm, 6).tolist(),
        "slice_positions_mm": None if along is None else np.round(along, 4).tolist(),
    }


def _notes(scan: Scan, grid: Grid) -> list[str]:
    notes = [UNKNOWN] if is_unknown(scan) else []
    if not grid.resampled:
        return notes
    rows, columns = scan.voxels.shape[1:]
    size = "" if grid.pixel_mm is None else f", a pixel is now {np.median(grid.pixel_mm):.4g} mm"
    return [*notes, f"resampled from {columns} x {rows} to 650 x 650 pixels{size}"]
