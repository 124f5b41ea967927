"""What each release of ct-ich says of itself: who made it, under which licence, what its HU are worth."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ichor.formats.hu_scale import WHOLE_HU, HuScale

TITLE = "Computed Tomography Images for Intracranial Hemorrhage Detection and Segmentation"
# As the dataset's README has them.
AUTHORS = (
    "Murtadha D. Hssayeni",
    "Muayad S. Croock",
    "Aymen Al-Ani",
    "Hassan Falah Al-khafaji",
    "Zakaria A. Yahya",
)
PAPER = (
    "Hssayeni M. D., Croock M. S., Al-Ani A., Al-khafaji H. F., Yahya Z. A., Ghoraani B. (2019). Intracranial "
    "Hemorrhage Segmentation Using Deep Convolutional Model. https://arxiv.org/abs/1910.08643"
)
SCANNER = ("Siemens", "SOMATOM Definition AS")  # paper, section 3
# What DICOM and BIDS write for the sexes of the demographics.
SEX_LETTERS = {"male": "M", "female": "F"}
# The day of the dataset's own README: by then the radiologists had drawn all delineations; no closer date is known.
DELINEATED = datetime(2018, 8, 13)
# The gray of both windows lies on multiples of this above -900 HU, the bone window's end: a gray is 120 / 255 HU in the
# brain window, three of these steps, and 3200 / 255 HU in the bone window, eighty of them.
GRAY_STEPS = HuScale(slope=8 / 51, intercept=-900)


@dataclass(frozen=True, slots=True)
class Release:
    """One release.

    Attributes:
        version, year: of the release.
        doi: without the resolver.
        licence, licence_url: its name, and where it can be read.
        values: how the HU came about, in one or two sentences.
        sizes: what is known of pixel size and slice distance, in a sentence or two.
        anonymized_by: who removed what identifies the subjects, up to 64 characters.
        scale: the steps that its HU come in.
        lossy_method: DICOM's term for the lossy compression its pixels went through; None for none.
    """

    version: str
    year: int
    doi: str
    licence: str
    licence_url: str
    values: str
    sizes: str
    anonymized_by: str
    scale: HuScale
    lossy_method: str | None

    @property
    def name(self) -> str:
        """As people call it."""
        return f"ct-ich {self.version}"

    @property
    def citation(self) -> str:
        """How the dataset asks to be cited."""
        return f"Hssayeni M. ({self.year}). {TITLE} (version {self.version}). PhysioNet. https://doi.org/{self.doi}"


RELEASES = {
    "1.0.0": Release(
        version="1.0.0",
        year=2019,
        doi="10.13026/w8q8-ky94",
        licence="CC BY 4.0",
        licence_url="https://creativecommons.org/licenses/by/4.0/",
        values=(
            "HU were put together from 8-bit JPEG images in a brain window (level 40, width 120) and a bone window "
            "(700, 3200): in steps of 0.47 HU from -20 to 100, of 12.5 HU beyond and up to 2300, all the less sure for "
            "the compression."
        ),
        sizes=(
            "Pixel size 0.33 mm and slice distance 5 mm are nominal and unverified: lengths may be short and volumes "
            "20 to 40 % low. The origin is the first pixel of the lowest slice, not a place in the scanner."
        ),
        anonymized_by="Identity removed by the publishers of ct-ich 1.0.0",
        scale=GRAY_STEPS,
        lossy_method="ISO_10918_1",
    ),
    "1.3.1": Release(
        version="1.3.1",
        year=2020,
        doi="10.13026/4nae-zg36",
        licence="PhysioNet Restricted Health Data License",
        licence_url="https://physionet.org/content/ct-ich/1.3.1/",
        values="HU are those of the release's NIfTI files.",
        sizes="Pixel sizes and places are those of the release's NIfTI files.",
        anonymized_by="Identity removed, faces blurred: publishers of ct-ich 1.3.1",
        scale=WHOLE_HU,
        lossy_method=None,
    ),
}


def readme(release: Release, layout: str) -> str:
    """The text that goes with an export: attribution, licence, changes, and what to beware of."""
    return f"""# {release.name} {layout}

{release.citation}

{PAPER}

Licence: {release.licence}, {release.licence_url}. See LICENSE. Who uses this export is bound by it as by the dataset.
The dataset's authors do not endorse the program that wrote it.

## What was changed

The layout: Ichor wrote the dataset's images, delineations and tables in another form, and left out the subjects' free
notes. {release.values} A pixel of a delineation is hemorrhage or it is not.

## What to know

- {release.sizes}
- Two radiologists delineated the hemorrhage together; one outline stands for all subtypes of a slice.
- Subject 070 is a chronic, hypodense hemorrhage that the paper leaves out of Dice and Jaccard.
- Subject 058 is described as "Normal CT" and yet labelled and delineated.
- These are scans of real people, children among them. Never try to identify anyone.
- For research use only; not a medical device.
"""
