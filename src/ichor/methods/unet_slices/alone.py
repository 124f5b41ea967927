"""Slices as pictures by themselves, on which the parameters for scans of a single slice are calibrated."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ichor.dataset.case import Case
from ichor.simulate.pictures import Style, picture
from ichor.windows import BRAIN, GrayWindow

# As people share them: in the brain window and in a narrower one, with and without a viewer's text.
_STYLES = (
    Style(BRAIN),
    Style(GrayWindow(40, 80), 512, jpeg_quality=85),
    Style(BRAIN, 512, annotated=True, jpeg_quality=75),
    Style(GrayWindow(35, 80), 384, annotated=True),
)


def slices_alone(case: Case) -> Iterator[Case]:
    """Each slice of a case as a picture of unknown size and window; the same for a subject in every call."""
    rng = np.random.default_rng([*case.subject.encode()])
    first = int(rng.integers(len(_STYLES)))
    for k in range(case.scan.n_slices):
        yield picture(_STYLES[(first + k) % len(_STYLES)], case, k, rng)
