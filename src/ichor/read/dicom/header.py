"""The header of a DICOM image, as a `Slice` for each of its frames.

Single-frame images and enhanced multi-frame images (PS3.3 A.38, C.7.6.16) give the same result.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ichor.read.bounds import MAX_FRAMES, is_thickness
from ichor.read.dicom.contrast import contrast
from ichor.read.dicom.elements import integer, number, numbers, orientation, padding, text, texts, values
from ichor.read.dicom.identity import Identity, identity_of
from ichor.read.dicom.kernels import is_sharp
from ichor.read.dicom.parsing import ImplausibleHeader

# Transfer syntaxes with uncompressed frames; deflated ones were inflated before.
NATIVE = ("1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.1.99")
MIN_FRAGMENT_BYTES = 8  # its item tag and length


@dataclass(frozen=True, slots=True, eq=False)
class Slice:
    """One frame of a DICOM image, as its header describes it; None where the header states nothing.

    Attributes:
        path: the file; `frame` is the frame in it, from 1.
        size: rows, columns; zeros for an object that is not an image.
        position: (3,) center of the first pixel, LPS mm; `orientation` (2, 3) as in `ichor.scan.Scan`. NaN if not
            stated.
        pixel_mm: (2,) distance between rows and between columns; NaN if not stated.
        rescale: slope and intercept from stored values to HU; `rescale_incomplete` if one of them is not stated and the
            usual value is assumed.
        padding: lowest and highest stored value that mean "no pixel here" (PS3.3 C.7.5.1.1.2).
        acquired: text that sorts in the order of acquisition.
        thickness_mm: also None if the stated value, `stated_thickness_mm`, is implausible.
        contrast: whether the header says that contrast agent was given; `named_unenhanced` if the series' name says
            that it was not, whatever other elements say.
        stated_tilt_deg: Gantry/Detector Tilt (0018,1120), which the orientation may or may not show.
        sharp: whether the kernel is for bone or lung; None if its name is unknown.
        identity: the patient, study and series.
        name: the series' name, in capitals; it is never shown.
        kept: the dataset with its pixel data, if that was read with the header.
    """

    path: Path
    frame: int
    transfer_syntax: str
    study_uid: str | None
    series_uid: str | None
    instance_uid: str
    sop_class: str | None
    modality: str | None
    image_type: tuple[str, ...]
    size: tuple[int, int]
    samples_per_pixel: int
    photometric: str
    bits_stored: int
    high_bit: int
    signed: bool
    position: NDArray[np.float64]
    orientation: NDArray[np.float64]
    pixel_mm: NDArray[np.float64]
    thickness_mm: float | None
    rescale: tuple[float, float] | None
    rescale_type: str | None
    padding: tuple[int, int] | None
    acquisition_number: int | None
    acquisition_uid: str | None
    temporal_position: int | None
    acquired: tuple[str, ...]
    instance_number: int
    stated_tilt_deg: float | None
    kernel: str | None
    sharp: bool | None
    contrast: bool
    named_unenhanced: bool
    body_part: str | None
    calibration: str | None
    bits_allocated: int
    stated_thickness_mm: float | None
    rescale_incomplete: bool
    series_number: int | None
    frame_of_reference: str | None
    kept: Any
    identity: Identity = field(repr=False)
    name: str = field(repr=False)

    @property
    def normal(self) -> NDArray[np.float64]:
        """(3,) the unit normal, pointing up."""
        normal = np.cross(self.orientation[0], self.orientation[1])
        return np.asarray(normal if normal[2] >= 0 else -normal, np.float64)


def slices_of(dataset: Any, path: Path, n_bytes: int, kept: Any = None) -> list[Slice]:
    """A Slice for each frame of an image; a single one, without a size, for an object that is not an image.

    `n_bytes` is the size of the file, and `kept` the dataset if it includes the pixel data. Raises ImplausibleHeader if
    the file is too small for the stated number of frames.
    """
    shared = _groups(dataset, "SharedFunctionalGroupsSequence", 0)
    frames = max(1, integer(dataset.get("NumberOfFrames")) or 1)
    most = _most_frames(dataset, n_bytes)
    if frames > most:
        raise ImplausibleHeader(
            f"expected room for {frames} frames as stated in the header, found room for at most {most}"
        )
    if "PerFrameFunctionalGroupsSequence" not in dataset:
        first = _slice([*shared, dataset], path, kept)
        return [first, *(replace(first, frame=k) for k in range(2, frames + 1))]
    per_frame = min(frames, len(dataset.PerFrameFunctionalGroupsSequence))
    return [
        replace(
            _slice([*_groups(dataset, "PerFrameFunctionalGroupsSequence", k), *shared, dataset], path, kept),
            frame=k + 1,
        )
        for k in range(per_frame)
    ]


def _most_frames(dataset: Any, n_bytes: int) -> int:
    """How many frames fit into a file of that size: each needs its pixels or, if compressed, a fragment."""
    pixels = (
        integer(dataset.get("Rows")) or 0,
        integer(dataset.get("Columns")) or 0,
        integer(dataset.get("BitsAllocated")) or 0,
    )
    compressed = text(dataset.file_meta.get("TransferSyntaxUID")) not in (None, *NATIVE)
    each = MIN_FRAGMENT_BYTES if compressed else max(math.prod(pixels) // 8, 1)
    return max(1, min(MAX_FRAMES, n_bytes // each))


def _groups(dataset: Any, sequence: str, item: int) -> list[Any]:
    """The functional groups of a frame, or the shared ones, each as the dataset of its only item."""
    items = dataset.get(sequence) or []
    if item >= len(items):
        return []
    return [
        element.value[0]
        for element in items[item]
        if element.VR == "SQ" and element.value and not element.keyword.startswith(("Referenced", "Derivation"))
    ]


def _slice(places: list[Any], path: Path, kept: Any) -> Slice:
    def get(*keywords: str) -> Any:
        return next(values(places, keywords), None)

    dataset = places[-1]
    meta = getattr(dataset, "file_meta", {})
    rows, columns = integer(get("Rows")), integer(get("Columns"))
    slope, intercept = number(get("RescaleSlope")), number(get("RescaleIntercept"))
    kernel, name = " ".join(texts(get("ConvolutionKernel"))) or None, (text(get("SeriesDescription")) or "").upper()
    window_width = number(get("WindowWidth"))
    given, named_unenhanced = contrast(get)
    bits_stored = integer(get("BitsStored")) or integer(get("BitsAllocated")) or 16
    high_bit = integer(get("HighBit"))
    signed = integer(get("PixelRepresentation")) == 1
    thickness = number(get("SliceThickness")) or None
    return Slice(
        path=path,
        frame=1,
        transfer_syntax=text(meta.get("TransferSyntaxUID")) or "",
        study_uid=text(get("StudyInstanceUID")),
        series_uid=text(get("SeriesInstanceUID")),
        instance_uid=text(get("SOPInstanceUID")) or "",
        sop_class=text(get("SOPClassUID")),
        modality=text(get("Modality")),
        image_type=texts(get("FrameType", "ImageType")),
        size=(rows, columns) if rows and columns else (0, 0),
        samples_per_pixel=integer(get("SamplesPerPixel")) or 1,
        photometric=text(get("PhotometricInterpretation")) or "MONOCHROME2",
        bits_stored=bits_stored,
        high_bit=bits_stored - 1 if high_bit is None else high_bit,
        signed=signed,
        position=numbers(get("ImagePositionPatient"), 3),
        orientation=orientation(get("ImageOrientationPatient")),
        pixel_mm=numbers(get("PixelSpacing"), 2),
        thickness_mm=thickness if thickness is not None and is_thickness(thickness) else None,
        stated_thickness_mm=thickness,
        rescale=_rescale(slope, intercept),
        rescale_incomplete=(slope is None) != (intercept is None),
        rescale_type=text(get("RescaleType")),
        padding=padding(dataset, signed),
        acquisition_number=integer(get("FrameAcquisitionNumber", "AcquisitionNumber")),
        acquisition_uid=text(get("AcquisitionUID")),
        temporal_position=integer(get("TemporalPositionIndex", "TemporalPositionIdentifier")),
        acquired=tuple(
            text(get(keyword)) or ""
            for keyword in (
                "FrameAcquisitionDateTime",
                "AcquisitionDateTime",
                "AcquisitionTime",
                "ContentTime",
            )
        ),
        instance_number=integer(get("InstanceNumber")) or 0,
        stated_tilt_deg=number(get("GantryDetectorTilt")),
        kernel=kernel,
        sharp=is_sharp(kernel, name, window_width),
        contrast=given,
        named_unenhanced=named_unenhanced,
        body_part=text(get("BodyPartExamined")),
        calibration=text(get("PixelSpacingCalibrationDescription")),
        bits_allocated=integer(get("BitsAllocated")) or 16,
        series_number=integer(get("SeriesNumber")),
        frame_of_reference=text(get("FrameOfReferenceUID")),
        kept=kept,
        identity=identity_of(dataset),
        name=name,
    )


def _rescale(slope: float | None, intercept: float | None) -> tuple[float, float] | None:
    """Slope and intercept; if only one is stated, the other is 1 or 0, as in nearly all CT.

    Whether they are plausible is checked by the values (`ichor.read.hounsfield`). None if neither is stated, or the
    slope is 0.
    """
    if (slope is None and intercept is None) or slope == 0:
        return None
    return (1.0 if slope is None else slope, 0.0 if intercept is None else intercept)
