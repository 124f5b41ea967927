"""A DICOM CT Image with made-up identifiers, for the demonstration scan and the benchmark."""

from __future__ import annotations

import numpy as np
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid


def ct_image(pixels: np.ndarray, index: int, *, name: str, pixel_mm: float, spacing_mm: float) -> Dataset:
    """Slice `index` (from 0 at the lowest) of an axial series as a CT Image (DICOM PS3.3 A.3).

    `pixels` is (rows, columns) int16 HU. All slices with the same `name` are in the same series.
    """

    def uid(*words: str) -> str:
        return generate_uid(entropy_srcs=[name, *words])

    image = Dataset()
    image.file_meta = FileMetaDataset()
    image.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    image.file_meta.MediaStorageSOPClassUID = image.SOPClassUID = CTImageStorage
    image.file_meta.MediaStorageSOPInstanceUID = image.SOPInstanceUID = uid("instance", str(index))
    image.SpecificCharacterSet = "ISO_IR 192"
    image.StudyInstanceUID, image.SeriesInstanceUID = uid("study"), uid("series")
    image.FrameOfReferenceUID = uid("frame of reference")
    image.PatientName, image.PatientID, image.PatientIdentityRemoved = "Made^Up", "MADE-UP", "YES"
    image.PatientBirthDate = image.PatientSex = image.StudyDate = image.StudyTime = ""
    image.DeidentificationMethod = "no patient"
    image.StudyID, image.AccessionNumber, image.ReferringPhysicianName = "1", "", ""
    image.Modality, image.Manufacturer, image.KVP = "CT", "", ""
    image.SeriesNumber, image.AcquisitionNumber, image.InstanceNumber = 1, 1, index + 1
    image.BodyPartExamined, image.PatientPosition, image.PositionReferenceIndicator = "HEAD", "HFS", ""
    image.Laterality = ""
    image.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    image.BurnedInAnnotation = "NO"
    image.SliceThickness = str(spacing_mm)
    image.PixelSpacing = [str(pixel_mm)] * 2
    image.ImageOrientationPatient = ["1", "0", "0", "0", "1", "0"]
    corner = [-round(n / 2 * pixel_mm, 2) for n in reversed(pixels.shape)]
    image.ImagePositionPatient = [*map(str, corner), str(spacing_mm * index)]
    image.SliceLocation = str(spacing_mm * index)
    image.WindowCenter, image.WindowWidth = "40", "120"
    image.SamplesPerPixel, image.PhotometricInterpretation = 1, "MONOCHROME2"
    image.Rows, image.Columns = pixels.shape
    image.BitsAllocated = image.BitsStored = 16
    image.HighBit, image.PixelRepresentation = 15, 1
    image.RescaleIntercept, image.RescaleSlope, image.RescaleType = "0", "1", "HU"
    image.PixelData = np.ascontiguousarray(pixels, "<i2").tobytes()
    return image
