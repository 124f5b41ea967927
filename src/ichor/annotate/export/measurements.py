"""The rulers of all cases in one table, measurements.csv; not written where nobody measured.

case, slice (from 1), x and y of both ends in pixels of the scan's own grid (x along columns; pixel (row, column) covers
[column, column + 1) x [row, row + 1)), and the length in mm, empty where the pixel size is unknown.
"""

from __future__ import annotations

import csv
import io

from ichor.annotate.export.annotated import Annotated

FILE = "measurements.csv"
COLUMNS = ("case", "slice", "start_x", "start_y", "end_x", "end_y", "mm")
Row = tuple[str | int | float, ...]


def rows_of(one: Annotated) -> list[Row]:
    """The rows of a case."""
    pixel_mm = one.scan.pixel_mm
    return [
        (one.case, k + 1, *ruler.start, *ruler.end, "" if pixel_mm is None else round(ruler.mm(pixel_mm[k]), 2))
        for k, labels in enumerate(one.slices)
        for ruler in labels.rulers
    ]


def table(rows: list[Row]) -> str:
    """The file's content."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(rows)
    return text.getvalue()
