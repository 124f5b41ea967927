"""Stored values of DICOM images, and the HU they stand for.

The way is that of PS3.3 C.7.6.3 and C.11.1: unpack the bits stored, mark the padding, then slope and
intercept.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ichor.read import progress
from ichor.read.base import printable
from ichor.read.dicom import elements
from ichor.read.dicom.codestream import RLE, frame_of
from ichor.read.dicom.files import parse, quietly
from ichor.read.dicom.header import Slice
from ichor.read.dicom.keywords import KEYWORDS, OVERLAY_BITS, PIXEL_KEYWORDS

PADDING_BELOW_HU = -500  # a padding value above may be tissue
AIR_HU = -1024  # what padding becomes, and the lowest HU given
HIGHEST_HU = 32767  # what int16 holds; metal beyond it is clipped
JPEG_EXTENDED = "1.2.840.10008.1.2.4.51"
JPEG_FAMILY = "1.2.840.10008.1.2.4."
TAGS = [*KEYWORDS, *PIXEL_KEYWORDS]
MOST_BEYOND = 0.05  # of a slice: metal and bone that Bits Stored is too small for
BRIGHT_PERCENTILE = 75.0  # around them
IMPLICIT_LITTLE_ENDIAN, EXPLICIT_LITTLE_ENDIAN = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1"
EXPLICIT_BIG_ENDIAN = "1.2.840.10008.1.2.2"
# Each decoder where it does best: GDCM for the JPEG family, OpenJPEG for JPEG 2000, and RLE in compiled code.
PLUGINS = {"1.2.840.10008.1.2.4.9": "pylibjpeg", "1.2.840.10008.1.2.4.20": "pylibjpeg", RLE: "pylibjpeg"}


class UndecodableError(Exception):
    """Pixel data that cannot be had from a file; the message says why, without the file's name."""


@dataclass(frozen=True, slots=True, eq=False)
class StoredImage:
    """One frame as stored: (rows, columns) integer values with their sign, and where there is padding.

    `widened` where the values are of all bits, since Bits Stored cannot hold them; `masked` where others had bits set
    beyond Bits Stored that mean nothing known.
    """

    values: NDArray[Any]
    padding: NDArray[np.bool_]
    widened: bool = False
    masked: bool = False


def stored_images(slices: Sequence[Slice]) -> Iterator[tuple[Slice, StoredImage | UndecodableError]]:
    """The frames of the slices, in their order; or in place of a frame, why it cannot be had.

    What was not kept of a file when its header was read is read now, once as long as its frames stand together.
    """
    opened: tuple[Path | None, Any] = (None, None)
    for one in slices:
        found: StoredImage | UndecodableError
        try:
            with quietly():
                if opened[0] != one.path:
                    dataset = parse(one.path.read_bytes(), TAGS, with_pixels=True) if one.kept is None else one.kept
                    opened = (one.path, _with_syntax(dataset))
                found = _stored(_frame(opened[1], one), one, has_overlay=_has_overlay(opened[1]))
        except UndecodableError as error:
            found = error
        except OSError as error:
            found = UndecodableError(error.strerror or "could not be read")
        except MemoryError:
            raise
        except Exception:  # pydicom raises whatever its parser stumbles over, some of it only on access
            found = UndecodableError("the file is damaged")
        yield one, found


def transfer_syntax_name(uid: str) -> str:
    """The name of a transfer syntax for people; its UID where it has none."""
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
    """One frame as the decoder gives it, still with unused bits."""
    from pydicom.pixels.decoders.base import get_decoder

    if progress.is_left_out(one.path):
        raise UndecodableError("its pixel data make the decoder crash")
    if "PixelData" not in dataset:
        raise UndecodableError("expected pixel data, found none: the file is cut short")
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
                _hush_gdcm()
            if syntax == JPEG_EXTENDED and one.bits_stored > 8:
                return _jpeg_of_12_bits(codestream, one)
        frame, _ = decoder.as_array(dataset, index=one.frame - 1, **options)
    except (UndecodableError, MemoryError, KeyboardInterrupt, SystemExit):
        raise
    except (
        BaseException
    ) as error:  # decoders raise whatever they stumble over; one in Rust panics, which is no Exception
        raise UndecodableError(f"{transfer_syntax_name(syntax)} pixel data could not be decoded") from error
    # Big endian pixels come as such; below, bits are counted in the machine's own order.
    return np.ascontiguousarray(frame, frame.dtype.newbyteorder("="))


