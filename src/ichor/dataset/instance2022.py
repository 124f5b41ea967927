"""INSTANCE 2022: 100 head CT volumes with voxel labels, the training set of a MICCAI challenge.

    train_2/data/001.nii.gz ... 100.nii.gz
    train_2/label/001.nii.gz ... 100.nii.gz    0 background, 1 hemorrhage

Li et al. 2023, The state-of-the-art 3D anisotropic intracranial hemorrhage segmentation on non-contrast head CT: The
INSTANCE challenge, arXiv:2301.03281; https://github.com/PerceptionComputingLab/INSTANCE2022. The folders are as read by
torch-em (torch_em/data/datasets/medical/instance22.py), which also accepts `train` for `train_2`; the values as in
the recipe of MONAI's Auto3DSeg for this challenge.
"""

from __future__ import annotations

from pathlib import Path

from ichor.dataset.facts import DELINEATED, Benchmark, Facts, Licence
from ichor.dataset.indexed import IndexedDataset
from ichor.dataset.kind import Kind
from ichor.dataset.volumes import Mark, Volume, by_stem, paired

IMAGES, LABELS = "data", "label"
MEANING = {0: Mark.BACKGROUND, 1: Mark.HEMORRHAGE}

FACTS = Facts(
    kind="instance2022",
    title="INSTANCE 2022: Intracranial Hemorrhage Segmentation Challenge",
    size="100 scans with voxel labels (of 200; 30 for validation and 70 for testing have no public labels)",
    labels=DELINEATED,
    licence=Licence(
        "CC BY-NC-ND, after an agreement with the organizers",
        "https://instance.grand-challenge.org/Participation/",
        commercial=False,
        share_weights=None,
        on_request=True,
        note="The rules of the challenge allow no other use and no redistribution.",
    ),
    source="https://instance.grand-challenge.org/",
    citation="Li X. et al. (2023). The state-of-the-art 3D anisotropic intracranial hemorrhage segmentation on "
    "non-contrast head CT: The INSTANCE challenge. arXiv:2301.03281",
    layout="train_2/data/NNN.nii.gz, train_2/label/NNN.nii.gz",
    traps=(
        "One label for all subtypes.",
        "Every volume has hemorrhage: specificity cannot be measured on it.",
        "The challenge's figures are from 70 hidden scans; a cross-validation on the 100 is not comparable with them.",
    ),
    unverified="The reader was checked against the published description, not against the files.",
    benchmarks=(
        Benchmark("winner of the challenge (2022)", "Dice 0.6925", "mean over 70 hidden scans", "arXiv:2301.03281"),
    ),
)


def _folder(root: Path) -> Path | None:
    places = (root / "train_2", root / "train", root)
    return next((one for one in places if (one / IMAGES).is_dir() and (one / LABELS).is_dir()), None)


def _open(root: Path) -> IndexedDataset:
    folder = _folder(root)
    assert folder is not None  # it was recognized
    pairs = paired(by_stem(folder / IMAGES), by_stem(folder / LABELS), folder / LABELS)
    records = {name: Volume(image, label, MEANING, f"instance2022:{name}") for name, (image, label) in pairs.items()}
    return IndexedDataset(root, FACTS, records, [file for pair in pairs.values() for file in pair])


KIND = Kind(facts=(FACTS,), recognizes=lambda root: _folder(root) is not None, open=_open)
