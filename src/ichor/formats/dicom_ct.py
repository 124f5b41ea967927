"""A scan as a DICOM series of CT images, one per slice (CT Image IOD, PS3.3 A.3).

For scans from other formats than DICOM, to pass them to DICOM-only software. Unknown elements are empty if the standard
allows it (type 2) and omitted if they are optional; dates are never invented.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ichor.errors import IchorError
from ichor.formats.hu_scale import WHOLE_HU, HuScale
from ichor.formats.uid import named_uid
from ichor.scan import Scan
from ichor.version import __version__

CT_IMAGE = "1.2.840.10008.5.1.4.1.1.2"
EXPLICIT_LITTLE_ENDIAN = "1.2.840.10008.1.2.1"
# Level and width in HU of the default window and of an alternative.
WINDOWS = {"BRAIN": (40, 120), "BONE": (700, 3200)}
# Ages are in months below two years, and in days below one month (PS3.5 6.2, AS).
MONTHS_BELOW_YEARS = 2
DAYS_IN_A_YEAR = 365.25


@dataclass(frozen=True, slots=True)
class CtFacts:
    """Attributes of a series apart from its geometry and pixels.

    Attributes:
        names: that the UIDs are derived from; the same names give the same UIDs.
        patient_id, patient_name: which must not identify anyone; the name with a caret after the family name.
        sex: M, F, O, or empty if unknown.
        age_years: None if unknown.
        description: of the series, up to 64 characters.
        derivation: how the pixels were made and how far their values and sizes can be trusted.
        anonymized_by: who removed identifying data, and how, up to 64 characters.
        scanner: manufacturer and model; empty if unknown.
        lossy_method: the lossy compression that was once applied, a term of PS3.3 C.7.6.1.1.5.2; None if none was.
    """

    names: tuple[str, ...]
    patient_id: str
    patient_name: str
    sex: str
    age_years: float | None
    description: str
    derivation: str
    anonymized_by: str
    scanner: tuple[str, str] = ("", "")
    lossy_method: str | None = None


def ct_images(scan: Scan, facts: CtFacts, scale: HuScale = WHOLE_HU) -> list[Any]:
    """A pydicom dataset for each slice of the scan, in order, valid as CT images.

    HU are rounded to the nearest step of `scale`. Raises IchorError if the scan's geometry is unknown, since DICOM
    requires it, and ValueError for HU beyond the range of 16 bits.
    """
    if scan.pixel_mm is None or scan.positions_mm is None:
        raise IchorError(
            f"{scan.source.path}: expected a scan with known pixel size and slice positions, found one without; "
            "DICOM images need both"
        )
    stored = scale.stored(scan.hu)
    images = []
    for k in range(scan.n_slices):
        image = _of_patient_and_study(facts)
        _add_series(image, facts, k)
        _add_plane(image, scan, k)
        image.RescaleSlope, image.RescaleIntercept, image.RescaleType = ds_of(scale.slope), ds_of(scale.intercept), "HU"
        image.Rows, image.Columns = stored.shape[1:]
        image.PixelData = stored[k].astype("<i2").tobytes()
        image["PixelData"].VR = "OW"
        images.append(image)
    return images


def write_images(images: Sequence[Any], folder: Path) -> None:
    """Write images of one series as 0001.dcm and so on into a new folder."""
    folder.mkdir(parents=True)
    for k, image in enumerate(images, 1):
        image.save_as(folder / f"{k:04d}.dcm", enforce_file_format=True)


def _of_patient_and_study(facts: CtFacts) -> Any:
    """An image with the patient and study attributes that all images of the scan share."""
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import UID

    image: Any = Dataset()
    image.file_meta = FileMetaDataset()
    image.file_meta.TransferSyntaxUID = UID(EXPLICIT_LITTLE_ENDIAN)
    image.SpecificCharacterSet = "ISO_IR 192"
    image.PatientID, image.PatientName = facts.patient_id, facts.patient_name
    image.PatientBirthDate = ""
    image.PatientSex = facts.sex
    if facts.age_years is not None:
        image.PatientAge = age_string(facts.age_years)
    image.PatientIdentityRemoved = "YES"
    image.DeidentificationMethod = facts.anonymized_by
    image.LongitudinalTemporalInformationModified = "REMOVED"
    image.StudyInstanceUID = named_uid(*facts.names, "study")
    for unknown in ("StudyDate", "StudyTime", "ReferringPhysicianName", "StudyID", "AccessionNumber"):
        setattr(image, unknown, "")
    return image


def _add_series(image: Any, facts: CtFacts, k: int) -> None:
    """The attributes that all slices of the series share, and those of this slice."""
    image.SOPClassUID = CT_IMAGE
    image.SOPInstanceUID = named_uid(*facts.names, "ct", str(k))
    image.Modality = "CT"
    image.SeriesInstanceUID = named_uid(*facts.names, "ct")
    image.SeriesNumber = 1
    image.SeriesDescription = facts.description
    image.BodyPartExamined = "HEAD"
    image.PatientPosition = ""
    image.FrameOfReferenceUID = named_uid(*facts.names, "frame of reference")
    image.PositionReferenceIndicator = ""
    image.Manufacturer, image.ManufacturerModelName = facts.scanner
    image.ContributingEquipmentSequence = [_this_program()]
    image.ImageType = ["DERIVED", "SECONDARY", "AXIAL"]
    image.DerivationDescription = facts.derivation
    image.InstanceNumber = k + 1
    image.AcquisitionNumber = image.KVP = None
    image.BurnedInAnnotation = "NO"
    image.LossyImageCompression = "00" if facts.lossy_method is None else "01"
    if facts.lossy_method is not None:
        image.LossyImageCompressionMethod = facts.lossy_method
    image.SamplesPerPixel, image.PhotometricInterpretation = 1, "MONOCHROME2"
    image.BitsAllocated, image.BitsStored, image.HighBit = 16, 16, 15
    image.PixelRepresentation = 1
    image.WindowCenter = [level for level, _ in WINDOWS.values()]
    image.WindowWidth = [width for _, width in WINDOWS.values()]
    image.WindowCenterWidthExplanation = list(WINDOWS)


def _add_plane(image: Any, scan: Scan, k: int) -> None:
    """The position of the slice (PS3.3 C.7.6.2)."""
    assert scan.pixel_mm is not None and scan.positions_mm is not None
    image.PixelSpacing = [ds_of(mm) for mm in scan.pixel_mm[k]]
    image.ImageOrientationPatient = [ds_of(one) for one in scan.orientation[k].ravel()]
    image.ImagePositionPatient = [ds_of(mm) for mm in scan.positions_mm[k]]
    image.SliceThickness = None if scan.thickness_mm is None else ds_of(scan.thickness_mm[k])


def _this_program() -> Any:
    """Ichor as contributing equipment (PS3.3 C.12.1.1.5)."""
    from pydicom.dataset import Dataset

    purpose: Any = Dataset()
    purpose.CodeValue, purpose.CodingSchemeDesignator = "109102", "DCM"
    purpose.CodeMeaning = "Processing Equipment"
    program: Any = Dataset()
    program.PurposeOfReferenceCodeSequence = [purpose]
    program.Manufacturer, program.SoftwareVersions = "Ichor", __version__
    program.ContributionDescription = "Converted the images from another format to DICOM"
    return program


def ds_of(number: float | np.floating[Any]) -> Any:
    """A number in the 16 characters of DICOM's DS."""
    from pydicom.valuerep import DSfloat

    return DSfloat(float(number) + 0.0, auto_format=True)  # no -0


def age_string(years: float) -> str:
    """An age in DICOM's notation: 035Y; in months for small children, in days for newborns."""
    if years >= MONTHS_BELOW_YEARS:
        return f"{int(years):03d}Y"
    months = int(years * 12)
    return f"{months:03d}M" if months else f"{round(years * DAYS_IN_A_YEAR):03d}D"
