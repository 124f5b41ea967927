"""PHE-SICH-CT-IDS: 120 head CT scans of spontaneous hemorrhage, with the *edema* around it delineated.

    SubdatasetA_NIFIT/NIFIT/set/0001.nii.gz ... 0120.nii.gz
    SubdatasetA_NIFIT/NIFIT/label/0001.nii.gz ... 0120.nii.gz    positive for perihematomal edema

Ma et al. 2024, PHE-SICH-CT-IDS, Computers in Biology and Medicine, doi:10.1016/j.compbiomed.2024.108342,
arXiv:2308.10521; doi:10.6084/m9.figshare.23957937 (version 4). The misspelled folders are those of its archive. The
sub-datasets B and C have the same slices as JPG and PNG and are not read.

The blood itself is not delineated, and the masks are never taken for it. Each scan is known to show an intraparenchymal
hemorrhage, because patients were selected for it.
"""

from __future__ import annotations

from pathlib import Path

from ichor.dataset.case import ScanLabels
from ichor.dataset.facts import Facts, Label, Licence
from ichor.dataset.indexed import IndexedDataset
from ichor.dataset.kind import Kind
from ichor.dataset.volumes import Mark, Volume, by_stem, paired
from ichor.subtypes import Subtype

IMAGES, LABELS = "set", "label"
EDEMA = {0: Mark.BACKGROUND, 1: Mark.OTHER, 255: Mark.OTHER}
OF_EACH_SCAN = ScanLabels(hemorrhage=True, subtypes={Subtype.IPH: True})

FACTS = Facts(
    kind="phe-sich",
    title="PHE-SICH-CT-IDS: perihematomal edema in spontaneous intracerebral hemorrhage",
    size="120 scans, 3,511 slices, from one scanner; edema is delineated, blood is not",
    labels=frozenset({Label.SCANS, Label.SCAN_SUBTYPES}),
    licence=Licence(
        "CC BY 4.0 according to its record, non-commercial according to its paper",
        "https://doi.org/10.6084/m9.figshare.23957937",
        commercial=None,
        share_weights=None,
        note="The record on figshare says CC BY 4.0; the paper says that it is published for non-commercial purposes.",
    ),
    source="https://doi.org/10.6084/m9.figshare.23957937",
    citation="Ma D. et al. (2024). PHE-SICH-CT-IDS: A benchmark CT image dataset for evaluation semantic segmentation, "
    "object detection and radiomic feature extraction of perihematomal edema in spontaneous intracerebral hemorrhage. "
    "Computers in Biology and Medicine. doi:10.1016/j.compbiomed.2024.108342",
    layout="SubdatasetA_NIFIT/NIFIT/set/NNNN.nii.gz, SubdatasetA_NIFIT/NIFIT/label/NNNN.nii.gz",
    traps=(
        "Its masks outline edema, not blood; copies on the web call them hemorrhage.",
        "Every scan has hemorrhage: specificity cannot be measured on it.",
    ),
    unverified="Whether edema is 1 or 255 in the masks: both are read. Checked against the description, not the files.",
)


def _folder(root: Path) -> Path | None:
    places = (root, *sorted(root.glob("SubdatasetA*/NIF*")), *sorted(root.glob("*/SubdatasetA*/NIF*")))
    return next((one for one in places if (one / IMAGES).is_dir() and (one / LABELS).is_dir()), None)


def _open(root: Path) -> IndexedDataset:
    folder = _folder(root)
    assert folder is not None  # it was recognized
    pairs = paired(by_stem(folder / IMAGES), by_stem(folder / LABELS), folder / LABELS)
    records = {
        name: Volume(image, label, EDEMA, f"phe-sich:{name}", of_scan=OF_EACH_SCAN)
        for name, (image, label) in pairs.items()
    }
    return IndexedDataset(root, FACTS, records, [file for pair in pairs.values() for file in pair])


KIND = Kind(facts=(FACTS,), recognizes=lambda root: _folder(root) is not None, open=_open)
