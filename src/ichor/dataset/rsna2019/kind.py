"""RSNA 2019: head CT examinations of many patients, with the subtypes of each slice.

    stage_2_train.csv              ID, Label: six rows per slice, ID_<slice>_{epidural,...,subdural,any}
    stage_2_train/ID_<slice>.dcm   all slices of all examinations in one folder

Flanders et al. 2020, Construction of a Machine Learning Dataset through Collaboration: The RSNA 2019 Brain CT
Hemorrhage Challenge, Radiology: Artificial Intelligence 2:e190211, doi:10.1148/ryai.2020190211;
https://www.kaggle.com/c/rsna-intracranial-hemorrhage-detection/data. Which slices make an examination is in their
headers alone (PatientID, StudyInstanceUID), which are read once (`index`). Test images have no labels and are not read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ichor.dataset.case import Case
from ichor.dataset.facts import Benchmark, Facts, Label, Licence
from ichor.dataset.folds import strata_of
from ichor.dataset.indexed import IndexedDataset
from ichor.dataset.kind import Kind
from ichor.dataset.rsna2019.index import Examination, index_of
from ichor.dataset.rsna2019.labels import read_labels
from ichor.errors import UnreadableInput
from ichor.read import ReadOptions, open_scan
from ichor.read.open import read_here
from ichor.scan import Scan

TABLE, IMAGES = "stage_2_train.csv", "stage_2_train"

FACTS = Facts(
    kind="rsna2019",
    title="RSNA 2019 Brain CT Hemorrhage dataset",
    size="over 25,000 examinations; the table of the training set has 4,516,842 rows, six per slice",
    labels=frozenset({Label.SLICES, Label.SLICE_SUBTYPES, Label.SCANS, Label.SCAN_SUBTYPES}),
    licence=Licence(
        "RSNA's terms: non-commercial purposes, with attribution",
        "https://github.com/RSNA/AI-Challenge-Data/wiki/RSNA-Intracranial-Hemorrhage-Detection",
        commercial=False,
        share_weights=None,
        note="For academic research and education, without any attempt to identify anyone.",
    ),
    source="https://www.kaggle.com/c/rsna-intracranial-hemorrhage-detection/data",
    citation="Flanders A. E. et al. (2020). Construction of a Machine Learning Dataset through Collaboration: The RSNA "
    "2019 Brain CT Hemorrhage Challenge. Radiology: Artificial Intelligence 2(3):e190211. doi:10.1148/ryai.2020190211",
    layout="stage_2_train.csv, stage_2_train/ID_*.dcm",
    traps=(
        "A patient may have several examinations: a split by slice or examination leaks. Ichor's folds are by patient.",
        "BHSD and HemSeg-200 consist of its scans.",
        "The slices of all examinations are in one folder; the first command reads all headers, once.",
        "Some headers declare unsigned pixels with a wrong intercept; the reader corrects this or warns about it.",
        "Most examinations were labeled by a single reader.",
    ),
    unverified="The reader was checked against the published description, not against the files.",
    benchmarks=(
        Benchmark(
            "fifth place in the challenge (2019)",
            "weighted log loss 0.04561",
            "hidden test images of the second stage; the challenge's own loss, not comparable with other figures",
            "https://github.com/tiendzung-le/Kaggle-RSNA-5th-place-Solution",
        ),
    ),
)


@dataclass(frozen=True)
class Series:
    """The slices of one examination, and their labels by SOP Instance UID."""

    folder: Path
    examination: Examination
    labels: Mapping[str, NDArray[np.bool_]]
    age_years: float | None = None

    @property
    def person(self) -> str:
        """The patient."""
        return f"rsna2019:{self.examination.patient}"

    @property
    def place(self) -> Path:
        """The folder of all images."""
        return self.folder

    def scan(self) -> Scan:
        """The examination's slices, read in a separate process."""
        return open_scan(self.folder, self._options)

    def case(self, subject: str) -> Case:
        """The scan with the labels of its slices. Raises UnreadableInput for a slice without labels."""
        scan = read_here(self.folder, self._options)
        missing = [uid for uid in scan.source.instance_uids if uid not in self.labels]
        if missing or not scan.source.instance_uids:
            raise UnreadableInput(f"{self.folder}: expected labels of each slice of {subject}, found none of some")
        return Case(subject, scan, None, np.stack([self.labels[uid] for uid in scan.source.instance_uids]))

    def n_slices(self) -> int:
        """The number of its files."""
        return len(self.examination.files)

    def strata(self) -> frozenset[int]:
        """The subtypes of its slices."""
        return strata_of(np.stack([*self.labels.values()]))

    @property
    def _options(self) -> ReadOptions:
        return ReadOptions(files=self.examination.files)


def _open(root: Path) -> IndexedDataset:
    labels = read_labels(root / TABLE)
    examinations = index_of(root / IMAGES)
    records = {}
    for study, one in examinations.items():
        found = {uid: labels[uid] for uid in one.instances if uid in labels}
        if len(found) < len(one.instances):
            uid = next(uid for uid in one.instances if uid not in labels)
            raise UnreadableInput(f"{root / TABLE}: expected six rows for each image, found none for {uid}")
        records[study] = Series(root / IMAGES, one, found)
    files = [root / TABLE, *(root / IMAGES / name for one in examinations.values() for name in one.files)]
    return IndexedDataset(root, FACTS, records, files, large=True)


KIND = Kind(
    facts=(FACTS,),
    recognizes=lambda root: (root / TABLE).is_file() and (root / IMAGES).is_dir(),
    open=_open,
)
