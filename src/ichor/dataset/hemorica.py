"""Hemorica: 372 head CT examinations with labels of slices, boxes and masks of the five subtypes.

Davoodi et al. 2025, Hemorica: A Comprehensive CT Scan Dataset for Automated Brain Hemorrhage Classification,
Segmentation, and Detection, arXiv:2509.22993. The paper describes the kinds of labels but not the files. The layout
read here is that used by public code (README and metrics of a weakly supervised localization study):

    *.csv                                      patient_name, slice_number, hemorrhage_binary, IVH, ICH, SDH, EPH, SAH
    images/<patient_name>_<slice_number>.npy   (rows, columns) HU
    masks/<patient_name>_<slice_number>.npy    positive for hemorrhage; absent where there is none

ICH is the intraparenchymal and EPH the epidural hemorrhage. The names of the two folders are defined here. This layout
has no pixel sizes or slice spacing, so volumes are unknown and networks that need sizes cannot be trained on it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ichor.dataset.case import Case
from ichor.dataset.facts import EVERY_LABEL, Benchmark, Facts, Licence
from ichor.dataset.folds import strata_of
from ichor.dataset.indexed import IndexedDataset
from ichor.dataset.kind import Kind
from ichor.dataset.tables import flag, read_rows
from ichor.errors import UnreadableInput
from ichor.scan import Scan, Source
from ichor.subtypes import Subtype

IMAGES, MASKS = "images", "masks"
ANY = "hemorrhage_binary"
COLUMNS = {
    Subtype.IVH: "IVH",
    Subtype.IPH: "ICH",
    Subtype.SAH: "SAH",
    Subtype.EDH: "EPH",
    Subtype.SDH: "SDH",
}

FACTS = Facts(
    kind="hemorica",
    title="Hemorica",
    size="372 examinations of one hospital, 2012 to 2024; labels of patients and slices, boxes, masks",
    labels=EVERY_LABEL,
    licence=Licence(
        "not found", "https://arxiv.org/abs/2509.22993", commercial=None, share_weights=None, note="Ask the authors."
    ),
    source="https://arxiv.org/abs/2509.22993",
    citation="Davoodi K. et al. (2025). Hemorica: A Comprehensive CT Scan Dataset for Automated Brain Hemorrhage "
    "Classification, Segmentation, and Detection. arXiv:2509.22993",
    layout="*.csv with patient_name and slice_number, images/PATIENT_SLICE.npy, masks/PATIENT_SLICE.npy",
    traps=(
        "Epidural hemorrhage is called EPH, and intraparenchymal hemorrhage ICH, which elsewhere means any hemorrhage.",
        "The slices have no pixel size or spacing, so volumes in mL are unknown.",
    ),
    unverified="The whole layout: the paper does not describe it. The reader expects the layout used by public code.",
    benchmarks=(
        Benchmark(
            "U-Net with DenseNet161 (Davoodi et al. 2025)",
            "Dice 0.855",
            "binary, on the authors' split of slices; see the paper for whether it is by patient",
            "arXiv:2509.22993",
        ),
    ),
)


@dataclass(frozen=True)
class Slices:
    """One patient's slices from the lowest: files, and labels (n, 5)."""

    root: Path
    names: tuple[str, ...]
    labels: NDArray[np.bool_]
    person: str
    age_years: float | None = None

    @property
    def place(self) -> Path:
        """The lowest slice."""
        return self.root / IMAGES / f"{self.names[0]}.npy"

    def scan(self) -> Scan:
        """The scan; its size is unknown. Raises UnreadableInput for a file that is not a slice."""
        slices = [_load(self.root / IMAGES / f"{name}.npy") for name in self.names]
        sizes = {one.shape for one in slices}
        if len(sizes) > 1:
            raise UnreadableInput(f"{self.place}: expected slices of one size, found {len(sizes)} sizes")
        return Scan(np.stack(slices), Source("npy", self.place))

    def case(self, subject: str) -> Case:
        """The scan with its masks and labels. Raises UnreadableInput if a mask has another size."""
        scan = self.scan()
        mask = np.zeros(scan.voxels.shape, bool)
        for k, name in enumerate(self.names):
            file = self.root / MASKS / f"{name}.npy"
            if file.is_file():
                drawn = _load(file)
                if drawn.shape != mask.shape[1:]:
                    raise UnreadableInput(f"{file}: expected the size of its slice, found another")
                mask[k] = np.asarray(drawn, np.float64) > 0
        return Case(subject, scan, mask, self.labels)

    def n_slices(self) -> int:
        """The number of slices."""
        return len(self.names)

    def strata(self) -> frozenset[int]:
        """The subtypes of its slices."""
        return strata_of(self.labels)


def _load(file: Path) -> NDArray[np.generic]:
    try:
        found = np.load(file, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise UnreadableInput(f"{file}: expected a slice as NumPy writes it, found something else") from error
    if not isinstance(found, np.ndarray) or found.ndim != 2 or found.dtype.kind not in "iufb":
        raise UnreadableInput(f"{file}: expected a slice of two dimensions, found something else")
    return found


def _tables(root: Path) -> list[Path]:
    return sorted(root.glob("*.csv"))


def _recognizes(root: Path) -> bool:
    try:
        heads = [file.open(encoding="utf-8-sig").readline() for file in _tables(root)]
    except (OSError, UnicodeDecodeError):
        return False
    return (root / IMAGES).is_dir() and any("patient_name" in head and ANY in head for head in heads)


def _open(root: Path) -> IndexedDataset:
    rows: dict[str, dict[int, NDArray[np.bool_]]] = {}
    for file in _tables(root):
        for line, cells in read_rows(file, ("patient_name", "slice_number", ANY, *COLUMNS.values())):
            labels = np.array([flag(file, line, cells, COLUMNS[subtype]) for subtype in Subtype])
            if labels.any() != flag(file, line, cells, ANY):
                raise UnreadableInput(
                    f"{file}: line {line}: expected {ANY} to agree with the subtypes, found otherwise"
                )
            if not cells["slice_number"].isdecimal():
                raise UnreadableInput(f"{file}: line {line}: expected a slice number, found {cells['slice_number']!r}")
            rows.setdefault(cells["patient_name"], {})[int(cells["slice_number"])] = labels
    records = {
        patient: Slices(
            root,
            tuple(f"{patient}_{k}" for k in sorted(of)),
            np.stack([of[k] for k in sorted(of)]),
            f"hemorica:{patient}",
        )
        for patient, of in rows.items()
    }
    files = [file for folder in (IMAGES, MASKS) for file in sorted((root / folder).glob("*.npy"))]
    return IndexedDataset(root, FACTS, records, [*_tables(root), *files])


KIND = Kind(facts=(FACTS,), recognizes=_recognizes, open=_open)
