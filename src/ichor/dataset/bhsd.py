"""BHSD: 192 head CT volumes with voxel labels of the five subtypes.

    label_192/images/ID_<patient>_ID_<study>.nii.gz
    label_192/ground truths/ID_<patient>_ID_<study>.nii.gz    0 background, 1 EDH, 2 IPH, 3 IVH, 4 SAH, 5 SDH

Wu et al. 2023, BHSD: A 3D Multi-Class Brain Hemorrhage Segmentation Dataset, MLMI, doi:10.1007/978-3-031-45673-2_15,
arXiv:2308.11298. The folders are those of label_192.zip on https://huggingface.co/datasets/WuBiao/BHSD, as read by
torch-em (torch_em/data/datasets/medical/bhsd.py); the values are those of the authors' dataset.json. The same files
with that dataset.json, in imagesTr and labelsTr, are opened as `nnunet`.
"""

from __future__ import annotations

import re
from pathlib import Path

from ichor.dataset.facts import EVERY_LABEL, Facts, Licence
from ichor.dataset.indexed import IndexedDataset
from ichor.dataset.kind import Kind
from ichor.dataset.volumes import Mark, Meaning, Volume, by_stem, paired
from ichor.subtypes import Subtype

IMAGES, LABELS = "images", "ground truths"
MEANING: Meaning = {
    0: Mark.BACKGROUND,
    1: Subtype.EDH,
    2: Subtype.IPH,
    3: Subtype.IVH,
    4: Subtype.SAH,
    5: Subtype.SDH,
}
# Its volumes are made of RSNA 2019; the names keep the patient and the study of that dataset.
_NAME = re.compile(r"(?P<patient>ID_[0-9a-f]+)_(?P<study>ID_[0-9a-f]+)")

FACTS = Facts(
    kind="bhsd",
    title="BHSD: Brain Hemorrhage Segmentation Dataset",
    size="192 volumes with voxel labels; about 2,000 more volumes without, which are not read",
    labels=EVERY_LABEL,
    licence=Licence(
        "stated as MIT, and elsewhere as non-commercial without derivatives; the images are from RSNA",
        "https://github.com/White65534/BHSD",
        commercial=False,
        share_weights=None,
        note="The dataset's card says MIT; its repository later says non-commercial and no derivatives. The images are "
        "from RSNA 2019, for non-commercial purposes only.",
    ),
    source="https://huggingface.co/datasets/WuBiao/BHSD",
    citation="Wu B. et al. (2023). BHSD: A 3D Multi-class Brain Hemorrhage Segmentation Dataset. MLMI, 147-156. "
    "doi:10.1007/978-3-031-45673-2_15",
    layout="label_192/images/*.nii.gz, label_192/ground truths/*.nii.gz",
    traps=(
        "Its scans are from RSNA 2019: it cannot be a test set for a model trained on that dataset or on HemSeg-200.",
        "A patient may have several studies; Ichor's folds keep the patients of RSNA 2019 together.",
        "Every volume has hemorrhage: specificity cannot be measured on it.",
    ),
    unverified="The reader was checked against the published description, not against the files.",
)


def _folder(root: Path) -> Path | None:
    return next(
        (one for one in (root, root / "label_192") if (one / IMAGES).is_dir() and (one / LABELS).is_dir()), None
    )


def _open(root: Path) -> IndexedDataset:
    folder = _folder(root)
    assert folder is not None  # it was recognized
    pairs = paired(by_stem(folder / IMAGES), by_stem(folder / LABELS), folder / LABELS)
    records = {name: Volume(image, label, MEANING, _person(name)) for name, (image, label) in pairs.items()}
    return IndexedDataset(root, FACTS, records, [file for pair in pairs.values() for file in pair])


def _person(name: str) -> str:
    found = _NAME.fullmatch(name)
    return name if found is None else f"rsna2019:{found['patient']}"


KIND = Kind(facts=(FACTS,), recognizes=lambda root: _folder(root) is not None, open=_open)
