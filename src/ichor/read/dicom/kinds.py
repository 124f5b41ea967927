"""Which images are slices of an axial head CT and, for the others, a short reason why not."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np

from ichor.read.bounds import is_position, is_rescale, why_not_pixels, why_not_sizes
from ichor.read.dicom.header import Slice
from ichor.read.dicom.technical import MODALITIES, RESCALE_TYPES, known

CT_IMAGES = {
    "1.2.840.10008.5.1.4.1.1.2",  # CT Image
    "1.2.840.10008.5.1.4.1.1.2.1",  # Enhanced CT Image
    "1.2.840.10008.5.1.4.1.1.2.2",  # Legacy Converted Enhanced CT Image
}
SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"  # and its multi-frame variants, with one more number
STRUCTURED_REPORT = "1.2.840.10008.5.1.4.1.1.88."
DOSE_REPORTS = {STRUCTURED_REPORT + "67", STRUCTURED_REPORT + "68", STRUCTURED_REPORT + "76"}

BITS_ALLOCATED = (8, 16, 32)

# Manufacturers' terms in Image Type for images that plan a scan or report on it.
LOCALIZER_WORDS = ("LOCALIZER", "SURVIEW", "SCOUT", "TOPOGRAM", "SCANOGRAM")
DOSE_REPORT = re.compile(r"DOSE ?(?:INFO|REPORT|SUMMARY|RECORD|SHEET|PAGE|TABLE|SR)?|.*SCREEN ?SAVE.*")
# Projections of many slices, in which blood, bone and vessels are superimposed.
PROJECTION = re.compile(r"\b(?:MIP|MINIP|MNIP|MIN ?IP|MAX ?IP|VRT|SSD|VOLREN\w*|PROJECTION IMAGE)\b")
# Maps computed from several images, whose values are not HU.
MAP = re.compile(r"\b(?:IODINE|Z ?EFF|RHO|CBF|CBV|MTT|TTP|TTD|TMAX|PARAMETRIC\w*|SUBTRACT\w*)\b")
# Images in HU computed from dual-energy data, which the models are not intended for.
COMPUTED = re.compile(r"\b(?:VNC|VUE|MONO|MONOE\w*|MONOCHROMATIC|KEV|\d+ ?KEV)\b")


def why_not(one: Slice) -> str | None:
    """Why an image is not a slice of an axial head CT; None if it can be one."""
    return _wrong_purpose(one) or _wrong_class(one) or _wrong_pixels(one) or _wrong_geometry(one)


def _wrong_purpose(one: Slice) -> str | None:
    values = [value.replace("_", " ") for value in one.image_type]
    words = " ".join(values)
    if one.sop_class in DOSE_REPORTS or any(DOSE_REPORT.fullmatch(value) for value in values):
        return "dose report"
    if one.modality in ("CT", None) and any(word in words for word in LOCALIZER_WORDS):
        return "localizer"
    if one.modality in ("CT", None) and (PROJECTION.search(words) or PROJECTION.search(one.name.replace("_", " "))):
        return "projection (MIP)"
    if one.modality in ("CT", None) and MAP.search(words):
        return "computed map, not HU"
    return None


def is_computed(one: Slice) -> bool:
    """Whether an image is computed from dual-energy data."""
    return bool(COMPUTED.search(" ".join(one.image_type).replace("_", " ")))


def _wrong_class(one: Slice) -> str | None:
    sop_class = one.sop_class or ""
    if sop_class.startswith(STRUCTURED_REPORT) or one.modality == "SR":
        return "structured report"
    if one.modality not in ("CT", None):
        return f"modality {known(one.modality, MODALITIES)}"
    if sop_class == SECONDARY_CAPTURE or sop_class.startswith(SECONDARY_CAPTURE + "."):
        return "secondary capture"
    # Some old files have no SOP class; then the modality decides.
    return None if sop_class in CT_IMAGES or (one.modality == "CT" and not sop_class) else "not a CT image"


def _wrong_pixels(one: Slice) -> str | None:
    if not any(one.size):
        return "no image"
    if one.samples_per_pixel != 1 or not one.photometric.startswith("MONOCHROME"):
        return "color images"
    return _wrong_numbers(one) or _wrong_values(one)


def _wrong_numbers(one: Slice) -> str | None:
    if why_not_pixels(*one.size) is not None:
        return f"{one.size[0]}x{one.size[1]} pixels"
    if one.bits_allocated not in BITS_ALLOCATED or not 1 <= one.bits_stored <= one.bits_allocated:
        return f"{one.bits_stored} bits stored in {one.bits_allocated}"
    if not one.bits_stored - 1 <= one.high_bit < one.bits_allocated:
        return f"high bit {one.high_bit} of {one.bits_stored} bits stored in {one.bits_allocated}"
    return None


def _wrong_values(one: Slice) -> str | None:
    # US means unspecified; many older scanners write it for HU.
    if one.rescale_type not in (None, "HU", "US"):
        return f"values are {known(one.rescale_type, RESCALE_TYPES)}, not HU"
    if one.rescale is not None and not is_rescale(*one.rescale):
        return f"rescale slope {one.rescale[0]:g} and intercept {one.rescale[1]:g}"
    return None


def _wrong_geometry(one: Slice) -> str | None:
    if np.isnan(one.position).any() or np.isnan(one.orientation).any():
        return "no slice positions"
    if not is_position(one.position):
        return f"slice position {np.abs(one.position).max():g} mm from the origin"
    if not np.all(one.pixel_mm > 0):
        return "no pixel spacing"
    if why_not_sizes(one.pixel_mm, *one.size) is not None:
        return f"pixels of {one.pixel_mm[0]:g} x {one.pixel_mm[1]:g} mm"
    plane = plane_of(one)
    return None if plane == "axial" else f"reformatted plane ({plane})"


def plane_of(one: Slice) -> str:
    """The body plane nearest to the slice: axial up to 45 degrees of tilt, otherwise coronal or sagittal."""
    return ("sagittal", "coronal", "axial")[int(np.argmax(np.abs(one.normal)))]


def reasons_in_words(reasons: Sequence[str]) -> str:
    """'localizer' or, if they differ, 'localizer (3), secondary capture (2)'; the most frequent first."""
    counts = Counter(reasons).most_common()
    return counts[0][0] if len(counts) == 1 else ", ".join(f"{reason} ({count})" for reason, count in counts)


# Body Part Examined is often wrong, so it only lowers the rank of a series.
OTHER_BODY_PARTS = re.compile(
    r"CHEST|THORAX|LUNG|HEART|ABDOMEN|PELVIS|LIVER|KIDNEY|SPINE|HIP|KNEE|LEG|FOOT|ANKLE|ARM|HAND|WRIST|SHOULDER"
)


def is_of_other_body_part(one: Slice) -> bool:
    """Whether Body Part Examined names a region far from the head."""
    return bool(OTHER_BODY_PARTS.search((one.body_part or "").upper()))
