"""What the header of a DICOM image says of each of its slices.

Single-frame images and enhanced multi-frame ones (PS3.3 A.38, C.7.6.16) come out alike: one `Slice` for each
frame.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ichor.read.base import printable
from ichor.read.bounds import MOST_FRAMES, is_thickness

# Everything below reads only these attributes, which keeps names, ids and dates of patients out of reach.
KEYWORDS = (
    "AcquisitionDateTime",
    "AcquisitionNumber",
    "AcquisitionTime",
    "AcquisitionUID",
    "BitsAllocated",
    "BitsStored",
    "BodyPartExamined",
    "Columns",
    "ContentTime",
    "ContrastBolusAgent",
    "ContrastBolusAgentSequence",
    "ContrastBolusTotalDose",
    "ContrastBolusVolume",
    "ConvolutionKernel",
    "HighBit",
    "ImageOrientationPatient",
    "ImagePositionPatient",
    "ImageType",
    "InstanceNumber",
    "Modality",
    "NumberOfFrames",
    "PerFrameFunctionalGroupsSequence",
    "PhotometricInterpretation",
    "PixelPaddingRangeLimit",
    "PixelPaddingValue",
    "PixelRepresentation",
    "PixelSpacing",
    "PixelSpacingCalibrationDescription",
    "RescaleIntercept",
    "RescaleSlope",
    "RescaleType",
    "Rows",
    "SamplesPerPixel",
    "SeriesInstanceUID",
    "SharedFunctionalGroupsSequence",
    "SliceThickness",
    "SOPClassUID",
    "SOPInstanceUID",
    "StudyInstanceUID",
    "TemporalPositionIdentifier",
    "WindowWidth",
)

# Whose frames lie side by side, each as long as its pixels. The deflated ones were inflated before.
NATIVE = ("1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.1.99")
LEAST_FRAGMENT = 8  # its item tag and length

# What decoding needs besides.
PIXEL_KEYWORDS = (
    "ExtendedOffsetTable",
    "ExtendedOffsetTableLengths",
    "PixelData",
    "PlanarConfiguration",
)

# What is written for an agent where none was given; "NON-IONIC" is one.
NO_AGENT = re.compile(
    r"(N|NO|NONE|NIL|N/?A|W/?O|WITHOUT|NATIVE|UNENHANCED|NON.?(CONTRAST|ENHANCED)|0|-+)(\W.*)?", re.IGNORECASE
)


class ImplausibleHeader(Exception):
    """A header whose numbers cannot be true; the message says why, without the file's name."""