def _require_length(dataset: Any, one: Slice) -> None:
    """Native pixels fill their element, but for one byte that makes its length even (PS3.5 8.1.1, 7.1.1)."""
    frames = max(1, int(dataset.get("NumberOfFrames") or 1))
    expected = frames * one.size[0] * one.size[1] * one.samples_per_pixel * one.bits_allocated // 8
    found = len(dataset.PixelData)
    if found < expected:
        raise UndecodableError(f"expected {expected} bytes of pixel data, found {found}: the file is cut short")
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
    """What the compressed frame says of itself is what the header says."""
    name, found = transfer_syntax_name(syntax), frame_of(codestream, syntax)
    if found is None:
        raise UndecodableError(f"{name} pixel data could not be decoded: no frame header in it")
    if found.size not in (None, one.size):
        raise UndecodableError(
            f"expected {one.size[0]}x{one.size[1]} pixels, found {_by(found.size)} in the {name} frame"
        )
    if found.samples != one.samples_per_pixel or found.bits > one.bits_allocated:
        raise UndecodableError(
            f"expected {one.samples_per_pixel} sample of up to {one.bits_allocated} bits a pixel, "
            f"found {found.samples} of {found.bits} in the {name} frame"
        )


def _by(size: tuple[int, int] | None) -> str:
    return "none" if size is None else f"{size[0]}x{size[1]}"


def _jpeg_of_12_bits(codestream: bytes, one: Slice) -> NDArray[Any]:
    """One frame of JPEG Extended of more than 8 bits, which GDCM decodes and pydicom's adapter to it does not."""
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
    # GDCM hands bytes over as text; surrogates stand for what is not UTF-8.
    pixels = np.frombuffer(image.GetBuffer().encode("utf-8", "surrogateescape"), np.uint16)
    return pixels.reshape(one.size)


def _hush_gdcm() -> None:
    """GDCM writes to stderr on its own; what fails is told by our own errors."""
    import gdcm

    gdcm.Trace.ErrorOff()
    gdcm.Trace.WarningOff()


def _has_overlay(dataset: Any) -> bool:
    """Whether bits of the pixels are those of an overlay (PS3.3 C.9.2, until 2004)."""
    return any(elements.integer(dataset[tag].value) for tag in OVERLAY_BITS if tag in dataset)


def _stored(container: NDArray[Any], one: Slice, *, has_overlay: bool) -> StoredImage:
    """The bits stored of each container, with their sign (PS3.5 8.1.1).

    Other bits may hold anything, overlays in old files. Native and RLE pixels keep them; the JPEG family does
    not.
    """
    if container.shape != one.size:
        found = "x".join(map(str, container.shape))
        raise UndecodableError(f"expected {one.size[0]}x{one.size[1]} pixels, found {found}")
    if container.dtype.kind not in "iu" or one.bits_stored > 32:
        raise UndecodableError(f"expected integer pixels, found {container.dtype} of {one.bits_stored} bits")
    bits_allocated = 8 * container.dtype.itemsize
    wide = np.int32 if bits_allocated < 32 else np.int64
    unsigned: NDArray[Any] = container.view(f"u{container.dtype.itemsize}").astype(wide)
    jpeg = one.transfer_syntax.startswith(JPEG_FAMILY)
    low_bit = 0 if jpeg else max(0, one.high_bit + 1 - one.bits_stored)
    values = _with_sign((unsigned >> low_bit) & ((1 << one.bits_stored) - 1), one.bits_stored, one.signed)
    low, high = one.padding or (0, -1)
    least, most = _stored_range(one)
    whole = container.view(f"{'i' if one.signed else 'u'}{container.dtype.itemsize}")
    beyond = None
    if low_bit == 0 and (whole.min() < least or whole.max() > most):
        whole = whole.astype(wide)
        beyond = ((whole < least) | (whole > most)) & ~((whole >= low) & (whole <= high))
        if not has_overlay and _are_values(whole, beyond, values, one):
            return StoredImage(whole, (whole >= low) & (whole <= high), widened=True)
    # A padding value that the bits stored cannot hold was written into the whole container.
    padded = _with_sign(unsigned, bits_allocated, one.signed) if low < least or high > most else values
    padding = (padded >= low) & (padded <= high)
    return StoredImage(values, padding, masked=not has_overlay and beyond is not None and bool(beyond.any()))


