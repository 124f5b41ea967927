"""Compact findings for each lesion on each slice of all subjects, from which pictures are chosen."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ichor.pages.pictures.views import Views

Mask = NDArray[np.bool_]

# The delineations are JPEG images, whose compression leaves specks of a few pixels; the smallest true lesion of ct-ich
# has 142.
_SPECK_PX = 20
_CONNECTED = np.ones((3, 3), bool)  # pixels of one component share an edge or a corner


class Kind(Enum):
    """The kind of a finding."""

    DELINEATED = "all delineated pixels of a slice"
    MISSED = "the largest component of a slice's delineation without a predicted pixel"
    FALSE_POSITIVE = "the largest component of a slice's mask without a delineated pixel"


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding on one slice.

    Attributes:
        kind: its kind.
        subject: the subject's name in the dataset.
        index: the slice, from 0.
        pixel: (row, column) of one of its pixels, in the radiological convention.
        area_px: the number of its pixels.
        dice: of the whole slice.
        cranial: whether the slice is above the orbits, so that it may be shown whole.
        crop: whether a crop around it may be shown.
    """

    kind: Kind
    subject: str
    index: int
    pixel: tuple[int, int]
    area_px: int
    dice: float
    cranial: bool
    crop: bool


def findings_of(views: Views) -> list[Finding]:
    """The findings on each slice of a case: for each kind, no more than one, the largest component."""
    found = []
    for index in map(int, np.flatnonzero((views.reference | views.predicted).any(axis=(1, 2)))):
        reference, predicted = views.reference[index], views.predicted[index]
        dice = float(2 * np.sum(reference & predicted) / (reference.sum() + predicted.sum()))
        for kind, marked in (
            (Kind.DELINEATED, reference),
            (Kind.MISSED, _largest_apart(reference, predicted)),
            (Kind.FALSE_POSITIVE, _largest_apart(predicted, reference)),
        ):
            if marked.any():
                found.append(_finding(kind, index, marked, dice, views))
    return found


def marked_by(finding: Finding, views: Views) -> Mask:
    """(rows, columns) the pixels of a finding of the same case."""
    of = views.predicted if finding.kind is Kind.FALSE_POSITIVE else views.reference
    mask = of[finding.index]
    if finding.kind is Kind.DELINEATED:
        return np.asarray(mask)
    labels, _ = ndimage.label(mask, _CONNECTED)
    return np.asarray(labels == labels[finding.pixel])


def _finding(kind: Kind, index: int, marked: Mask, dice: float, views: Views) -> Finding:
    row, column = np.unravel_index(np.argmax(marked), marked.shape)
    return Finding(
        kind=kind,
        subject=views.subject,
        index=index,
        pixel=(int(row), int(column)),
        area_px=int(marked.sum()),
        dice=dice,
        cranial=bool(views.cranial[index]),
        crop=views.may_crop(index, marked),
    )


def _largest_apart(mask: Mask, other: Mask) -> Mask:
    """The largest component of `mask` without a pixel of `other`; empty if there are none but specks."""
    labels, _ = ndimage.label(mask, _CONNECTED)
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    sizes[np.unique(labels[other])] = 0
    return np.asarray((labels == sizes.argmax()) & (sizes.max() > _SPECK_PX))
