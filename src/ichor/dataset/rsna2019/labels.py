"""The table of labels: six rows per slice."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ichor.dataset.tables import flag, read_rows
from ichor.errors import UnreadableInput
from ichor.subtypes import Subtype

ANY = "any"
NAMES = {
    "intraventricular": Subtype.IVH,
    "intraparenchymal": Subtype.IPH,
    "subarachnoid": Subtype.SAH,
    "epidural": Subtype.EDH,
    "subdural": Subtype.SDH,
}
_ORDER = list(Subtype)


def read_labels(file: Path) -> dict[str, NDArray[np.bool_]]:
    """For each image by its SOP Instance UID (ID_...), (5,) bool in the order of `Subtype`.

    Some rows of the published table occur twice, with the same label. Raises UnreadableInput for a malformed row, rows
    that contradict each other, and an image with fewer than six rows.
    """
    found: dict[str, dict[str, bool]] = {}
    for line, cells in read_rows(file, ("ID", "Label")):
        image, _, name = cells["ID"].rpartition("_")
        if not image or name not in (*NAMES, ANY):
            raise UnreadableInput(f"{file}: line {line}: expected ID_<image>_<subtype>, found {cells['ID']!r}")
        label = flag(file, line, cells, "Label")
        if found.setdefault(image, {}).setdefault(name, label) != label:
            raise UnreadableInput(f"{file}: line {line}: expected one label of {cells['ID']}, found two")
    return {image: _flags(file, image, labels) for image, labels in found.items()}


def _flags(file: Path, image: str, labels: dict[str, bool]) -> NDArray[np.bool_]:
    if len(labels) < len(NAMES) + 1:
        missing = next(name for name in (*NAMES, ANY) if name not in labels)
        raise UnreadableInput(f"{file}: expected six rows of {image}, found none for {missing}")
    flags = np.zeros(len(_ORDER), bool)
    for name, subtype in NAMES.items():
        flags[_ORDER.index(subtype)] = labels[name]
    if flags.any() != labels[ANY]:
        raise UnreadableInput(f"{file}: expected the label any of {image} to agree with its subtypes, found otherwise")
    return flags
