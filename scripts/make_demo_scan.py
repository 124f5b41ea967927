"""Write the demonstration scan: the slices of one ct-ich subject above the orbits, as a DICOM series.

    python scripts/make_demo_scan.py CT_ICH OUT

The subject is in the authors' first test fold, and no shipped model was trained on it. Only slices above the orbits
are written, which show no facial structure. All identifiers are made up; the dataset has none. The output is
deterministic.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from pydicom import Dataset
from pydicom.uid import RLELossless

from ct_image import ct_image
from ichor.dataset.ct_ich import DEMONSTRATION_SUBJECT
from ichor.read import open_scan

FIRST, LAST = 19, 31  # slice numbers in the dataset; by visual inspection, the orbits end below slice 18

ATTRIBUTION = (
    "Derived from ct-ich 1.0.0, Hssayeni M. (2019), PhysioNet, doi:10.13026/w8q8-ky94, CC BY 4.0. Changes: slices "
    f"{FIRST} to {LAST} of subject {DEMONSTRATION_SUBJECT}; HU from the brain-window and bone-window JPG."
)


def main() -> None:
    """Write the series."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ct_ich", type=Path)
    parser.add_argument("out", type=Path)
    args = parser.parse_args()
    scan = open_scan(args.ct_ich / "Patients_CT" / DEMONSTRATION_SUBJECT)
    hu = np.round(scan.hu[FIRST - 1 : LAST]).astype(np.int16)
    args.out.mkdir(parents=True, exist_ok=True)
    for index, pixels in enumerate(hu):
        image = _image(pixels, index)
        image.compress(RLELossless, generate_instance_uid=False)
        image.save_as(args.out / f"{index + 1:02d}.dcm", enforce_file_format=True)
        print(f"{args.out / f'{index + 1:02d}.dcm'}: slice {FIRST + index}")


def _image(pixels: np.ndarray, index: int) -> Dataset:
    """One slice, with the attributes that are specific to this series."""
    image = ct_image(pixels, index, name="ichor demonstration scan", pixel_mm=0.33, spacing_mm=5)
    image.PatientName, image.PatientID = "Demonstration^Ichor", "ICHOR-DEMO"
    image.DeidentificationMethod = "made-up identifiers"
    image.SeriesDescription = "Head, 5 mm, above the orbits"
    image.ImageType = ["DERIVED", "PRIMARY", "AXIAL"]
    image.DerivationDescription = "HU from 8-bit brain-window and bone-window JPG"
    image.ImageComments = ATTRIBUTION
    image.LossyImageCompression, image.LossyImageCompressionMethod = "01", "ISO_10918_1"
    image.KVP = "100"
    image.PixelSpacingCalibrationType = "GEOMETRY"
    image.PixelSpacingCalibrationDescription = "nominal, unverified: lengths may be short, volumes 20-40 % low"
    return image


if __name__ == "__main__":
    main()
