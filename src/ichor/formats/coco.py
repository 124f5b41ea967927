"""Instances in COCO format: one JSON file with images, categories and regions as run lengths.

Lin et al. 2014, arXiv:1405.0312; https://cocodataset.org/#format-data. pycocotools reads it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ichor.atomic import write_whole
from ichor.formats.run_lengths import run_lengths

_EIGHT_NEIGHBORS = np.ones((3, 3), bool)


class CocoDataset:
    """Collects slices and writes them to one file; `categories` are names by label, `colours` in HTML notation."""

    def __init__(self, categories: Mapping[int, str], colours: Mapping[int, str]) -> None:
        self._categories = [
            {"id": label, "name": name, "color": list(bytes.fromhex(colours[label][1:]))}
            for label, name in categories.items()
        ]
        self._images: list[dict[str, Any]] = []
        self._annotations: list[dict[str, Any]] = []

    def add(self, file_name: str, label_map: NDArray[np.uint8], facts: Mapping[str, Any]) -> None:
        """Add an image and each connected region of its label map (rows, columns), with further fields of the image."""
        image_id = len(self._images) + 1
        rows, columns = label_map.shape
        self._images.append({"id": image_id, "file_name": file_name, "width": columns, "height": rows, **facts})
        for label, region in regions(label_map):
            self._annotations.append(
                {
                    "id": len(self._annotations) + 1,
                    "image_id": image_id,
                    "category_id": label,
                    "segmentation": run_lengths(region),
                    "area": int(region.sum()),
                    "bbox": bounding_box(region),
                    "iscrowd": 0,
                }
            )

    def write(self, path: Path, description: str) -> None:
        """Write everything that was added."""
        content = {
            "info": {"description": description},
            "images": self._images,
            "annotations": self._annotations,
            "categories": self._categories,
        }
        write_whole(path, json.dumps(content, ensure_ascii=False) + "\n")


def regions(label_map: NDArray[np.uint8]) -> Sequence[tuple[int, NDArray[np.bool_]]]:
    """Each connected region (8 neighbors) of a label map (rows, columns): its label and its mask."""
    found = []
    for label in np.unique(label_map[label_map > 0]):
        parts, n = ndimage.label(label_map == label, structure=_EIGHT_NEIGHBORS)
        found += [(int(label), parts == part) for part in range(1, n + 1)]
    return found


def bounding_box(region: NDArray[np.bool_]) -> list[int]:
    """Left, top, width and height, in pixels, of a region that is not empty."""
    rows, columns = (np.flatnonzero(region.any(axis=axis)) for axis in (1, 0))
    left, top = int(columns[0]), int(rows[0])
    return [left, top, int(columns[-1]) - left + 1, int(rows[-1]) - top + 1]
