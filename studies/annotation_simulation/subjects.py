"""The subjects of a dataset, resampled to the small field of the networks, with their labeling times."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ichor.annotate.labelling_time import labelling_s
from ichor.dataset.base import Dataset
from ichor.dataset.case import Case
from ichor.methods.field import resample_to_field
from ichor.methods.unet_slices.settings import UNetSlicesSettings
from ichor.scan import Scan


@dataclass(frozen=True, eq=False)
class SmallSubject:
    """One subject.

    Attributes:
        case: its scan, mask and labels in the network's field.
        labelling_s: the modeled labeling time in seconds, from the delineation at full size.
    """

    case: Case
    labelling_s: float


class SmallSubjects:
    """The subjects of a dataset, each read on first use and cached."""

    def __init__(self, dataset: Dataset, settings: UNetSlicesSettings) -> None:
        self._dataset, self._settings = dataset, settings
        self._read: dict[str, SmallSubject] = {}

    def __getitem__(self, subject: str) -> SmallSubject:
        """A subject by name. Raises UnreadableInput if it cannot be read."""
        if subject not in self._read:
            self._read[subject] = self._small(self._dataset.case(subject))
        return self._read[subject]

    def _small(self, case: Case) -> SmallSubject:
        settings, scan = self._settings, case.scan
        hu, field = resample_to_field(scan, size=settings.size, pixel_mm=settings.pixel_mm, centre="head", head_mm=None)
        small = Scan(
            np.clip(np.round(hu), -2000, 6000).astype(np.int16),
            scan.source,
            pixel_mm=np.full((scan.n_slices, 2), settings.pixel_mm),
            positions_mm=scan.positions_mm,
        )
        return SmallSubject(
            Case(case.subject, small, field.resample_mask(case.mask), case.labels, case.excluded_from_overlap),
            labelling_s(case.mask, scan.pixel_mm),
        )
