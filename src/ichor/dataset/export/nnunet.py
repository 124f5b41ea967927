"""ct-ich as a raw dataset of nnU-Net v2, with the authors' folds as its splits.

nnU-Net reports results on the "val" part of each split, and by default uses it for nothing else: it trains for a fixed
time and keeps the last weights. The "val" part of each split is therefore the test fold, and "train" all other folds.
The methods here use one of these for setting thresholds and epochs, so nnU-Net sees no more subjects than they do.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ichor.dataset.case import Case
from ichor.dataset.ct_ich.dataset import CtIch
from ichor.dataset.ct_ich.folds import authors_fold
from ichor.dataset.ct_ich.release import RELEASES, TITLE
from ichor.dataset.ct_ich.tables import Subject
from ichor.dataset.folds import N_FOLDS
from ichor.formats.nnunet import NnUnetDataset

# nnU-Net recommends numbers from 500 on, since published datasets and models use the lower ones.
NAME = "Dataset501_CtIch"


class NnUnetTarget:
    """Target for `ichor.dataset.export.run`."""

    title = "for nnU-Net v2"

    def __init__(self, dataset: CtIch, out: Path) -> None:
        self._release = RELEASES[dataset.release]
        self._files = NnUnetDataset(out, NAME)

    def has(self, subject: str) -> bool:
        """Whether image and label exist."""
        return self._files.has_case(case_name(subject))

    def write(self, case: Case, person: Subject) -> None:  # noqa: ARG002 (nnU-Net does not store it)
        """Write image and label."""
        self._files.write_case(case_name(case.subject), case.scan, case.mask, self._release.scale)

    def finish(self, subjects: Sequence[str]) -> None:
        """Write dataset.json and splits_final.json."""
        facts = {
            "name": "CtIch",
            "description": f"{TITLE}. {self._release.values} {self._release.sizes}",
            "reference": self._release.citation,
            "release": self._release.version,
            "licence": f"{self._release.licence}, {self._release.licence_url}",
            "converted_by": "Ichor",
        }
        self._files.write_description(len(subjects), facts)
        self._files.write_splits([_split(number, subjects) for number in range(1, N_FOLDS + 1)])


def case_name(subject: str) -> str:
    """nnU-Net's identifier for a subject."""
    return f"ctich_{subject}"


def _split(number: int, subjects: Sequence[str]) -> dict[str, list[str]]:
    fold = authors_fold(number, subjects)
    return {
        "train": [case_name(subject) for subject in sorted((*fold.training, *fold.validation))],
        "val": [case_name(subject) for subject in sorted(fold.test)],
    }


make = NnUnetTarget
