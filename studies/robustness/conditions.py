"""The simulated acquisitions, each a pure function of a case, and the styles of pictures of single slices."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from ichor.dataset.case import Case
from ichor.simulate.dose import low_dose, thin_slices
from ichor.simulate.geometry import cut_off, flipped, nodded, thickness, tilted, turned, wide_field
from ichor.simulate.hardening import bright_rim, petrous_bands
from ichor.simulate.holder import head_holder
from ichor.simulate.image import ct_noise, gray_images, hu_offset, sharp_kernel, smooth_kernel, white_noise
from ichor.simulate.kernel import kernel
from ichor.simulate.lesions.dark_brain import ischemia, swelling
from ichor.simulate.lesions.frame import HeadFrame
from ichor.simulate.lesions.mimics import MIMICS
from ichor.simulate.lesions.paint import Grown
from ichor.simulate.metal import metal_streaks
from ichor.simulate.motion import moved
from ichor.simulate.partial_volume import partial_volume
from ichor.simulate.pictures import Style
from ichor.simulate.truncation import truncated
from ichor.windows import BRAIN, GrayWindow

_MIMICS = {
    "pineal": "calcified pineal gland",
    "choroid-plexus": "calcified choroid plexus",
    "basal-ganglia": "calcified basal ganglia",
    "falx": "calcified falx",
    "sinuses": "dense sinuses",
    "arteries": "dense arteries",
    "contrast": "contrast agent",
}
WINDOW_80, WINDOW_255 = GrayWindow(40, 80), GrayWindow(127.5, 255)


@dataclass(frozen=True, slots=True)
class Condition:
    """A simulated acquisition.

    Attributes:
        key: its name in files.
        title: its name in tables.
        change: returns the case as acquired under this condition.
        picture: if each slice is then predicted alone, as a picture: how it is made.
    """

    key: str
    title: str
    change: Callable[[Case], Case]
    picture: Style | None = None


def unchanged(case: Case) -> Case:
    """The case itself."""
    return case


def seeded(change: Callable[..., Case], *of: float) -> Callable[[Case], Case]:
    """A change with randomness, which is the same for a subject in every call."""
    return lambda case: change(*of, case, seed=int(case.subject))


def filling(case: Case) -> Case:
    """Fillings in the lowest fifth of the slices, in front."""
    return metal_streaks(range(max(1, case.scan.n_slices // 5)), (-60.0, 15.0), 4.0, case, int(case.subject))


def clip(case: Case) -> Case:
    """A clip or electrode on the two middle slices, in the left hemisphere."""
    middle = case.scan.n_slices // 2
    return metal_streaks(range(middle - 1, middle + 1), (-10.0, 25.0), 1.5, case, int(case.subject))


def restless(case: Case) -> Case:
    """Motion on every slice."""
    return moved(2.0, 1.0, range(case.scan.n_slices), case, int(case.subject))


def grown(grow: Callable[[Case, HeadFrame, np.random.Generator], Grown]) -> Callable[[Case], Case]:
    """Something grown into the head, the same for a subject in every call; nothing where too little is shown."""

    def change(case: Case) -> Case:
        head = HeadFrame.of(case)
        return case if head is None else grow(case, head, np.random.default_rng(int(case.subject))).case

    return change


def alone(key: str, title: str, style: Style) -> Condition:
    """Each slice as a picture by itself."""
    return Condition(f"picture-{key}", f"single pictures, {title}", unchanged, style)


CONDITIONS = (
    Condition("unchanged", "unchanged", unchanged),
    Condition("thickness-1", "slices of 1 mm", partial(thickness, 1.0)),
    Condition("thickness-2.5", "slices of 2.5 mm", partial(thickness, 2.5)),
    Condition("thickness-7", "slices of 7 mm", partial(thickness, 7.0)),
    Condition("thickness-10", "slices of 10 mm", partial(thickness, 10.0)),
    Condition("kernel-smooth", "smooth kernel", partial(smooth_kernel, 0.7)),
    Condition("kernel-sharp", "sharp kernel", partial(sharp_kernel, 0.7, 2.0)),
    Condition("noise-5", "CT noise, SD 5 HU", seeded(ct_noise, 5.0)),
    Condition("noise-10", "CT noise, SD 10 HU", seeded(ct_noise, 10.0)),
    Condition("noise-20", "CT noise, SD 20 HU", seeded(ct_noise, 20.0)),
    Condition("white-noise-20", "white noise, SD 20 HU", seeded(white_noise, 20.0)),
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
    Condition("thin-1", "slices of 1 mm, with their noise", seeded(thin_slices, 1.0)),
    Condition("thin-2.5", "slices of 2.5 mm, with their noise", seeded(thin_slices, 2.5)),
    Condition("dose-10", "low dose, SD 10 HU, more behind bone", seeded(low_dose, 10.0)),
    Condition("kernel-frequencies", "kernel that doubles 0.35 per mm", partial(kernel, 1.0, 0.35, 0.9)),
    Condition("rim-20", "bright rim along the skull, up to 20 HU", partial(bright_rim, 20.0)),
    Condition("rim-40", "bright rim along the skull, up to 40 HU", partial(bright_rim, 40.0)),
    Condition("petrous-bands", "beam hardening by bone", partial(petrous_bands, 1.0)),
    Condition("overlap-10", "slices 10 mm thick, 5 mm apart", partial(partial_volume, 10.0)),
    Condition("metal-fillings", "metal: fillings", filling),
    Condition("metal-clip", "metal: a clip", clip),
    Condition("motion", "motion of 2° and 1 mm", restless),
    Condition("truncated", "measured in a circle of 80 mm radius", partial(truncated, 80.0)),
    Condition("head-holder", "head holder", partial(head_holder, 5.0, 2.5, 100.0)),
    *(Condition(f"mimic-{key}", f"mimic: {title}", grown(MIMICS[key])) for key, title in _MIMICS.items()),
    Condition("mimic-ischemia", "mimic: ischemia", grown(ischemia)),
    Condition("mimic-swelling", "mimic: swollen brain", grown(swelling)),
    alone("brain", "brain window", Style(BRAIN)),
    alone("80", "0 to 80 HU", Style(WINDOW_80)),
    alone("255", "0 to 255 HU", Style(WINDOW_255)),
    alone("brain-annotated", "brain window, frame and text, JPEG", Style(BRAIN, 512, True, 75)),
    alone("80-annotated", "0 to 80 HU, frame and text, JPEG", Style(WINDOW_80, 512, True, 75)),
    alone("brain-384", "brain window, 384 pixels", Style(BRAIN, 384)),
    alone("brain-256", "brain window, 256 pixels", Style(BRAIN, 256)),
    alone("brain-128", "brain window, 128 pixels", Style(BRAIN, 128)),
)
