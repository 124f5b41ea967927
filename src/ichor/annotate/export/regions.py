"""regions.json: the subtype of each delineated region, which the ct-ich layout itself cannot represent.

    {"regions": {"049": {"14": [{"subtype": "EDH", "area_px": 812, "segmentation": {"size": ..., "counts": ...}}]}}}

Slices are numbered from 1, as in the names of the images. Run lengths are COCO's (column-major, the first run is
background) on 650 x 650 pixels. The subtype is null if none was stated.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ichor.annotate.project import UNSTATED
from ichor.errors import UnreadableInput
from ichor.formats.coco import regions
from ichor.formats.run_lengths import from_run_lengths, run_lengths
from ichor.subtypes import Subtype

FILE = "regions.json"
_SUBTYPES = tuple(Subtype)


def encoded_regions(label_map: NDArray[np.uint8]) -> dict[str, list[dict[str, Any]]]:
    """The connected regions of a label map (n, rows, columns), by slice number, starting at 1."""
    return {
        str(k): [
            {
                "subtype": None if label == UNSTATED else str(_SUBTYPES[label - 1]),
                "area_px": int(region.sum()),
                "segmentation": run_lengths(region),
            }
            for label, region in regions(one)
        ]
        for k, one in enumerate(label_map, 1)
        if one.any()
    }


def read_regions(dataset: Path) -> dict[str, Mapping[str, Any]]:
    """The result of `encoded_regions` for each subject, from the file in a dataset's folder; empty if there is none.

    Raises UnreadableInput if the file has other content.
    """
    file = dataset / FILE
    if not file.is_file():
        return {}
    try:
        return dict(json.loads(file.read_text(encoding="utf-8"))["regions"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UnreadableInput(f"{file}: expected regions as exported by Ichor, found other content") from error


def decoded_regions(file: Path, encoded: Mapping[str, Any], mask: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """The label map (n, rows, columns) of a subject: 0 outside `mask`, UNSTATED where the mask has no encoded region.

    Raises UnreadableInput, naming `file`, if a region does not fit the mask's slices.
    """
    result = np.where(mask, np.uint8(UNSTATED), np.uint8(0))
    try:
        for number, found in encoded.items():
            index = int(number) - 1
            if not 0 <= index < len(mask):
                raise IndexError(index)
            for one in found:
                region = from_run_lengths(one["segmentation"])
                label = UNSTATED if one["subtype"] is None else _SUBTYPES.index(Subtype(one["subtype"])) + 1
                result[index][region & mask[index]] = label
    except (ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
        raise UnreadableInput(f"{file}: expected regions on the slices of the masks, found others") from error
    return result
