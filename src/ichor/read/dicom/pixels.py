"""Stored values of DICOM images, and their HU.

The steps of PS3.3 C.7.6.3 and C.11.1: extract the stored bits, mark the padding, then apply slope and intercept.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ichor.read import progress
from ichor.read.base import printable
from ichor.read.dicom.bits import StoredImage, UndecodableError, has_overlay, stored_image, stored_range
from ichor.read.dicom.codestream import RLE, frame_of
from ichor.read.dicom.header import Slice
from ichor.read.dicom.keywords import KEYWORDS, PIXEL_KEYWORDS
from ichor.read.dicom.parsing import parse, quietly

PADDING_BELOW_HU = -500  # a higher padding value may be tissue
AIR_HU = -1024  # replaces padding; the lowest HU
HIGHEST_HU = 32767  # the maximum of int16; metal above is clipped
JPEG_EXTENDED = "1.2.840.10008.1.2.4.51"
TAGS = [*KEYWORDS, *PIXEL_KEYWORDS]
IMPLICIT_LITTLE_ENDIAN, EXPLICIT_LITTLE_ENDIAN = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1"
EXPLICIT_BIG_ENDIAN = "1.2.840.10008.1.2.2"
# The best decoder for each: GDCM for the JPEG family, OpenJPEG for JPEG 2000, and RLE in compiled code.
PLUGINS = {"1.2.840.10008.1.2.4.9": "pylibjpeg", "1.2.840.10008.1.2.4.20": "pylibjpeg", RLE: "pylibjpeg"}


def stored_images(slices: Sequence[Slice]) -> Iterator[tuple[Slice, StoredImage | UndecodableError]]:
    """The frames of the slices, in their order; instead of a frame, an error if it cannot be decoded.

    Files whose content was not kept when their header was read are read now, once for consecutive frames.
    """
    opened: tuple[Path | None, Any] = (None, None)
    for one in slices:
        found: StoredImage | UndecodableError
        try:
            with quietly():
                if opened[0] != one.path:
                    dataset = parse(one.path.read_bytes(), TAGS, with_pixels=True) if one.kept is None else one.kept
                    opened = (one.path, _with_syntax(dataset))
                found = stored_image(_frame(opened[1], one), one, overlay=has_overlay(opened[1]))
        except UndecodableError as error:
            found = error
        except OSError as error:
            found = UndecodableError(error.strerror or "could not be read")
        except MemoryError:
            raise
        except Exception:  # pydicom raises errors of many types, some only on access
            found = UndecodableError("the file is damaged")
        yield one, found


def transfer_syntax_name(uid: str) -> str:
    """The readable name of a transfer syntax; its UID if it has none."""
    from pydicom.uid import UID

    return printable(UID(uid).name) if uid else "not stated"


def _with_syntax(dataset: Any) -> Any:
    from pydicom.uid import UID

    if "TransferSyntaxUID" not in dataset.file_meta:
        implicit, little = dataset.original_encoding
        syntax = EXPLICIT_LITTLE_ENDIAN if little else EXPLICIT_BIG_ENDIAN
        dataset.file_meta.TransferSyntaxUID = UID(IMPLICIT_LITTLE_ENDIAN if implicit else syntax)
    return dataset


def _frame(dataset: Any, one: Slice) -> NDArray[Any]:
    """One frame as the decoder returns it, still with unused bits."""
    from pydicom.pixels.decoders.base import get_decoder

    if progress.is_excluded(one.path):
        raise UndecodableError("its pixel data crash the decoder")
    if "PixelData" not in dataset:
        raise UndecodableError("expected pixel data, found none: the file is truncated")
    syntax = dataset.file_meta.TransferSyntaxUID
    for keyword, usual in (("PhotometricInterpretation", one.photometric), ("SamplesPerPixel", 1)):
        if keyword not in dataset:
            setattr(dataset, keyword, usual)
    for keyword, stated in (("PixelRepresentation", int(one.signed)), ("BitsStored", one.bits_stored)):
        setattr(dataset, keyword, stated)
    try:
        decoder = get_decoder(syntax)
    except NotImplementedError as error:
        raise UndecodableError(f"no decoder for the transfer syntax {transfer_syntax_name(syntax)}") from error
    plugin = next((name for start, name in PLUGINS.items() if syntax.startswith(start)), "gdcm")
    options: Any = {"raw": True, "correct_unused_bits": False}
    try:
        if not syntax.is_encapsulated:
            _require_length(dataset, one)
            progress.decoding(one.path, one_of_several=True)
        else:
            options["decoding_plugin"] = plugin
            codestream = _codestream(dataset, one)
            _require_size(codestream, syntax, one)
            progress.decoding(one.path, one_of_several=True)
            if plugin == "gdcm":
                _silence_gdcm()
            if syntax == JPEG_EXTENDED and one.bits_stored > 8:
                return _jpeg_of_12_bits(codestream, one)
        frame, _ = decoder.as_array(dataset, index=one.frame - 1, **options)
    except (UndecodableError, MemoryError, KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # decoders raise errors of many types; a panic in Rust is not an Exception
        raise UndecodableError(f"{transfer_syntax_name(syntax)} pixel data could not be decoded") from error
    # Convert big endian pixels to the native byte order, which bit operations assume.
    return np.ascontiguousarray(frame, frame.dtype.newbyteorder("="))


def _require_length(dataset: Any, one: Slice) -> None:
    """Native pixels fill their element, apart from a byte that makes its length even (PS3.5 8.1.1, 7.1.1)."""
    frames = max(1, int(dataset.get("NumberOfFrames") or 1))
    expected = frames * one.size[0] * one.size[1] * one.samples_per_pixel * one.bits_allocated // 8
    found = len(dataset.PixelData)
    if found < expected:
        raise UndecodableError(f"expected {expected} bytes of pixel data, found {found}: the file is truncated")
    if found > expected + expected % 2:
        raise UndecodableError(
            f"expected {expected} bytes of pixel data for {frames} x {one.size[0]} x {one.size[1]} pixels of "
            f"{one.bits_allocated} bits, found {found}"
        )


def _codestream(dataset: Any, one: Slice) -> bytes:
    """The compressed bytes of one frame."""
    from pydicom.encaps import get_frame

    frames = max(1, int(dataset.get("NumberOfFrames") or 1))
    offsets = dataset.get("ExtendedOffsetTable"), dataset.get("ExtendedOffsetTableLengths")
    extended = None if None in offsets else offsets
    return get_frame(dataset.PixelData, one.frame - 1, number_of_frames=frames, extended_offsets=extended)


def _require_size(codestream: bytes, syntax: str, one: Slice) -> None:
    """Raises UndecodableError if the compressed frame contradicts the header."""
    name, found = transfer_syntax_name(syntax), frame_of(codestream, syntax)
    if found is None:
        raise UndecodableError(f"{name} pixel data could not be decoded: they have no frame header")
    if found.size not in (None, one.size):
        raise UndecodableError(
            f"expected {one.size[0]}x{one.size[1]} pixels, found {_size_text(found.size)} in the {name} frame"
        )
    if found.samples != one.samples_per_pixel or found.bits > one.bits_allocated:
        raise UndecodableError(
            f"expected {one.samples_per_pixel} sample of up to {one.bits_allocated} bits per pixel, "
            f"found {found.samples} of {found.bits} in the {name} frame"
        )


def _size_text(size: tuple[int, int] | None) -> str:
    return "none" if size is None else f"{size[0]}x{size[1]}"


def _jpeg_of_12_bits(codestream: bytes, one: Slice) -> NDArray[Any]:
    """One frame of JPEG Extended with more than 8 bits, which GDCM decodes but pydicom's adapter to it does not."""
    import gdcm

    fragment = gdcm.Fragment()
    fragment.SetByteStringValue(codestream)
    fragments = gdcm.SequenceOfFragments.New()
    fragments.AddFragment(fragment)
    element = gdcm.DataElement(gdcm.Tag(0x7FE0, 0x0010))
    element.SetValue(fragments.__ref__())
    image = gdcm.Image()
    image.SetNumberOfDimensions(2)
    image.SetDimensions((one.size[1], one.size[0], 1))
    image.SetDataElement(element)
    image.SetPhotometricInterpretation(gdcm.PhotometricInterpretation(gdcm.PhotometricInterpretation.MONOCHROME2))
    image.SetTransferSyntax(gdcm.TransferSyntax(gdcm.TransferSyntax.JPEGExtendedProcess2_4))
    image.SetPixelFormat(gdcm.PixelFormat(1, 16, one.bits_stored, one.bits_stored - 1, int(one.signed)))
    # GDCM returns bytes as text, with surrogates for bytes that are not UTF-8.
    pixels = np.frombuffer(image.GetBuffer().encode("utf-8", "surrogateescape"), np.uint16)
    return pixels.reshape(one.size)


