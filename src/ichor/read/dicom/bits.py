"""Extracting values from stored pixel data: which bits are used (PS3.5 8.1.1), and which values are padding."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ichor.read.dicom import elements
from ichor.read.dicom.header import Slice
from ichor.read.dicom.keywords import OVERLAY_BITS

JPEG_FAMILY = "1.2.840.10008.1.2.4."
MAX_SHARE_BEYOND = 0.05  # of a slice: metal and bone beyond the range of Bits Stored
BRIGHT_PERCENTILE = 75.0  # of surrounding pixels


class UndecodableError(Exception):
    """Pixel data that cannot be decoded; the message gives the reason, without the file's name."""


@dataclass(frozen=True, slots=True, eq=False)
class StoredImage:
    """One frame as stored: (rows, columns) integer values with their sign, and where there is padding.

    `widened` if all allocated bits were used because Bits Stored is too small for the values; `masked` if bits beyond
    Bits Stored were set and ignored because their meaning is unknown.
    """

    values: NDArray[Any]
    padding: NDArray[np.bool_]
    widened: bool = False
    masked: bool = False


def has_overlay(dataset: Any) -> bool:
    """Whether unused bits of the pixels hold an overlay (PS3.3 C.9.2, until 2004)."""
    return any(elements.integer(dataset[tag].value) for tag in OVERLAY_BITS if tag in dataset)


def stored_image(container: NDArray[Any], one: Slice, *, overlay: bool) -> StoredImage:
    """The stored bits of each pixel, with their sign (PS3.5 8.1.1); `overlay` if other bits hold an overlay.

    Other bits may hold anything, such as overlays in old files. Native and RLE pixels keep them; JPEG does not.
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
    least, most = stored_range(one)
    whole = container.view(f"{'i' if one.signed else 'u'}{container.dtype.itemsize}")
    beyond = None
    if low_bit == 0 and one.bits_stored < bits_allocated and (whole.min() < least or whole.max() > most):
        whole = whole.astype(wide)
        beyond = ((whole < least) | (whole > most)) & ~((whole >= low) & (whole <= high))
        if not overlay and _are_values(whole, beyond, values, one):
            return StoredImage(whole, (whole >= low) & (whole <= high), widened=True)
    masked = not overlay and beyond is not None and bool(beyond.any())
    if one.padding is None:
        return StoredImage(values, np.zeros(values.shape, np.bool_), masked=masked)
    # A padding value beyond the range of Bits Stored uses all allocated bits.
    padded = _with_sign(unsigned, bits_allocated, one.signed) if low < least or high > most else values
    return StoredImage(values, (padded >= low) & (padded <= high), masked=masked)


def _are_values(whole: NDArray[Any], beyond: NDArray[np.bool_], values: NDArray[Any], one: Slice) -> bool:
    """Whether values beyond Bits Stored are real: those of metal or bone, which have bright surroundings.

    Bits with another meaning occur anywhere. All of the upper bits set indicate a negative number.
    """
    _, most = stored_range(one)
    negative = (1 << 8 * whole.dtype.itemsize) if one.signed else (1 << one.bits_allocated) - (most + 1) // 2
    share = float(beyond.mean())
    if not 0 < share <= MAX_SHARE_BEYOND or whole[beyond].min() <= most or whole[beyond].max() >= negative:
        return False
    from scipy import ndimage

    surroundings = ndimage.binary_dilation(beyond, np.ones((3, 3))) & ~beyond
    return bool(np.median(values[surroundings]) > np.percentile(values[~beyond], BRIGHT_PERCENTILE))


def _with_sign(unsigned: NDArray[Any], bits: int, signed: bool) -> NDArray[Any]:
    sign = 1 << (bits - 1)
    return (unsigned ^ sign) - sign if signed else unsigned


def stored_range(one: Slice) -> tuple[int, int]:
    """The lowest and the highest value that Bits Stored can hold."""
    half = 1 << (one.bits_stored - 1)
    return (-half, half - 1) if one.signed else (0, 2 * half - 1)
