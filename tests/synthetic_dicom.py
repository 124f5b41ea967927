"""Small DICOM series made by code, each slice with its own pixels, in folders whose file names mislead."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

from phantom import head

CT_IMAGE = "1.2.840.10008.5.1.4.1.1.2"
ENHANCED_CT = "1.2.840.10008.5.1.4.1.1.2.1"
LEGACY_ENHANCED_CT = "1.2.840.10008.5.1.4.1.1.2.2"
AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
# What must never be shown anywhere.
PATIENT = {
    "PatientName": "Doe^Secret",
    "PatientID": "SECRET-4711",
    "PatientBirthDate": "19510203",
    "StudyDate": "20240229",
}

Change = Callable[[FileDataset, int], None]

STUDY = generate_uid()  # all that is made belongs to one study, unless a test says otherwise


def hu_of_head(n: int = 8, rows: int = 40, columns: int = 36) -> NDArray[np.int16]:
    """(n, rows, columns) HU, no slice and no row like another."""
    return head(n, rows, columns)


def ct_slices(
    hu: NDArray[np.int16] | None = None,
    *,
    spacing: float = 5.0,
    places: Sequence[float] | None = None,
    orientation: Sequence[float] = AXIAL,
    along: Sequence[float] = (0.0, 0.0, 1.0),
    thickness: float = 5.0,
    intercept: int = -1024,
    series_uid: str | None = None,
    study_uid: str | None = None,
    change: Change | None = None,
) -> list[FileDataset]:
    """CT images of `hu`, slice k lying `places[k]` mm along `along`; `change(dataset, k)` then alters each.

    12 bits stored, unsigned; instance numbers run against the anatomical order.
    """
    hu = hu_of_head() if hu is None else hu
    series_uid = series_uid or generate_uid()
    study_uid = study_uid or STUDY
    places = [spacing * k for k in range(len(hu))] if places is None else places
    slices = []
    for k, (pixels, place) in enumerate(zip(hu, places, strict=True)):
        one = _empty(CT_IMAGE)
        one.Modality = "CT"
        one.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
        one.SeriesInstanceUID, one.StudyInstanceUID = series_uid, study_uid
        one.InstanceNumber = len(hu) - k
        one.AcquisitionNumber = 1
        one.ImageOrientationPatient = list(orientation)
        one.ImagePositionPatient = [round(float(c), 6) for c in np.array([-60, -70, 10]) + place * np.array(along)]
        one.PixelSpacing = [0.5, 0.5]
        one.SliceThickness = thickness
        one.RescaleIntercept, one.RescaleSlope = intercept, 1
        store(one, pixels.astype(np.int64) - intercept)
        if change is not None:
            change(one, k)
        slices.append(one)
    return slices


def store(
    one: Dataset,
    values: NDArray[Any],
    *,
    bits: int = 12,
    allocated: int = 16,
    high_bit: int | None = None,
    signed: bool = False,
    unused_bits: int = 0,
) -> None:
    """Write stored values into the pixel data, in so many bits; `unused_bits` are set in each container."""
    high_bit = bits - 1 if high_bit is None else high_bit
    one.Rows, one.Columns = values.shape[-2:]
    one.SamplesPerPixel, one.PhotometricInterpretation = 1, "MONOCHROME2"
    one.BitsAllocated, one.BitsStored, one.HighBit = allocated, bits, high_bit
    one.PixelRepresentation = int(signed)
    containers = ((values.astype(np.int64) & ((1 << bits) - 1)) << (high_bit + 1 - bits)) | unused_bits
    if signed and not unused_bits and high_bit == bits - 1:
        containers = values.astype(np.int64) & ((1 << allocated) - 1)  # sign goes up to the container's top
    one.PixelData = containers.astype(f"<u{allocated // 8}").tobytes()
    one["PixelData"].VR = "OW"


def save(slices: Sequence[FileDataset], folder: Path, *, names: Sequence[str] | None = None) -> Path:
    """Write the slices under names whose order says nothing of theirs; returns the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    shuffled = np.random.default_rng(7).permutation(len(slices))
    start = len(list(folder.iterdir()))
    for k, one in enumerate(slices):
        name = f"I{start + shuffled[k]:04d}" if names is None else names[k]
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        one.save_as(target, enforce_file_format=True)
    return folder


