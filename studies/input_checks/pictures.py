"""Slices as pictures whose pixel size and gray window are unknown: each by itself, or those of a scan in one folder.

The reader takes them for the brain window, as `ichor screen` does unless it is told another one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from ichor.anatomy.head import find_head
from ichor.anatomy.intracranial import Cranium
from ichor.dataset.case import Case
from ichor.scan import Scan
from ichor.simulate.pictures import Style, picture
from ichor.windows import BONE, BRAIN, STROKE, SUBDURAL, GrayWindow
from studies.input_checks.changes import with_vessels
from studies.input_checks.hematoma import with_hematoma

EVERY = 4  # of the slices that show brain, from a slice drawn for each subject
SHOWS_BRAIN = 0.25  # of the largest area of brain
NARROW, WHOLE_BYTE = GrayWindow(40, 80), GrayWindow(127.5, 255)
JPEG_QUALITY = 60
SIZES = {
    "512 px, PNG": Style(side=512),
    "512 px, frame, PNG": Style(side=512, annotated=True),
    "256 px, frame, PNG": Style(side=256, annotated=True),
    "256 px, frame, JPEG": Style(side=256, annotated=True, jpeg_quality=JPEG_QUALITY),
    "128 px, JPEG": Style(side=128, jpeg_quality=JPEG_QUALITY),
    "128 px, frame, JPEG": Style(side=128, annotated=True, jpeg_quality=JPEG_QUALITY),
}
SHOWN = {"40/120": BRAIN, "0 to 80 HU": NARROW, "0 to 255 HU": WHOLE_BYTE}
WRONG = {"bone window": BONE, "subdural window": SUBDURAL, "stroke window": STROKE, "40/400": GrayWindow(40, 400)}
FRAMED = SIZES["256 px, frame, JPEG"]
ENHANCED_HU = (120, 250)


@dataclass(frozen=True)
class Head:
    """A subject and its modifications, each made once."""

    case: Case
    hematoma: Case
    vessels: np.ndarray
    slices: np.ndarray

    @classmethod
    def of(cls, case: Case) -> Head:
        """The head of a case in HU."""
        hu = np.asarray(case.scan.hu, np.float32)
        scan = replace(case.scan, voxels=hu)
        case = replace(case, scan=scan)
        return cls(
            case=case,
            hematoma=replace(case, scan=with_hematoma(scan, int(case.subject))),
            vessels=np.asarray(with_vessels(scan, 1.0, seed=0).voxels) - hu,
            slices=shown_brain(scan),
        )

    def enhanced(self, more_hu: float) -> Case:
        """The case with contrast agent in its vessels."""
        return _with(self.case, self.case.scan.voxels + np.float32(more_hu) * self.vessels)


def shown_brain(scan: Scan) -> np.ndarray:
    """The slices that show brain."""
    brain = Cranium.of(scan, find_head(scan)).brain_cm2_of(np.arange(scan.n_slices))
    return np.flatnonzero(brain >= SHOWS_BRAIN * brain.max())


def drawn(slices: np.ndarray, subject: str) -> np.ndarray:
    """Every fourth of the slices, from one drawn for the subject."""
    return slices[np.random.default_rng(int(subject)).integers(EVERY) :: EVERY]


def alone(style: Style, case: Case, slices: np.ndarray) -> Iterator[Scan]:
    """Each of the slices as a picture by itself."""
    rng = np.random.default_rng(int(case.subject))
    return (picture(style, case, int(k), rng).scan for k in slices)


def together(style: Style, case: Case, slices: np.ndarray) -> Scan:
    """The slices as pictures in one folder."""
    made = list(alone(style, case, slices))
    voxels = np.concatenate([one.voxels for one in made])
    return replace(made[0], voxels=voxels, orientation=np.concatenate([one.orientation for one in made]))


def single_pictures(head: Head) -> Iterator[tuple[str, Iterator[Scan]]]:
    """The pictures of single slices, by name."""
    slices = drawn(head.slices, head.case.subject)
    for window_name, window in SHOWN.items():
        for name, style in SIZES.items():
            yield f"{window_name}, {name}", alone(replace(style, window=window), head.case, slices)
    for name, case, style in _further(head):
        yield name, alone(style, case, slices)
    for name, window in WRONG.items():
        yield f"{name}, 256 px, frame, JPEG", alone(replace(FRAMED, window=window), head.case, slices)
    below = np.arange(head.slices[0])
    if below.size:
        yield "40/120, below the brain", alone(SIZES["512 px, PNG"], head.case, below)


def folders(head: Head) -> Iterator[tuple[str, Scan]]:
    """The pictures of a scan in one folder, by name."""
    everything = np.arange(head.case.scan.n_slices)
    for window_name, window in SHOWN.items():
        for name in ("512 px, PNG", "256 px, frame, JPEG"):
            yield f"{window_name}, {name}", together(replace(SIZES[name], window=window), head.case, everything)
    bleeding = np.flatnonzero(head.case.positive)
    if bleeding.size:
        for window_name in ("40/120", "0 to 80 HU"):
            style = replace(SIZES["512 px, PNG"], window=SHOWN[window_name])
            yield f"{window_name}, only slices with hemorrhage", together(style, head.case, bleeding)
    for name, case, style in _further(head):
        yield name, together(style, case, everything)


def _further(head: Head) -> Iterator[tuple[str, Case, Style]]:
    """Further rows of both kinds: large hematomas, contrast agent, and what is wrong."""
    plain = SIZES["512 px, PNG"]
    for window_name in ("40/120", "0 to 80 HU"):
        yield f"{window_name}, hematoma", head.hematoma, replace(plain, window=SHOWN[window_name])
    yield "40/120, cropped to the head", _cropped(head.case), Style()
    for more in ENHANCED_HU:
        for window_name in ("40/120", "0 to 80 HU"):
            yield f"{window_name}, vessels + {more} HU", head.enhanced(more), replace(plain, window=SHOWN[window_name])
    for window_name, window in WRONG.items():
        yield window_name, head.case, replace(plain, window=window)
    yield "40/120, inverted", _changed(head.case, lambda hu: 80 - hu), plain
    yield "40/120, without the skull", _changed(head.case, lambda hu: np.where(hu > 120, -1000, hu)), plain


def _cropped(case: Case) -> Case:
    head = find_head(case.scan)
    rows, columns = slice(*head.rows), slice(*head.columns)
    assert case.delineation is not None
    scan = replace(case.scan, voxels=case.scan.voxels[:, rows, columns])
    return replace(case, scan=scan, delineation=case.delineation[:, rows, columns])


def _changed(case: Case, change: Callable[[np.ndarray], np.ndarray]) -> Case:
    return _with(case, change(np.asarray(case.scan.voxels)))


def _with(case: Case, hu: np.ndarray) -> Case:
    return replace(case, scan=replace(case.scan, voxels=np.asarray(hu, np.float32)))
