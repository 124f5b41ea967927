"""WADO-RS (PS3.18 10.4): whole objects, metadata, frames and pictures of the node's results."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from io import BytesIO
from typing import Any

from ichor.node.network.objects import read_object
from ichor.node.web.dicomweb.accepting import EXPLICIT_LITTLE_ENDIAN, JPEG, NotAcceptable
from ichor.node.web.dicomweb.objects import Served

PIECE_BYTES = 2**20


class NoSuchFrame(Exception):
    """An object has no frame of that number."""


def whole(one: Served) -> Iterator[bytes]:
    """The DICOM file of an object as destinations get it, in pieces. Raises OSError where it is no longer there."""
    if one.replaces:  # marked in its header, which the file itself is not
        buffer = BytesIO()
        read_object(one.file, replaces=one.replaces).save_as(buffer, enforce_file_format=True)
        yield buffer.getvalue()
        return
    with one.file.open("rb") as file:
        while piece := file.read(PIECE_BYTES):
            yield piece


def check_syntax(one: Served) -> None:
    """Raise NotAcceptable for an object that is not uncompressed, as all are that Ichor itself writes."""
    from pydicom.filereader import read_file_meta_info

    if str(read_file_meta_info(one.file).TransferSyntaxUID) != EXPLICIT_LITTLE_ENDIAN:
        raise NotAcceptable("expected an uncompressed object, found one in another transfer syntax")


def metadata(one: Served) -> dict[str, Any]:
    """The header of an object as DICOM JSON, without its pixels."""
    header = read_object(one.file, replaces=one.replaces, with_pixels=False)
    header.SpecificCharacterSet = "ISO_IR 192"  # JSON is in UTF-8
    found: dict[str, Any] = header.to_json_dict(suppress_invalid_tags=True)
    return found


def frames(one: Served, numbers: Sequence[int]) -> list[bytes]:
    """The uncompressed pixels of these frames, numbered from 1. Raises NoSuchFrame if there is none of that number."""
    from pydicom.pixels.utils import pack_bits, pixel_array

    image = read_object(one.file, replaces=None)
    _check_numbers(image, numbers)
    if image.BitsAllocated == 1:  # frames need not begin at a byte there, but do in an answer
        return [bytes(pack_bits(pixel_array(image, index=number - 1).ravel(), pad=False)) for number in numbers]
    n_bytes = image.Rows * image.Columns * image.SamplesPerPixel * image.BitsAllocated // 8
    return [bytes(image.PixelData[(number - 1) * n_bytes : number * n_bytes]) for number in numbers]


def picture(one: Served, number: int, kind: str) -> bytes:
    """A frame as JPEG or PNG. Raises NoSuchFrame, and NotAcceptable if the object is no picture of 8 bits."""
    from PIL import Image
    from pydicom.pixels.utils import pixel_array

    image = read_object(one.file, replaces=None)
    if image.get("BitsAllocated") != 8 or image.PhotometricInterpretation not in ("RGB", "MONOCHROME2"):
        raise NotAcceptable("expected a picture of 8 bits, such as a Secondary Capture, found another object")
    _check_numbers(image, [number])
    buffer = BytesIO()
    Image.fromarray(pixel_array(image, index=number - 1)).save(buffer, "JPEG" if kind == JPEG else "PNG", quality=95)
    return buffer.getvalue()


def _check_numbers(image: Any, numbers: Sequence[int]) -> None:
    n_frames = int(image.get("NumberOfFrames", 1) or 1) if "PixelData" in image else 0
    if not all(1 <= number <= n_frames for number in numbers):
        raise NoSuchFrame(f"expected frames from 1 to {n_frames}, found another number")