def synthetic_series(folder: Path, hu: NDArray[np.int16] | None = None, **options: Any) -> Path:
    """A series of `ct_slices`, saved."""
    return save(ct_slices(hu, **options), folder)


def enhanced_ct(hu: NDArray[np.int16], *, spacing: float = 5.0, sop_class: str = ENHANCED_CT) -> FileDataset:
    """One multi-frame image of `hu`, its frames from the vertex down, facts split over the groups."""
    one = _empty(sop_class)
    one.Modality = "CT"
    one.ImageType = ["ORIGINAL", "PRIMARY", "VOLUME", "NONE"]
    one.SeriesInstanceUID = generate_uid()
    one.InstanceNumber = 1
    one.NumberOfFrames = len(hu)
    shared = Dataset()
    shared.PixelMeasuresSequence = [_item(PixelSpacing=[0.5, 0.5], SliceThickness=spacing)]
    shared.PlaneOrientationSequence = [_item(ImageOrientationPatient=list(AXIAL))]
    shared.CTImageFrameTypeSequence = [_item(FrameType=["ORIGINAL", "PRIMARY", "AXIAL", "NONE"])]
    shared.CTReconstructionSequence = [_item(ConvolutionKernel="H31s")]
    one.SharedFunctionalGroupsSequence = [shared]
    frames = []
    stored = []
    for k in reversed(range(len(hu))):
        intercept = -1024 - k  # each frame may have its own
        frame = Dataset()
        frame.FrameContentSequence = [_item(FrameAcquisitionNumber=1, StackID="1")]
        frame.PlanePositionSequence = [_item(ImagePositionPatient=[-60, -70, 10 + spacing * k])]
        frame.PixelValueTransformationSequence = [_item(RescaleIntercept=intercept, RescaleSlope=1, RescaleType="HU")]
        frames.append(frame)
        stored.append(hu[k].astype(np.int64) - intercept)
    one.PerFrameFunctionalGroupsSequence = frames
    store(one, np.stack(stored))
    return one


def transcoded(slices: Sequence[FileDataset], folder: Path, gdcm_name: str) -> Path:
    """The slices in a transfer syntax, as GDCM encodes it; `gdcm_name` is its name there."""
    import gdcm

    plain = save(slices, folder.with_name(folder.name + "-plain"))
    folder.mkdir(parents=True)
    for file in sorted(plain.iterdir()):
        reader = gdcm.ImageReader()
        reader.SetFileName(str(file))
        assert reader.Read()
        change = gdcm.ImageChangeTransferSyntax()
        change.SetTransferSyntax(gdcm.TransferSyntax(getattr(gdcm.TransferSyntax, gdcm_name)))
        change.SetForce(True)
        change.SetInput(reader.GetImage())
        assert change.Change()
        writer = gdcm.ImageWriter()
        writer.SetFileName(str(folder / file.name))
        writer.SetFile(reader.GetFile())
        writer.SetImage(change.GetOutput())
        assert writer.Write()
    return folder


def transfer_syntax(folder: Path) -> str:
    """The transfer syntax of the first file in a folder."""
    header = pydicom.dcmread(sorted(folder.iterdir())[0], stop_before_pixels=True)
    return str(header.file_meta.TransferSyntaxUID)


def _empty(sop_class: str) -> FileDataset:
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = sop_class
    meta.MediaStorageSOPInstanceUID = generate_uid()
    one = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    one.SOPClassUID = sop_class
    one.SOPInstanceUID = meta.MediaStorageSOPInstanceUID
    one.StudyInstanceUID = STUDY
    for keyword, value in PATIENT.items():
        setattr(one, keyword, value)
    return one


def _item(**values: Any) -> Dataset:
    item = Dataset()
    for keyword, value in values.items():
        setattr(item, keyword, value)
    return item
