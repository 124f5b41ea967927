"""Six slices that are the same for all systems: one for each subtype and one without hemorrhage, chosen by the truth.

Only slices above the orbits are used, since the scans show faces.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy import ndimage

from ichor.anatomy.skull import bone_of, inside
from ichor.atomic import write_whole
from ichor.dataset.base import Dataset
from ichor.dataset.case import Case
from ichor.formats.run_lengths import run_lengths
from ichor.pages.pictures.faces import cranial
from ichor.runs.files import MASKS, read_metrics
from ichor.runs.plain_files import read_object
from ichor.runs.predictions import read_predictions
from ichor.subtypes import Subtype

EXAMPLES = "examples.json"  # of the study: the slices; of a system: what it says of them
BRIGHT_HU = (60.0, 100.0)  # as clotted blood; inside a normal skull: sinuses, falx, calcification

RIM_PX = 4  # next to the skull, where voxels are partly bone
FULL = 0.8  # of the largest area inside the skull: closer to the vertex, voxels are partly bone, too


@dataclass(frozen=True, slots=True)
class Example:
    """A slice, `index` from 0; `subtype` is None without hemorrhage, and `size` is what it was chosen by, in pixels."""

    subject: str
    index: int
    subtype: str | None
    size: int

    @property
    def key(self) -> str:
        """As in files of masks, where slices are counted from 1."""
        return f"{self.subject}/{self.index + 1}"

    @property
    def title(self) -> str:
        """What it shows, and where it is."""
        return f"{self.subtype or 'no hemorrhage'}: subject {self.subject}, slice {self.index + 1}"


def choose(cases: Iterable[Case]) -> list[Example]:
    """The slices, one for each subtype and then one without hemorrhage, each of another subject.

    For a subtype: of each subject's largest slice with it alone, the one of median size. Without hemorrhage: of the
    slices of normal scans that are not close to the vertex, the one with most pixels as bright as clotted blood.
    """
    largest: dict[str | None, dict[str, Example]] = {one.value: {} for one in Subtype} | {None: {}}
    for case in cases:
        for one in _candidates(case):
            best = largest[one.subtype].get(one.subject)
            if best is None or one.size > best.size:
                largest[one.subtype][one.subject] = one
    chosen: list[Example] = []
    for subtype in sorted((one for one in largest if one), key=lambda one: len(largest[one])):  # the rarest first
        taken = {one.subject for one in chosen}
        ranked = sorted(
            (one for one in largest[subtype].values() if one.subject not in taken), key=lambda one: one.size
        )
        chosen += ranked[len(ranked) // 2 : len(ranked) // 2 + 1]
    chosen.sort(key=lambda one: list(largest).index(one.subtype))
    return chosen + sorted(largest[None].values(), key=lambda one: -one.size)[:1]


def _candidates(case: Case) -> Iterable[Example]:
    hu, shown, normal = np.asarray(case.scan.hu), np.flatnonzero(cranial(case.scan)), not case.labels.any()
    within = inside(bone_of(hu)) if normal else np.zeros(0, bool)
    full = within.sum(axis=(1, 2)) if normal else np.zeros(0)
    for index in shown:
        if normal:
            if full[index] < FULL * full.max():
                continue
            away = ndimage.binary_erosion(within[index], iterations=RIM_PX)
            bright = away & (hu[index] >= BRIGHT_HU[0]) & (hu[index] <= BRIGHT_HU[1])
            yield Example(case.subject, int(index), None, int(bright.sum()))
        elif case.labels[index].sum() == 1 and case.mask[index].any() and not case.excluded_from_overlap:
            subtype = list(Subtype)[int(case.labels[index].argmax())].value
            yield Example(case.subject, int(index), subtype, int(case.mask[index].sum()))


def write_examples(out: Path, dataset: Dataset) -> list[Example]:
    """Choose the slices of a dataset and write them into the study's folder."""
    chosen = choose(dataset.cases(dataset.subjects))
    about = {"data": dataset.fingerprint, "slices": [asdict(one) for one in chosen]}
    write_whole(out / EXAMPLES, json.dumps(about, indent=1) + "\n")
    return chosen


def read_examples(out: Path) -> list[Example]:
    """The slices that were chosen. Raises BadConfig if there are none."""
    return [Example(**one) for one in read_object(out / EXAMPLES, "the slices of the study")["slices"]]


def marks_on(run: Path, examples: Iterable[Example], dataset: Dataset) -> dict[str, Any]:
    """What a finished run says of the slices, by their keys: the mask as run lengths, or None; and the probability."""
    predictions = read_predictions(run, dataset)
    found: dict[str, Any] = {}
    for one in examples:
        prediction = predictions[one.subject]
        mask = prediction.mask
        found[one.key] = {
            "mask": None if mask is None else run_lengths(mask[one.index]),
            "probability": round(float(prediction.slice_probability[one.index]), 4),
        }
    return found


def write_marks(run: Path, to: Path, examples: Iterable[Example], dataset: Dataset) -> None:
    """Write what a run says of the slices into the folder of its result."""
    write_whole(to / EXAMPLES, json.dumps(marks_on(run, examples, dataset)) + "\n")


def read_marks(folder: Path, examples: Iterable[Example], dataset: Dataset) -> Mapping[str, Any] | None:
    """What a result says of the slices; None if it keeps neither that nor masks."""
    if (folder / EXAMPLES).is_file():
        return read_object(folder / EXAMPLES, "marks by slice")
    if (folder / MASKS).is_file() or not read_metrics(folder)["dice"]:
        return marks_on(folder, examples, dataset)
    return None
