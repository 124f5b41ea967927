"""The functions that workers run, with arguments that can be sent to another process."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ichor.annotate.project.runs import LabelMap, encode
from ichor.annotate.server.workers import TooHeavy

if TYPE_CHECKING:
    from ichor.annotate.click_reach import SliceImage
    from ichor.annotate.machine import Suggestion
    from ichor.annotate.project import Labels
    from ichor.annotate.refine import Click

# The numbers in a response with the runs of many slices: 200 slices of 10,000 runs; drawn slices have a few hundred.
MOST_NUMBERS = 4_000_000


def interpolated(lower_map: LabelMap, k_lower: int, upper_map: LabelMap, k_upper: int) -> bytes:
    """The response in JSON: the runs of each slice in between, by index. It is long, so only its bytes are returned."""
    from ichor.annotate.shapes import interpolate

    slices: dict[int, list[int]] = {}
    numbers = 0
    for k, one in interpolate(lower_map, k_lower, upper_map, k_upper).items():
        slices[k] = encode(one)
        numbers += len(slices[k])
        if numbers > MOST_NUMBERS:
            raise TooHeavy("expected regions as drawn by hand, found far more: clean up the two slices first")
    return json.dumps({"slices": slices}, separators=(",", ":")).encode()


def smoothed(label_map: LabelMap) -> list[int]:
    """The runs of the smooth slice."""
    from ichor.annotate.smoothing import smooth

    return encode(smooth(label_map))


def agreement_of(
    scan_file: Path, maps: Sequence[NDArray[np.uint8]], labels: Sequence[Sequence[Labels]]
) -> dict[str, Any]:
    """The agreement of two readers on the scan in a file of the project."""
    from ichor.annotate.agreement import agreement
    from ichor.annotate.project.scan_file import read_scan

    (first, second), (said, said_too) = maps, labels
    return agreement(first, second, said, said_too, read_scan(scan_file))


def combined(choice: str, maps: Sequence[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """The combined label map."""
    from ichor.annotate.consensus import combine

    return combine(choice, maps)


def suggested(scan_file: Path) -> Suggestion:
    """The model's output for the scan in a file of the project."""
    from ichor.annotate.machine import suggest
    from ichor.annotate.project.scan_file import read_scan

    return suggest(read_scan(scan_file))


def ready_to_refine() -> None:
    """Import the modules that clicks need."""
    import ichor.annotate.refine  # noqa: F401


def refined(image: SliceImage, drawn: LabelMap, click: Click) -> list[int]:
    """The runs of the slice after a click."""
    from ichor.annotate.refine import clicked

    return encode(clicked(image, drawn, click))
