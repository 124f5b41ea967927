"""The size and depth of a compressed frame, read from its own header before it is decoded.

JPEG and JPEG-LS state size and depth in the frame header (ISO/IEC 10918-1 B.2.2, 14495-1 C.2.2), JPEG 2000 in the SIZ
marker segment (ISO/IEC 15444-1 A.5.1), RLE the number of byte planes (PS3.5 G.5). A decoder that expects another size
than that of the codestream returns sheared pixels or reads beyond its memory.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

RLE = "1.2.840.10008.1.2.5"
JPEG_2000 = ("1.2.840.10008.1.2.4.9", "1.2.840.10008.1.2.4.20")  # prefixes of 90 to 93 and 201 to 203
JPEG = "1.2.840.10008.1.2.4."
_SIZ = b"\xff\x4f\xff\x51"
_FRAME_HEADERS = {*range(0xC0, 0xD0), 0xF7} - {0xC4, 0xC8, 0xCC}
_WITHOUT_LENGTH = {0x01, *range(0xD0, 0xD9)}
_START_OF_SCAN, _END = 0xDA, 0xD9
_RLE_HEADER = 64


@dataclass(frozen=True, slots=True)
class Frame:
    """The size in pixels, bits per sample, and samples per pixel; size is None if it is not stated."""

    size: tuple[int, int] | None
    bits: int
    samples: int


def frame_of(codestream: bytes, syntax: str) -> Frame | None:
    """The codestream's own description of the frame; None if it cannot be parsed."""
    try:
        if syntax == RLE:
            return _rle(codestream)
        if syntax.startswith(JPEG_2000):
            return _jpeg_2000(codestream)
        return _jpeg(codestream) if syntax.startswith(JPEG) else None
    except (struct.error, IndexError):  # it ends within its header
        return None


def _jpeg_2000(codestream: bytes) -> Frame | None:
    """Some writers put the boxes of a JP2 file around the codestream."""
    start = codestream.find(_SIZ, 0, 4096)
    if start < 0:
        return None
    _, _, right, bottom, left, top, *_, samples = struct.unpack_from(">HHIIIIIIIIH", codestream, start + len(_SIZ))
    bits = (codestream[start + 42] & 0x7F) + 1
    return Frame((bottom - top, right - left), bits, samples)


def _jpeg(codestream: bytes) -> Frame | None:
    """JPEG of any process, and JPEG-LS: segments before the first frame header are skipped."""
    at = 2
    if codestream[:2] != b"\xff\xd8":
        return None
    while codestream[at] == 0xFF:
        marker = codestream[at + 1]
        if marker == 0xFF:  # fill
            at += 1
        elif marker in _WITHOUT_LENGTH:
            at += 2
        elif marker in (_START_OF_SCAN, _END):
            return None
        elif marker in _FRAME_HEADERS:
            bits, rows, columns, samples = struct.unpack_from(">BHHB", codestream, at + 4)
            return Frame((rows, columns), bits, samples)
        else:
            at += 2 + struct.unpack_from(">H", codestream, at + 2)[0]
    return None


def _rle(codestream: bytes) -> Frame | None:
    """The byte planes of a frame with one sample per pixel, in order and within the frame."""
    planes, *offsets = struct.unpack_from("<16I", codestream)
    used = offsets[:planes]
    if not 1 <= planes <= 15 or used[0] != _RLE_HEADER or used != sorted(set(used)) or used[-1] >= len(codestream):
        return None
    return Frame(None, 8 * planes, 1)
