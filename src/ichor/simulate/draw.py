"""Draws the changes of a simulated copy of a scan and applies them, in the order in which they arise.

First what is in the head, then how it lies in the scanner, then what is measured and reconstructed, and last how the
slices are shown. The same generator state gives the same copy.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from ichor.dataset.case import Case
from ichor.simulate.dose import low_dose, thin_slices
from ichor.simulate.geometry import nodded, tilted
from ichor.simulate.hardening import bright_rim, petrous_bands
from ichor.simulate.holder import head_holder
from ichor.simulate.kernel import kernel
from ichor.simulate.lesions.dark_brain import ischemia, swelling
from ichor.simulate.lesions.frame import HeadFrame
from ichor.simulate.lesions.mimics import MIMICS
from ichor.simulate.lesions.paint import Grown
from ichor.simulate.lesions.subarachnoid import in_cisterns, in_sulci
from ichor.simulate.lesions.subdural import THIN_SUBDURAL
from ichor.simulate.metal import metal_streaks
from ichor.simulate.motion import moved
from ichor.simulate.partial_volume import partial_volume
from ichor.simulate.pictures import Style, shown
from ichor.simulate.resample import Mask, slices_of
from ichor.simulate.settings import SimulationSettings
from ichor.simulate.truncation import truncated
from ichor.windows import BRAIN, GrayWindow

Rng = np.random.Generator
THIN_BLOOD = {"sulci": in_sulci, "cisterns": in_cisterns, **THIN_SUBDURAL}


@dataclass(frozen=True, eq=False)
class Copy:
    """A simulated copy of a case.

    Attributes:
        case: the copy.
        mimic: (n, rows, columns) bool, what looks like blood but is not, for training to look at; None without.
        alone: whether each slice is a picture by itself, without slices above and below.
    """

    case: Case
    mimic: Mask | None
    alone: bool


def simulated(case: Case, settings: SimulationSettings, rng: Rng) -> Copy:
    """A copy of a case in the radiological convention, of known geometry."""
    case, mimic = _with_lesions(case, settings, rng)
    # A mimic has no delineation that would be resampled with the slices, so that its place would be lost.
    geometry = {"turned": _turned, "thin": _thin} if mimic is None else {}
    for name, change in {**geometry, **_MEASURED}.items():
        if rng.random() < getattr(settings, name):
            case = change(case, rng)
    alone = bool(rng.random() < settings.pictures)
    if alone:
        case = shown(_style(rng), case, rng)
    return Copy(case, mimic, alone)


def _with_lesions(case: Case, settings: SimulationSettings, rng: Rng) -> tuple[Case, Mask | None]:
    """The case with lesions, and where there are mimics; nothing is grown where too little of a head is shown."""
    dark, like, blood = rng.random(3) < (settings.dark_brain, settings.mimics, settings.thin_blood)
    grown: list[Callable[[Case, HeadFrame, Rng], Grown]] = []
    if dark:
        grown.append(ischemia if rng.random() < 0.75 else swelling)
    if like:
        grown.append(MIMICS[str(rng.choice(list(MIMICS)))])
    n_mimics = len(grown)
    if blood and not case.positive.any():
        grown.append(THIN_BLOOD[str(rng.choice(list(THIN_BLOOD)))])
    where = np.zeros(case.mask.shape, bool)
    for i, grow in enumerate(grown):
        head = HeadFrame.of(case)
        if head is None:
            break
        found = grow(case, head, rng)
        case = found.case
        if i < n_mimics:
            where |= found.where
    where &= ~case.mask
    return case, where if where.any() else None


def _turned(case: Case, rng: Rng) -> Case:
    return (tilted if rng.random() < 0.5 else nodded)(float(rng.uniform(-20, 20)), case)


def _thin(case: Case, rng: Rng) -> Case:
    """Thin slices, of which only those about as far apart as before are kept: the rest would be much the same."""
    every = int(rng.integers(2, 6))
    thin = thin_slices(_thickness(case) / every, case, int(rng.integers(2**31)))
    return _some(thin, slice(int(rng.integers(every)), None, every))


def _thickness(case: Case) -> float:
    return float(np.median(slices_of(case)[1]))


def _some(case: Case, some: slice) -> Case:
    scan = case.scan
    assert scan.pixel_mm is not None and scan.positions_mm is not None and scan.thickness_mm is not None
    taken = replace(
        scan,
        voxels=np.ascontiguousarray(scan.voxels[some]),
        pixel_mm=scan.pixel_mm[some],
        positions_mm=scan.positions_mm[some],
        orientation=scan.orientation[some],
        thickness_mm=scan.thickness_mm[some],
    )
    return replace(case, scan=taken, delineation=np.ascontiguousarray(case.mask[some]), subtypes=case.labels[some])


def _overlapping(case: Case, rng: Rng) -> Case:
    return partial_volume(_thickness(case) * float(rng.uniform(1.2, 2.2)), case)


def _metal(case: Case, rng: Rng) -> Case:
    n = case.scan.n_slices
    first = int(rng.integers(n))
    at = float(rng.uniform(-70, 60)), float(rng.uniform(-60, 60))
    some = range(first, min(n, first + int(rng.integers(1, 6))))
    return metal_streaks(some, at, float(rng.uniform(0.7, 4)), case, int(rng.integers(2**31)))


def _motion(case: Case, rng: Rng) -> Case:
    n = case.scan.n_slices
    first = int(rng.integers(n))
    some = range(first, min(n, first + int(rng.integers(3, n + 3))))
    return moved(float(rng.uniform(0.3, 3)), float(rng.uniform(0, 2)), some, case, int(rng.integers(2**31)))


_MEASURED: dict[str, Callable[[Case, Rng], Case]] = {
    "partial_volume": _overlapping,
    "metal": _metal,
    "motion": _motion,
    "rim": lambda case, rng: bright_rim(float(rng.uniform(5, 45)), case),
    "petrous": lambda case, rng: petrous_bands(float(rng.uniform(-0.8, 1.8)), case),  # below 0: corrected too much
    "truncation": lambda case, rng: truncated(float(rng.uniform(75, 100)), case),
    "dose": lambda case, rng: low_dose(float(rng.uniform(2, 15)), case, int(rng.integers(2**31))),
    "kernel": lambda case, rng: kernel(
        float(rng.uniform(-0.5, 1.5)), float(rng.uniform(0.2, 0.5)), float(rng.uniform(0.6, 1.2)), case
    ),
    "holder": lambda case, rng: head_holder(
        float(rng.uniform(0, 15)), float(rng.uniform(1.5, 5)), float(rng.uniform(-200, 300)), case
    ),
}


def _style(rng: Rng) -> Style:
    """A style of pictures: mostly windows near that of brain, known to the reader or not."""
    window = BRAIN
    if rng.random() < 0.6:
        window = GrayWindow(float(rng.uniform(32, 50)), float(rng.uniform(70, 160)))
    if rng.random() < 0.1:
        window = GrayWindow(127.5, 255)
    return Style(
        window=window,
        side=int(rng.integers(128, 512)),
        annotated=bool(rng.random() < 0.5),
        jpeg_quality=int(rng.integers(30, 95)) if rng.random() < 0.7 else None,
    )
