"""The simulated acquisitions, each a pure function of a case."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from ichor.dataset.case import Case
from ichor.windows import GrayWindow
from studies.robustness.acquisition.geometry import cut_off, flipped, nodded, thickness, tilted, turned, wide_field
from studies.robustness.acquisition.image import (
    ct_noise,
    gray_images,
    hu_offset,
    sharp_kernel,
    smooth_kernel,
    white_noise,
)


@dataclass(frozen=True, slots=True)
class Condition:
    """A simulated acquisition.

    Attributes:
        key: its name in files.
        title: its name in tables.
        change: returns the case as acquired under this condition.
    """

    key: str
    title: str
    change: Callable[[Case], Case]


def unchanged(case: Case) -> Case:
    """The case itself."""
    return case


CONDITIONS = (
    Condition("unchanged", "unchanged", unchanged),
    Condition("thickness-1", "slices of 1 mm", partial(thickness, 1.0)),
    Condition("thickness-2.5", "slices of 2.5 mm", partial(thickness, 2.5)),
    Condition("thickness-7", "slices of 7 mm", partial(thickness, 7.0)),
    Condition("thickness-10", "slices of 10 mm", partial(thickness, 10.0)),
    Condition("kernel-smooth", "smooth kernel", partial(smooth_kernel, 0.7)),
    Condition("kernel-sharp", "sharp kernel", partial(sharp_kernel, 0.7, 2.0)),
    Condition("noise-5", "CT noise, SD 5 HU", partial(ct_noise, 5.0)),
    Condition("noise-10", "CT noise, SD 10 HU", partial(ct_noise, 10.0)),
    Condition("noise-20", "CT noise, SD 20 HU", partial(ct_noise, 20.0)),
    Condition("white-noise-20", "white noise, SD 20 HU", partial(white_noise, 20.0)),
    Condition("hu-plus-5", "HU + 5", partial(hu_offset, 5.0)),
    Condition("hu-minus-5", "HU - 5", partial(hu_offset, -5.0)),
    Condition("brain-window", "images of 0 to 80 HU", partial(gray_images, GrayWindow(40, 80))),
    Condition("tilt-15", "gantry tilted by 15°", partial(tilted, 15.0)),
    Condition("nod-10", "head nodded by 10°", partial(nodded, 10.0)),
    Condition("turn-15", "head turned by 15°", partial(turned, 15.0)),
    Condition("turn-30", "head turned by 30°", partial(turned, 30.0)),
    Condition("flip", "left-right flip", flipped),
    Condition("wide-field", "pixels 1.25 times as large, head off-centre", partial(wide_field, 1.25, (15.0, 25.0))),
    Condition("cut-off", "10 mm of the head cut off", partial(cut_off, 10.0)),
)
