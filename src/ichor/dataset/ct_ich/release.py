"""Information about each release of ct-ich: authors, license, and the accuracy of its HU."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ichor.formats.hu_scale import WHOLE_HU, HuScale

TITLE = "Computed Tomography Images for Intracranial Hemorrhage Detection and Segmentation"
# As in the dataset's README.
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
# The codes in DICOM and BIDS for the sexes in the demographics.
SEX_LETTERS = {"male": "M", "female": "F"}
# The date of the dataset's README, by which all delineations had been drawn; the exact date is unknown.
DELINEATED = datetime(2018, 8, 13)
# The gray values of both windows are multiples of this above -900 HU, the lower end of the bone window: a gray value is
# 120 / 255 HU in the brain window, three of these steps, and 3200 / 255 HU in the bone window, eighty of them.
GRAY_STEPS = HuScale(slope=8 / 51, intercept=-900)


@dataclass(frozen=True, slots=True)
class Release:
    """One release.

    Attributes:
        version, year: of the release.
        doi: without the resolver.
        licence, licence_url: its name, and where it can be read.
        values: how the HU were obtained, in one or two sentences.
        sizes: what is known about pixel size and slice distance, in one or two sentences.
        anonymized_by: who removed identifying data, up to 64 characters.
        scale: the steps of its HU.
        lossy_method: DICOM's term for the lossy compression of its pixels; None for none.
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
        """The usual name."""
        return f"ct-ich {self.version}"

    @property
    def citation(self) -> str:
        """The citation requested by the dataset."""
        return f"Hssayeni M. ({self.year}). {TITLE} (version {self.version}). PhysioNet. https://doi.org/{self.doi}"


RELEASES = {
    "1.0.0": Release(
        version="1.0.0",
        year=2019,
        doi="10.13026/w8q8-ky94",
        licence="CC BY 4.0",
        licence_url="https://creativecommons.org/licenses/by/4.0/",
        values=(
            "HU were combined from 8-bit JPEG images in a brain window (level 40, width 120) and a bone window "
            "(700, 3200): in steps of 0.47 HU from -20 to 100, and of 12.5 HU outside this range up to 2300, with "
            "additional errors from the compression."
        ),
        sizes=(
            "Pixel size 0.33 mm and slice distance 5 mm are nominal and unverified: lengths may be short and volumes "
            "20 to 40 % low. The origin is the first pixel of the lowest slice, not a position in the scanner."
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
        sizes="Pixel sizes and positions are those of the release's NIfTI files.",
        anonymized_by="Identity removed, faces blurred: publishers of ct-ich 1.3.1",
        scale=WHOLE_HU,
        lossy_method=None,
    ),
}


def readme(release: Release, layout: str) -> str:
    """The text that accompanies an export: attribution, license, changes, and caveats."""
    return f"""# {release.name} {layout}

{release.citation}

{PAPER}

License: {release.licence}, {release.licence_url}. See LICENSE. The license applies to this export as to the dataset.
The dataset's authors do not endorse the program that wrote it.

## What was changed

The layout: Ichor converted the dataset's images, delineations and tables to another format, without the subjects' free
notes. {release.values} Delineations were converted to binary masks.

## Caveats

- {release.sizes}
- Two radiologists delineated the hemorrhage together; one outline includes all subtypes of a slice.
- Subject 070 has a chronic, hypodense hemorrhage that the paper excludes from Dice and Jaccard.
- Subject 058 is described as "Normal CT" but has labels and delineations of hemorrhage.
- These are scans of real people, children among them. Never try to identify anyone.
- For research use only; not a medical device.
"""