def _are_values(whole: NDArray[Any], beyond: NDArray[np.bool_], values: NDArray[Any], one: Slice) -> bool:
    """Whether values beyond Bits Stored are values all the same: of metal or bone, which lie in bright surroundings.

    Bits that mean something else lie anywhere. All of the upper bits set are those of a negative number.
    """
    _, most = _stored_range(one)
    negative = (1 << 8 * whole.dtype.itemsize) if one.signed else (1 << one.bits_allocated) - (most + 1) // 2
    share = float(beyond.mean())
    if not 0 < share <= MOST_BEYOND or whole[beyond].min() <= most or whole[beyond].max() >= negative:
        return False
    from scipy import ndimage

    beside = ndimage.binary_dilation(beyond, np.ones((3, 3))) & ~beyond
    return bool(np.median(values[beside]) > np.percentile(values[~beyond], BRIGHT_PERCENTILE))


def _with_sign(unsigned: NDArray[Any], bits: int, signed: bool) -> NDArray[Any]:
    sign = 1 << (bits - 1)
    return (unsigned ^ sign) - sign if signed else unsigned


def _stored_range(one: Slice) -> tuple[int, int]:
    half = 1 << (one.bits_stored - 1)
    return (-half, half - 1) if one.signed else (0, 2 * half - 1)


def is_inverted(image: StoredImage, one: Slice) -> bool:
    """Whether the values of a MONOCHROME1 slice are inverted.

    By the standard it is only shown inverted, and its values are HU by slope and intercept as any (PS3.3
    C.7.6.3.1.2: the smallest is white *after* all transformations); some writers invert the values as well. Air
    and brain tell.
    """

    def likely(hu: NDArray[Any]) -> int:
        return int(np.count_nonzero((hu <= -900) | ((hu >= 0) & (hu <= 80))))

    return likely(hu_of(image, one, inverted=True)) > likely(hu_of(image, one))


def hu_of(image: StoredImage, one: Slice, *, inverted: bool = False) -> NDArray[Any]:
    """(rows, columns) HU of a slice: int16 where slope and intercept are whole numbers, else float32."""
    values = image.values
    if inverted:
        values = sum(_stored_range(one)) - values
    slope, intercept = one.rescale or (1.0, 0.0)
    whole = slope.is_integer() and intercept.is_integer()
    # Counting in float64 is exact for whole numbers of this size and cannot overflow.
    hu = values if (slope, intercept) == (1, 0) else values * slope + intercept
    hu = np.clip(hu, AIR_HU, HIGHEST_HU).astype(np.int16 if whole else np.float32)
    hu[_outside(image.padding, hu)] = AIR_HU
    return hu


def _outside(padding: NDArray[np.bool_], hu: NDArray[Any]) -> NDArray[np.bool_]:
    """Where padding stands for nothing: all of it where its value is none of tissue, else what the border touches.

    Some writers name a padding value that tissue has too (0 where 0 is water).
    """
    if not padding.any() or np.max(hu, where=padding, initial=AIR_HU) <= PADDING_BELOW_HU:
        return padding
    from scipy import ndimage

    labels, _ = ndimage.label(padding)
    border = np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])
    return np.isin(labels, border[border > 0])
