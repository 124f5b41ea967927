"""Values of DICOM elements as Python values; missing or invalid ones are None or NaN."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ichor.read.base import printable


def values(places: Sequence[Any], keywords: Sequence[str]) -> Iterator[Any]:
    """The values of the first keyword in each of these datasets, then of the next keyword."""
    for keyword in keywords:
        tag = _tag(keyword)
        for place in places:
            if tag not in place.keys():  # noqa: SIM118 (`in` on a Dataset parses elements, its keys do not)
                continue
            try:
                value = place[tag].value
            except Exception:  # noqa: S112 - unparsable elements count as missing; required ones are checked later
                continue
            if value is not None and value != "":
                yield value


@cache
def _tag(keyword: str) -> int:
    from pydicom.datadict import tag_for_keyword

    found = tag_for_keyword(keyword)
    assert found is not None, keyword
    return found


def _first(value: Any) -> Any:
    """The first value of a multi-valued element; the value itself if there is only one."""
    if isinstance(value, str | int | float) or value is None:
        return value
    try:
        return value[0] if len(value) else None
    except TypeError:
        return value


def number(value: Any) -> float | None:
    """A finite number; the first of several."""
    try:
        found = float(_first(value))
    except (TypeError, ValueError):
        return None
    return found if np.isfinite(found) else None


def integer(value: Any) -> int | None:
    """An integer; the first of several."""
    found = number(value)
    return None if found is None else int(found)


def text(value: Any) -> str | None:
    """Text without characters that could break a line; the first of several."""
    value = _first(value)
    return None if value is None else printable(str(value).strip().strip("\0")) or None


def texts(value: Any) -> tuple[str, ...]:
    """All of several texts, in capitals."""
    if value is None:
        return ()
    several = (value,) if isinstance(value, str) else tuple(value)
    return tuple(printable(str(one).strip().upper()) for one in several)


def numbers(value: Any, count: int) -> NDArray[np.float64]:
    """(count,) numbers; NaN unless there are exactly that many."""
    try:
        found = np.asarray(value, np.float64)
    except (TypeError, ValueError):
        found = np.empty(0)
    return found if found.shape == (count,) and np.all(np.isfinite(found)) else np.full(count, np.nan)


def orientation(value: Any) -> NDArray[np.float64]:
    """(2, 3) unit vectors of rows and columns; NaN unless they are perpendicular."""
    axes = numbers(value, 6).reshape(2, 3)
    lengths = np.linalg.norm(axes, axis=1, keepdims=True)
    if np.all(np.abs(lengths - 1) < 0.01) and abs(axes[0] @ axes[1]) < 0.01:
        return np.asarray(axes / lengths, np.float64)
    return np.full((2, 3), np.nan)


def padding(dataset: Any, signed: bool) -> tuple[int, int] | None:
    """The range of padding values. Writers confuse US and SS here, so the bits are interpreted as the pixels are."""
    value = integer(dataset.get("PixelPaddingValue"))
    if value is None:
        return None
    limit = integer(dataset.get("PixelPaddingRangeLimit"))
    ends = sorted(_as_stored(end, signed) for end in (value, value if limit is None else limit))
    return ends[0], ends[1]


def _as_stored(value: int, signed: bool) -> int:
    value &= 0xFFFF
    return value - 0x10000 if signed and value >= 0x8000 else value