def _silence_gdcm() -> None:
    """Stop GDCM from writing to stderr; failures are reported by our own errors."""
    import gdcm

    gdcm.Trace.ErrorOff()
    gdcm.Trace.WarningOff()


def is_inverted(image: StoredImage, one: Slice) -> bool:
    """Whether the values of a MONOCHROME1 slice are inverted.

    By the standard only the display is inverted, and slope and intercept give HU as usual (PS3.3 C.7.6.3.1.2: the
    smallest is white *after* all transformations); some writers invert the values as well. Air and brain decide.
    """

    def likely(hu: NDArray[Any]) -> int:
        return int(np.count_nonzero((hu <= -900) | ((hu >= 0) & (hu <= 80))))

    return likely(hu_of(image, one, inverted=True)) > likely(hu_of(image, one))


def hu_of(image: StoredImage, one: Slice, *, inverted: bool = False) -> NDArray[Any]:
    """(rows, columns) HU of a slice: int16 if slope and intercept are integers, otherwise float32."""
    values = image.values
    if inverted:
        values = sum(stored_range(one)) - values
    slope, intercept = one.rescale or (1.0, 0.0)
    whole = slope.is_integer() and intercept.is_integer()
    # float64 is exact for integers of this size and cannot overflow.
    hu = values if (slope, intercept) == (1, 0) else values * slope + intercept
    hu = np.clip(hu, AIR_HU, HIGHEST_HU).astype(np.int16 if whole else np.float32)
    hu[_outside(image.padding, hu)] = AIR_HU
    return hu


def _outside(padding: NDArray[np.bool_], hu: NDArray[Any]) -> NDArray[np.bool_]:
    """The padding outside the image: all of it if its value is below tissue, otherwise the part that touches the
           border.

    Some writers state a padding value that also occurs in tissue (0, where 0 is water).
    """
    if not padding.any() or np.max(hu, where=padding, initial=AIR_HU) <= PADDING_BELOW_HU:
        return padding
    from scipy import ndimage

    labels, _ = ndimage.label(padding)
    border = np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])
    return np.isin(labels, border[border > 0])