@dataclass(frozen=True, slots=True, eq=False)
class Slice:
    """One frame of one DICOM image, as its header describes it; None where the header does not say.

    Attributes:
        path: the file; `frame` is the frame in it, from 1.
        size: rows, columns; zeros for an object that is no image.
        position: (3,) centre of the first pixel, LPS mm; `orientation` (2, 3) as in `ichor.scan.Scan`. NaN
            where the header does not say.
        pixel_mm: (2,) distance between rows and between columns; NaN where the header does not say.
        rescale: slope and intercept that make stored values HU.
        padding: lowest and highest stored value that stands for "no pixel here" (PS3.3 C.7.5.1.1.2).
        acquired: text that sorts in the order of acquisition.
        thickness_mm: None too where what the header says, `stated_thickness_mm`, can be none of a slice.
        kept: the dataset with its pixel data, where that was read with the header.
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
    kernel: str | None
    contrast: bool
    window_width: float | None
    body_part: str | None
    calibration: str | None
    bits_allocated: int
    stated_thickness_mm: float | None
    kept: Any

    @property
    def normal(self) -> NDArray[np.float64]:
        """(3,) the unit normal, pointing up."""
        normal = np.cross(self.orientation[0], self.orientation[1])
        return np.asarray(normal if normal[2] >= 0 else -normal, np.float64)


def slices_of(dataset: Any, path: Path, n_bytes: int, kept: Any = None) -> list[Slice]:
    """A Slice for each frame of an image; a single one, without a size, for an object that is no image.

    `n_bytes` is the size of the file, and `kept` the dataset if it has the pixel data too. Raises ImplausibleHeader
    where there cannot be as many frames as the header says.
    """
    shared = _groups(dataset, "SharedFunctionalGroupsSequence", 0)
    frames = max(1, _integer(dataset.get("NumberOfFrames")) or 1)
    most = _most_frames(dataset, n_bytes)
    if frames > most:
        raise ImplausibleHeader(f"expected room for {frames} frames as its header says, found it for {most} at most")
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
    """How many frames there can be in a file of that size: each has its pixels, or where compressed its fragment."""
    pixels = (
        _integer(dataset.get("Rows")) or 0,
        _integer(dataset.get("Columns")) or 0,
        _integer(dataset.get("BitsAllocated")) or 0,
    )
    compressed = _text(dataset.file_meta.get("TransferSyntaxUID")) not in (None, *NATIVE)
    each = LEAST_FRAGMENT if compressed else max(math.prod(pixels) // 8, 1)
    return max(1, min(MOST_FRAMES, n_bytes // each))


def _groups(dataset: Any, sequence: str, item: int) -> list[Any]:
    """The functional groups of a frame, or those shared by all, each as the dataset of its only item."""
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
        return next(_values(places, keywords), None)

    dataset = places[-1]
    meta = getattr(dataset, "file_meta", {})
    rows, columns = _integer(get("Rows")), _integer(get("Columns"))
    slope, intercept = _number(get("RescaleSlope")), _number(get("RescaleIntercept"))
    bits_stored = _integer(get("BitsStored")) or _integer(get("BitsAllocated")) or 16
    high_bit = _integer(get("HighBit"))
    signed = _integer(get("PixelRepresentation")) == 1
    thickness = _number(get("SliceThickness")) or None
    return Slice(
        path=path,
        frame=1,
        transfer_syntax=_text(meta.get("TransferSyntaxUID")) or "",
        study_uid=_text(get("StudyInstanceUID")),
        series_uid=_text(get("SeriesInstanceUID")),
        instance_uid=_text(get("SOPInstanceUID")) or "",
        sop_class=_text(get("SOPClassUID")),
        modality=_text(get("Modality")),
        image_type=_texts(get("FrameType", "ImageType")),
        size=(rows, columns) if rows and columns else (0, 0),
        samples_per_pixel=_integer(get("SamplesPerPixel")) or 1,
        photometric=_text(get("PhotometricInterpretation")) or "MONOCHROME2",
        bits_stored=bits_stored,
        high_bit=bits_stored - 1 if high_bit is None else high_bit,
        signed=signed,
        position=_numbers(get("ImagePositionPatient"), 3),
        orientation=_orientation(get("ImageOrientationPatient")),
        pixel_mm=_numbers(get("PixelSpacing"), 2),
        thickness_mm=thickness if thickness is not None and is_thickness(thickness) else None,
        stated_thickness_mm=thickness,
        rescale=(slope, intercept) if slope and intercept is not None else None,
        rescale_type=_text(get("RescaleType")),
        padding=_padding(dataset, signed),
        acquisition_number=_integer(get("FrameAcquisitionNumber", "AcquisitionNumber")),
        acquisition_uid=_text(get("AcquisitionUID")),
        temporal_position=_integer(get("TemporalPositionIndex", "TemporalPositionIdentifier")),
        acquired=tuple(
            _text(get(keyword)) or ""
            for keyword in (
                "FrameAcquisitionDateTime",
                "AcquisitionDateTime",
                "AcquisitionTime",
                "ContentTime",
            )
        ),
        instance_number=_integer(get("InstanceNumber")) or 0,
        kernel=" ".join(_texts(get("ConvolutionKernel"))) or None,
        contrast=_is_with_contrast(get),
        window_width=_number(get("WindowWidth")),
        body_part=_text(get("BodyPartExamined")),
        calibration=_text(get("PixelSpacingCalibrationDescription")),
        bits_allocated=_integer(get("BitsAllocated")) or 16,
        kept=kept,
    )


def _is_with_contrast(get: Callable[..., Any]) -> bool:
    """Whether contrast agent was given; an enhanced image says it of each frame, an older one names the agent."""
    administered = _text(get("ContrastBolusAgentAdministered"))
    if administered is not None:
        return administered == "YES"
    agent = _text(get("ContrastBolusAgent"))
    if agent is not None:
        return NO_AGENT.fullmatch(agent) is None
    amounts = (_number(get(keyword)) or 0 for keyword in ("ContrastBolusVolume", "ContrastBolusTotalDose"))
    return any(amount > 0 for amount in amounts) or bool(get("ContrastBolusAgentSequence"))


def _values(places: list[Any], keywords: tuple[str, ...]) -> Iterator[Any]:
    for keyword in keywords:
        for place in places:
            try:
                value = place.get(keyword)
            except Exception:  # noqa: S112 - what cannot be parsed counts as absent; what is needed is checked
                continue
            if value is not None and value != "":
                yield value


def _first(value: Any) -> Any:
    """The first of a multi-valued element; the value itself of a single one."""
    if isinstance(value, str | int | float) or value is None:
        return value
    try:
        return value[0] if len(value) else None
    except TypeError:
        return value


def _number(value: Any) -> float | None:
    try:
        number = float(_first(value))
    except (TypeError, ValueError):
        return None
    return number if np.isfinite(number) else None


def _integer(value: Any) -> int | None:
    number = _number(value)
    return None if number is None else int(number)


def _text(value: Any) -> str | None:
    value = _first(value)
    return None if value is None else printable(str(value).strip().strip("\0")) or None


def _texts(value: Any) -> tuple[str, ...]:
    if value is None:
        return ()
    several = (value,) if isinstance(value, str) else tuple(value)
    return tuple(printable(str(one).strip().upper()) for one in several)


def _numbers(value: Any, count: int) -> NDArray[np.float64]:
    """(count,) numbers; NaN unless there are that many."""
    try:
        numbers = np.asarray(value, np.float64)
    except (TypeError, ValueError):
        numbers = np.empty(0)
    return numbers if numbers.shape == (count,) and np.all(np.isfinite(numbers)) else np.full(count, np.nan)


def _orientation(value: Any) -> NDArray[np.float64]:
    """(2, 3) unit vectors of rows and columns; NaN unless they are perpendicular to each other."""
    axes = _numbers(value, 6).reshape(2, 3)
    lengths = np.linalg.norm(axes, axis=1, keepdims=True)
    if np.all(np.abs(lengths - 1) < 0.01) and abs(axes[0] @ axes[1]) < 0.01:
        return np.asarray(axes / lengths, np.float64)
    return np.full((2, 3), np.nan)


def _padding(dataset: Any, signed: bool) -> tuple[int, int] | None:
    """The range of padding values. Writers mix up US and SS here, so the bits are read as the pixels are."""
    value = _integer(dataset.get("PixelPaddingValue"))
    if value is None:
        return None
    limit = _integer(dataset.get("PixelPaddingRangeLimit"))
    ends = sorted(_as_stored(end, signed) for end in (value, value if limit is None else limit))
    return ends[0], ends[1]


def _as_stored(value: int, signed: bool) -> int:
    value &= 0xFFFF
    return value - 0x10000 if signed and value >= 0x8000 else value
