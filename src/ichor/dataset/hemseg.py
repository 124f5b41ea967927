"""HemSeg-200 and HemSeg-500: voxel labels of IPH and IVH over scans of RSNA 2019.

    annotion_file_info.jsonl (or annotion_file_info_500.jsonl)    {"patient", "scan_", "slice_list"} a line
    images/<scan>.nii.gz     made from RSNA 2019 with the authors' dcm2nii.py; RSNA's terms forbid sharing them
    labels/<scan>.nii.gz     0 background, positive for hemorrhage

Song et al. 2024, HemSeg-200: A Voxel-Annotated Dataset for Intracerebral Hemorrhages Segmentation in Brain CT Scans,
arXiv:2405.14559; https://github.com/songchangwei/3DCT-SD-IVH-ICH. The labels and the list (whose name is misspelled)
are from that repository; where to put images and labels is not published, and is defined here.
"""

from __future__ import annotations

import json
from pathlib import Path

from ichor.dataset.facts import DELINEATED, Benchmark, Facts, Licence
from ichor.dataset.indexed import IndexedDataset
from ichor.dataset.kind import Kind
from ichor.dataset.volumes import Mark, Volume, by_stem, paired
from ichor.errors import UnreadableInput

LISTS = ("annotion_file_info.jsonl", "annotion_file_info_500.jsonl")
IMAGES, LABELS = "images", "labels"
# The authors train on one class; their code never tells the two subtypes apart by value.
MEANING = {0: Mark.BACKGROUND, 1: Mark.HEMORRHAGE, 2: Mark.HEMORRHAGE}

FACTS = Facts(
    kind="hemseg",
    title="HemSeg-200 and HemSeg-500: IPH and IVH on scans of RSNA 2019",
    size="222 scans with voxel labels (HemSeg-500: 525)",
    labels=DELINEATED,
    licence=Licence(
        "none stated; the images are from RSNA",
        "https://github.com/songchangwei/3DCT-SD-IVH-ICH",
        commercial=False,
        share_weights=None,
        note="The images are from RSNA 2019, for non-commercial purposes only.",
    ),
    source="https://github.com/songchangwei/3DCT-SD-IVH-ICH (labels), RSNA 2019 (images)",
    citation="Song C. et al. (2024). HemSeg-200: A Voxel-Annotated Dataset for Intracerebral Hemorrhages Segmentation "
    "in Brain CT Scans. arXiv:2405.14559; and RSNA 2019",
    layout="annotion_file_info.jsonl, images/SCAN.nii.gz, labels/SCAN.nii.gz",
    traps=(
        "Its scans are from RSNA 2019; some of them are also in BHSD.",
        "Only IPH and IVH are delineated: any other blood on the same scan is labeled as background.",
        "A patient may have several scans; Ichor's folds keep the patients of RSNA 2019 together.",
    ),
    unverified="The folders in its archive of labels, and whether the two subtypes have different values.",
    benchmarks=(
        Benchmark(
            "nnU-Net (Song et al. 2024)",
            "Dice 0.790 (95 % interval 0.732 to 0.839)",
            "the authors' test set, mean over scans",
            "arXiv:2405.14559, Table 1",
        ),
    ),
)


def _list(root: Path) -> Path | None:
    return next((root / name for name in LISTS if (root / name).is_file()), None)


def _open(root: Path) -> IndexedDataset:
    listed = _list(root)
    assert listed is not None  # it was recognized
    persons = _persons(listed)
    pairs = paired(by_stem(root / IMAGES), by_stem(root / LABELS), root / LABELS)
    unlisted = [name for name in pairs if name not in persons]
    if unlisted:
        raise UnreadableInput(f"{listed}: expected a line for each scan, found none for {', '.join(unlisted[:3])}")
    records = {name: Volume(image, label, MEANING, persons[name]) for name, (image, label) in pairs.items()}
    return IndexedDataset(root, FACTS, records, [listed, *(file for pair in pairs.values() for file in pair)])


def _persons(listed: Path) -> dict[str, str]:
    """The patient of each scan, under RSNA's name. Raises UnreadableInput for a line that is not as published."""
    persons: dict[str, str] = {}
    try:
        for line in filter(str.strip, listed.read_text(encoding="utf-8").splitlines()):
            one = json.loads(line)
            # The list has `scan_`; the authors' converter asks for `scan`.
            persons[str(one["scan_"] if "scan_" in one else one["scan"])] = f"rsna2019:{one['patient']}"
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UnreadableInput(
            f"{listed}: expected patient, scan_ and slice_list as JSON after {len(persons)} lines, found something else"
        ) from error
    return persons


KIND = Kind(
    facts=(FACTS,),
    recognizes=lambda root: _list(root) is not None and (root / IMAGES).is_dir() and (root / LABELS).is_dir(),
    open=_open,
)
