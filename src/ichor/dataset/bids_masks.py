"""A BIDS dataset of CT scans with masks of hemorrhage as a derivative.

    participants.tsv                                                     participant_id, age (optional)
    sub-LABEL/[ses-LABEL/]ct/sub-LABEL[_ses-LABEL]_ct.nii.gz
    derivatives/PIPELINE/sub-LABEL/[ses-LABEL/]ct/sub-LABEL[_ses-LABEL]_desc-hemorrhage_mask.nii.gz    1 for hemorrhage
    derivatives/PIPELINE/.../sub-LABEL[_ses-LABEL]_desc-hemorrhage_slices.tsv    index, IVH, IPH, ... (optional)

BIDS 1.10, Common Principles and Derivatives (Masks: `_desc-<label>_mask`); CT is the proposal BEP024. The table of
slices is not BIDS's: `ichor dataset export --to bids` writes it. The mask may also be called `_label-hemorrhage_mask`.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ichor.dataset.case import Case
from ichor.dataset.facts import DELINEATED, EVERY_LABEL, OWN, Facts, Licence
from ichor.dataset.folds import strata_of
from ichor.dataset.indexed import IndexedDataset
from ichor.dataset.kind import Kind
from ichor.dataset.tables import flag, number, read_rows
from ichor.dataset.volumes import Mark, Volume
from ichor.errors import UnreadableInput
from ichor.scan import Scan
from ichor.subtypes import Subtype

MEANING = {0: Mark.BACKGROUND, 1: Mark.HEMORRHAGE}
PARTICIPANTS, DESCRIPTION = "participants.tsv", "dataset_description.json"
_MASK = re.compile(r"(?P<of>sub-[A-Za-z0-9]+(_ses-[A-Za-z0-9]+)?).*_(desc|label)-hemorrhage_mask\.nii(\.gz)?")

FACTS = Facts(
    kind="bids",
    title="A BIDS dataset with masks of hemorrhage",
    size="varies",
    labels=DELINEATED,
    licence=OWN,
    source="its owner",
    citation="Gorgolewski K. J. et al. (2016). BIDS. doi:10.1038/sdata.2016.44 (the format); its owner (the data)",
    layout="sub-LABEL/ct/sub-LABEL_ct.nii.gz, derivatives/PIPELINE/sub-LABEL/ct/sub-LABEL_desc-hemorrhage_mask.nii.gz",
    traps=("Its origin is unknown: it may be a copy of a published dataset (`ichor dataset overlaps`).",),
)


@dataclass(frozen=True)
class Labelled:
    """A volume, and the subtypes of its slices (n, 5) if there is a table of them."""

    volume: Volume
    slices: Path | None

    @property
    def person(self) -> str:
        """The participant."""
        return self.volume.person

    @property
    def age_years(self) -> float | None:
        """The participant's age."""
        return self.volume.age_years

    @property
    def place(self) -> Path:
        """The scan's file."""
        return self.volume.image

    def scan(self) -> Scan:
        """The scan, read in a separate process."""
        return self.volume.scan()

    def case(self, subject: str) -> Case:
        """The scan with its mask and the labels of its slices. Raises UnreadableInput if they do not fit together."""
        case = self.volume.case(subject)
        if self.slices is None:
            return case
        labels = self._labels()
        if len(labels) != case.scan.n_slices:
            raise UnreadableInput(f"{self.slices}: expected {case.scan.n_slices} slices, found {len(labels)}")
        return replace(case, subtypes=labels, hemorrhage=None)

    def n_slices(self) -> int:
        """The number of slices."""
        return self.volume.n_slices()

    def strata(self) -> frozenset[int]:
        """The subtypes of its slices, else whether it has hemorrhage."""
        return self.volume.strata() if self.slices is None else strata_of(self._labels())

    def _labels(self) -> NDArray[np.bool_]:
        assert self.slices is not None
        columns = [subtype.value for subtype in Subtype]
        rows = {
            cells["index"]: [flag(self.slices, line, cells, column) for column in columns]
            for line, cells in read_rows(self.slices, ("index", *columns), "\t")
        }
        if [*rows] != [str(k) for k in range(len(rows))]:
            raise UnreadableInput(f"{self.slices}: expected slices from 0 without gaps, found others")
        return np.array([*rows.values()], bool).reshape(-1, len(Subtype))


def _masks(root: Path) -> list[Path]:
    return [
        file
        for file in sorted((root / "derivatives").glob("*/sub-*/**/*_mask.nii*"))
        if _MASK.fullmatch(file.name) is not None
    ]


def _recognizes(root: Path) -> bool:
    return (root / DESCRIPTION).is_file() and (root / "derivatives").is_dir() and bool(_masks(root))


def _open(root: Path) -> IndexedDataset:
    masks = _masks(root)
    pipelines = {file.relative_to(root / "derivatives").parts[0] for file in masks}
    if len(pipelines) > 1:
        raise UnreadableInput(
            f"{root / 'derivatives'}: expected masks of hemorrhage of one pipeline, found "
            f"{', '.join(sorted(pipelines))}"
        )
    ages = _ages(root / PARTICIPANTS)
    records, files = {}, [root / DESCRIPTION]
    for mask in masks:
        match = _MASK.fullmatch(mask.name)
        assert match is not None
        image = _image(root, match["of"], mask)
        person = match["of"].split("_")[0].removeprefix("sub-")
        table = mask.with_name(f"{match['of']}_desc-hemorrhage_slices.tsv")
        slices = table if table.is_file() else None
        subject = match["of"].replace("sub-", "").replace("_ses-", "-")
        records[subject] = Labelled(Volume(image, mask, MEANING, person, age_years=ages.get(person)), slices)
        files += [image, mask, *([table] if slices else [])]
    every = all(one.slices is not None for one in records.values())
    facts = replace(FACTS, labels=EVERY_LABEL if every else DELINEATED, licence=_licence(root / DESCRIPTION))
    return IndexedDataset(root, facts, records, files)


def _image(root: Path, entities: str, mask: Path) -> Path:
    person, *session = entities.split("_")
    found = sorted(root.joinpath(person, *session).glob(f"**/{entities}*_ct.nii*"))
    if len(found) != 1:
        raise UnreadableInput(f"{mask}: expected one scan {entities}_ct.nii.gz for it, found {len(found)}")
    return found[0]


def _ages(file: Path) -> dict[str, float | None]:
    if not file.is_file():
        return {}
    rows = read_rows(file, ("participant_id",), "\t")
    return {cells["participant_id"].removeprefix("sub-"): number(cells.get("age", "")) for _, cells in rows}


def _licence(file: Path) -> Licence:
    try:
        stated = json.loads(file.read_text(encoding="utf-8")).get("License")
    except (OSError, ValueError, AttributeError) as error:
        raise UnreadableInput(f"{file}: expected the description of a BIDS dataset, found something else") from error
    return replace(OWN, name=str(stated)) if stated else OWN


KIND = Kind(facts=(FACTS,), recognizes=_recognizes, open=_open)
