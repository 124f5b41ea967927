"""A picture as a DICOM Secondary Capture image (PS3.3 A.8.1), single-frame RGB, uncompressed: any PACS can show it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ichor.formats.algorithm import Algorithm
from ichor.formats.concepts import Concept
from ichor.formats.dicom_out import (
    ObjectFacts,
    import_highdicom,
    make_repeatable,
    with_required_attributes,
    without_warnings,
)
from ichor.formats.uid import named_uid

EXPLICIT_LITTLE_ENDIAN = "1.2.840.10008.1.2.1"
WORKSTATION, HEAD = "WSD", "HEAD"  # PS3.3 C.8.6.1, Conversion Type; PS3.16 annex L
SOURCE = Concept("cid7202", "SourceImageForImageProcessingOperation")  # PS3.16 CID 7202
LOSSY = ("LossyImageCompression", "LossyImageCompressionRatio", "LossyImageCompressionMethod")


@dataclass(frozen=True, slots=True)
class Capture:
    """One picture.

    Attributes:
        pixels: (rows, columns, 3) uint8, square pixels, RGB.
        patient_orientation: the directions of rows and columns (PS3.3 C.7.6.1.1.1), for example ("L", "P").
        derivation: how it was made.
        comment: a comment for human readers.
        source: the header of the image that it shows.
        frame_number: its frame in that image, from 1; used only for a multi-frame image.
    """

    pixels: NDArray[np.uint8]
    patient_orientation: tuple[str, str]
    derivation: str
    comment: str
    source: Any
    frame_number: int


def capture_image(one: Capture, facts: ObjectFacts, number: int, algorithm: Algorithm) -> Any:
    """The image as a pydicom dataset, with its number in the series, from 1; `facts.instance_uid` is of the first.

    Burned In Annotation states whether burned-in text identifies the patient (PS3.3 C.7.6.1). The text added here does
    not, so the value is that of the source. Raises IchorError if highdicom is not installed.
    """
    highdicom = import_highdicom()
    source = with_required_attributes(one.source)
    if number > 1:
        facts = replace(facts, instance_uid=named_uid(facts.instance_uid, str(number)))
    with without_warnings():
        made = highdicom.sc.SCImage.from_ref_dataset(
            source,
            pixel_array=one.pixels,
            photometric_interpretation="RGB",
            bits_allocated=8,
            coordinate_system="PATIENT",
            patient_orientation=one.patient_orientation,
            **{**facts.arguments(), "instance_number": number},
            transfer_syntax_uid=EXPLICIT_LITTLE_ENDIAN,
            contributing_equipment=[algorithm.equipment()],
        )
    _say_how_it_was_made(made, one, facts)
    make_repeatable(made)
    return made


def _say_how_it_was_made(made: Any, one: Capture, facts: ObjectFacts) -> None:
    from pydicom.dataset import Dataset
    from pydicom.valuerep import DA, TM

    made.ConversionType, made.BodyPartExamined = WORKSTATION, HEAD
    made.DateOfSecondaryCapture, made.TimeOfSecondaryCapture = DA(facts.created.date()), TM(facts.created.time())
    made.BurnedInAnnotation = "YES" if one.source.get("BurnedInAnnotation") == "YES" else "NO"
    made.DerivationDescription, made.ImageComments = one.derivation, one.comment
    reference: Any = Dataset()
    reference.ReferencedSOPClassUID = one.source.SOPClassUID
    reference.ReferencedSOPInstanceUID = one.source.SOPInstanceUID
    if "NumberOfFrames" in one.source:
        reference.ReferencedFrameNumber = one.frame_number
    reference.PurposeOfReferenceCodeSequence = [SOURCE.code()]
    made.SourceImageSequence = [reference]
    if one.source.get("LossyImageCompression") == "01":  # once compressed with loss, always so
        for keyword in LOSSY:
            if keyword in one.source:
                setattr(made, keyword, one.source[keyword].value)
    else:
        made.LossyImageCompression = "00"
