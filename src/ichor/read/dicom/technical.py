"""How a series was acquired and stored, in a form that may be shown to anyone: numbers, and words from fixed lists.

No text of a file is included: a value that is not on a list here becomes "other".
"""

from __future__ import annotations

import re

from ichor.read.dicom.header import Slice

OTHER = "other"
# Defined terms of Modality that occur together with head CT (PS3.3 C.7.3.1.1.1).
MODALITIES = re.compile(
    "CT|MR|PT|NM|XA|CR|DX|MG|RF|US|OT|SC|SR|SEG|REG|RTSTRUCT|RTDOSE|RTPLAN|KO|PR|DOC|ECG",
)
# Image Type (PS3.3 C.7.6.1.1.2, C.8.2.1.1.1), and manufacturers' additions.
IMAGE_TYPES = re.compile(
    "ORIGINAL|DERIVED|PRIMARY|SECONDARY|AXIAL|LOCALIZER|VOLUME|NONE|OTHER|MIXED|MPR|CPR|REFORMATTED|AVERAGE|RESAMPLED"
    "|PROJECTION|MIP|MINIP|MAXIMUM|MINIMUM|MEAN|SUBTRACTION|ADDITION|MONOE|ENERGY|VNC|(?:CT_)?SOM[4-9]|SPI|SEQ|SPIRAL"
    "|HELICAL|CINE|DYNAMIC|PERFUSION|SCOUT|SURVIEW|TOPOGRAM|SCREENSAVE|DOSE_INFO|LOW_DOSE|HEADER_CORRECTED|CSA",
)
PHOTOMETRIC = re.compile("MONOCHROME[12]|PALETTE COLOR|RGB|YBR_(?:FULL|FULL_422|ICT|RCT)")
RESCALE_TYPES = re.compile("HU|US|HU_MOD|OD|MGML|Z_EFF|ED|EDW|PCT")
# Manufacturers' names of kernels: Siemens' (H31s, Br40d\3), Canon's (FC26), Philips' (UB), and words.
KERNEL = re.compile(
    r"[BHIJQSTUD][a-z]?\d\d[a-z]{0,2}(\\\d)?|FC ?\d\d|U[A-C]|Y[A-E]|S?[A-FL]|EC|STANDARD|STND|SOFT|SMOOTH|BRAIN|BONE"
    r"|BONEPLUS|DETAIL|EDGE|LUNG|ULTRA|CHST|HEAD|[HB]_(?:SOFT|SHARP|VSOFT|VSHARP)_[A-F]",
    re.IGNORECASE,
)


def technical_of(one: Slice) -> tuple[tuple[str, str], ...]:
    """How this slice was acquired and stored: names and values."""
    fields = {
        "SOP class": _uid_name(one.sop_class),
        "transfer syntax": _uid_name(one.transfer_syntax),
        "image type": "\\".join(known(value, IMAGE_TYPES) for value in one.image_type[:8]),
        "kernel": known(one.kernel, KERNEL),
        "kernel for bone or lung": {True: "yes", False: "no", None: "not known"}[one.sharp],
        "contrast agent": "yes" if one.contrast else "no",
        "photometric interpretation": known(one.photometric, PHOTOMETRIC),
        "bits": f"{one.bits_stored} stored in {one.bits_allocated}, high bit {one.high_bit}, "
        + ("signed" if one.signed else "unsigned"),
        "samples per pixel": f"{one.samples_per_pixel}",
        "rescale": "none" if one.rescale is None else f"slope {one.rescale[0]:g}, intercept {one.rescale[1]:g}",
        "rescale type": known(one.rescale_type, RESCALE_TYPES),
        "padding": "none" if one.padding is None else f"{one.padding[0]:g} to {one.padding[1]:g}",
    }
    return tuple((name, value) for name, value in fields.items() if value)


def known(value: str | None, terms: re.Pattern[str]) -> str:
    """The value if it is one of these terms, otherwise "other"; an empty value stays empty."""
    if not value:
        return ""
    return value if terms.fullmatch(value) else OTHER


def _uid_name(uid: str | None) -> str:
    """The name of a UID in the DICOM standard."""
    from pydicom.uid import UID

    if not uid:
        return ""
    name = UID(uid, validation_mode=0).name
    return OTHER if name == uid else name
