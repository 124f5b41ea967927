"""A dataset in the raw format of nnU-Net, version 1 or 2, of any origin.

    dataset.json                          labels: {"background": 0, "hemorrhage": 1, "ignore": 2}; in 1 {"0": ...}
    imagesTr/CASE_0000.nii.gz             the only channel
    labelsTr/CASE.nii.gz
    imagesTs/, labelsTs/                  the same, where the labels of the test cases are there

Isensee et al. 2021, doi:10.1038/s41592-020-01008-z; documentation/dataset_format.md and ignore_label.md of its
repository. Version 1 may leave out `_0000` in the names of the test cases. The folder may also be the parent of
nnUNet_raw, if that holds one dataset, as `ichor dataset export --to nnunet` writes it.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from ichor.dataset.facts import DELINEATED, EVERY_LABEL, OWN, Facts, Licence
from ichor.dataset.indexed import IndexedDataset
from ichor.dataset.kind import Kind
from ichor.dataset.volumes import Mark, Volume, by_stem
from ichor.errors import UnreadableInput
from ichor.subtypes import Subtype

DESCRIPTION, CHANNEL = "dataset.json", "_0000"
PARTS = (("imagesTr", "labelsTr"), ("imagesTs", "labelsTs"))
_BLOOD = {"hemorrhage", "haemorrhage", "ich", "blood", "bleeding", "hematoma", "haematoma", "lesion", "ipv_ivh"}
_OTHER = {"edema", "oedema", "phe", "perihematomal edema", "infarct", "core", "penumbra", "brain", "skull"}

FACTS = Facts(
    kind="nnunet",
    title="A dataset in nnU-Net's raw format",
    size="varies",
    labels=DELINEATED,
    licence=OWN,
    source="its owner",
    citation="Isensee F. et al. (2021). nnU-Net. doi:10.1038/s41592-020-01008-z (the format); its owner (the data)",
    layout="dataset.json, imagesTr/CASE_0000.nii.gz, labelsTr/CASE.nii.gz",
    traps=(
        "Its origin is unknown: it may be a copy of a published dataset (`ichor dataset overlaps`).",
        "A slice with any voxel of the ignore label counts as unlabeled.",
    ),
)


def _folder(root: Path) -> Path | None:
    places = (root, *sorted(root.glob("nnUNet_raw/Dataset*")), *sorted(root.glob("Dataset*")))
    found = [one for one in places if (one / DESCRIPTION).is_file() and (one / PARTS[0][0]).is_dir()]
    return found[0] if len(found) == 1 else None


def _open(root: Path) -> IndexedDataset:
    folder = _folder(root)
    assert folder is not None  # it was recognized
    described = _description(folder / DESCRIPTION)
    meaning = _meaning(folder / DESCRIPTION, described)
    records, files = {}, [folder / DESCRIPTION]
    for images, labels in PARTS:
        if not (folder / labels).is_dir():
            continue
        label_files = by_stem(folder / labels)
        for name, image in by_stem(folder / images).items():
            case = name.removesuffix(CHANNEL)
            if case not in label_files:
                raise UnreadableInput(f"{image}: expected a label file {labels}/{case}.nii.gz, found none")
            records[case] = Volume(image, label_files[case], meaning, case)
            files += [image, label_files[case]]
    whole = all(isinstance(mark, Subtype) for mark in meaning.values() if mark not in (Mark.BACKGROUND, Mark.OTHER))
    labels_of_all = DELINEATED if Mark.IGNORED not in meaning.values() else frozenset[Any]()
    facts = replace(
        FACTS, labels=EVERY_LABEL if whole else labels_of_all, licence=_licence(described), title=_title(described)
    )
    return IndexedDataset(root, facts, records, files)


def _description(file: Path) -> dict[str, Any]:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UnreadableInput(f"{file}: expected nnU-Net's description as JSON, found something else") from error
    if not isinstance(found, dict) or not isinstance(found.get("labels"), dict):
        raise UnreadableInput(f"{file}: expected nnU-Net's description with labels, found none")
    channels = found.get("channel_names", found.get("modality", {"0": "CT"})) or {}
    if len(channels) != 1:
        raise UnreadableInput(f"{file}: expected one channel, found {len(channels)}")
    return found


def _meaning(file: Path, described: dict[str, Any]) -> dict[int, Mark | Subtype]:
    """The meaning of each value by its name, in either version's form. Raises UnreadableInput for an unknown name."""
    meaning = {}
    for key, value in described["labels"].items():
        name, index = (value, key) if str(key).isdecimal() else (key, value)
        if not str(index).isdecimal():
            raise UnreadableInput(f"{file}: expected one value for each label, found {index!r} for {name!r}")
        mark = _mark(str(name))
        if mark is None:
            known = ", ".join(("background", "ignore", *(str(one) for one in Subtype), *sorted(_BLOOD)))
            raise UnreadableInput(f"{file}: expected label names that Ichor knows ({known}), found {name!r}")
        meaning[int(index)] = mark
    return meaning


def _mark(name: str) -> Mark | Subtype | None:
    plain = name.lower().replace("_", " ").removesuffix(" hemorrhage").removesuffix(" hematoma").strip()
    for subtype in Subtype:
        if plain in (subtype.value.lower(), subtype.label.lower()):
            return subtype
    if plain in ("extradural", "eph"):
        return Subtype.EDH
    if plain == "background":
        return Mark.BACKGROUND
    if plain in ("ignore", "ignored"):
        return Mark.IGNORED
    if name.lower() in _BLOOD or plain in _BLOOD:
        return Mark.HEMORRHAGE
    return Mark.OTHER if plain in _OTHER else None


def _licence(described: dict[str, Any]) -> Licence:
    stated = described.get("licence", described.get("license"))
    return replace(OWN, name=str(stated)) if stated else OWN


def _title(described: dict[str, Any]) -> str:
    name = described.get("name")
    return f"{name} (nnU-Net)" if name else FACTS.title


KIND = Kind(facts=(FACTS,), recognizes=lambda root: _folder(root) is not None, open=_open)
