"""Write the demonstration scan: the slices of one ct-ich subject above the orbits, as a DICOM series.

    python scripts/make_demo_scan.py CT_ICH OUT

The subject lies in the authors' first test fold and no model that ships was trained on it. Only slices above the
orbits are written: no facial structure is in view. All identifiers are made up; nothing in the dataset names anyone.
The same command writes the same bytes.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, RLELossless, generate_uid

from ichor import __version__
from ichor.dataset.ct_ich import DEMONSTRATION_SUBJECT
from ichor.read import open_scan

FIRST, LAST = 19, 31  # slice numbers of the dataset; the orbits end below 18, which each was looked at for

ATTRIBUTION = (
    "Derived from ct-ich 1.0.0, Hssayeni M. (2019), PhysioNet, doi:10.13026/w8q8-ky94, CC BY 4.0. Changes: slices "
    f"{FIRST} to {LAST} of subject {DEMONSTRATION_SUBJECT}; HU from the brain-window and bone-window JPG."
)


def main() -> None:
    """Write the series."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ct_ich", type=Path)
    parser.add_argument("out", type=Path)
    arguments = parser.parse_args()
    scan = open_scan(arguments.ct_ich / "Patients_CT" / DEMONSTRATION_SUBJECT)
    hu = np.round(scan.hu[FIRST - 1 : LAST]).astype(np.int16)
    arguments.out.mkdir(parents=True, exist_ok=True)
    for index, pixels in enumerate(hu):
        image = _image(pixels, index)
        image.compress(RLELossless, generate_instance_uid=False)
        image.save_as(arguments.out / f"{index + 1:02d}.dcm", enforce_file_format=True)
        print(f"{arguments.out / f'{index + 1:02d}.dcm'}: slice {FIRST + index}")


def _uid(*words: str) -> str:
    return generate_uid(entropy_srcs=["ichor demonstration scan", *words])


def _image(pixels: np.ndarray, index: int) -> Dataset:
    """A CT Image (DICOM PS3.3 A.3) of (rows, columns) int16 HU."""
    image = Dataset()
    image.file_meta = FileMetaDataset()
    image.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    image.file_meta.MediaStorageSOPClassUID = image.SOPClassUID = CTImageStorage
    image.file_meta.MediaStorageSOPInstanceUID = image.SOPInstanceUID = _uid("instance", str(index))
    image.file_meta.ImplementationVersionName = f"ICHOR_{__version__}"
    image.SpecificCharacterSet = "ISO_IR 192"
    image.StudyInstanceUID = _uid("study")
    image.SeriesInstanceUID = _uid("series")
    image.FrameOfReferenceUID = _uid("frame of reference")
    image.PatientName, image.PatientID = "Demonstration^Ichor", "ICHOR-DEMO"
    image.PatientBirthDate = image.PatientSex = ""
    image.PatientIdentityRemoved = "YES"
    image.DeidentificationMethod = "made-up identifiers"
    image.StudyID, image.AccessionNumber, image.ReferringPhysicianName = "1", "", ""
    image.StudyDate = image.StudyTime = ""
    image.Modality, image.Manufacturer = "CT", ""
    image.SeriesNumber, image.AcquisitionNumber, image.InstanceNumber = 1, 1, index + 1
    image.SeriesDescription = "Head, 5 mm, above the orbits"
    image.BodyPartExamined, image.PatientPosition, image.PositionReferenceIndicator = "HEAD", "HFS", ""
    image.Laterality = ""
    image.ImageType = ["DERIVED", "PRIMARY", "AXIAL"]
    image.DerivationDescription = "HU from 8-bit brain-window and bone-window JPG"
    image.ImageComments = ATTRIBUTION
    image.LossyImageCompression, image.LossyImageCompressionMethod = "01", "ISO_10918_1"
    image.BurnedInAnnotation = "NO"
    image.KVP = "100"
    image.SliceThickness = "5"
    image.PixelSpacing = ["0.33", "0.33"]
    image.PixelSpacingCalibrationType = "GEOMETRY"
    image.PixelSpacingCalibrationDescription = "nominal, unverified: lengths may be short, volumes 20-40 % low"
    image.ImageOrientationPatient = ["1", "0", "0", "0", "1", "0"]
    image.ImagePositionPatient = ["-107", "-107", str(5 * index)]
    image.SliceLocation = str(5 * index)
    image.WindowCenter, image.WindowWidth = "40", "120"
    image.SamplesPerPixel, image.PhotometricInterpretation = 1, "MONOCHROME2"
    image.Rows, image.Columns = pixels.shape
    image.BitsAllocated = image.BitsStored = 16
    image.HighBit, image.PixelRepresentation = 15, 1
    image.RescaleIntercept, image.RescaleSlope, image.RescaleType = "0", "1", "HU"
    image.PixelData = pixels.tobytes()
    return image


if __name__ == "__main__":
    main()
