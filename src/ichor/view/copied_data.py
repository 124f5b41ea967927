"""The data in a copy of a result, as texts by name; the page's `copied.js` reads them."""

from __future__ import annotations

import base64
import json
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ichor.errors import IchorError
from ichor.view.change import change
from ichor.view.decisions import read_decisions
from ichor.view.measures import measures
from ichor.view.opened import Opened
from ichor.view.summaries import details

# The limit for all data together: browsers open a page of this size quickly, and it can be shared.
MOST_BYTES = 64 * 1024**2
WHOLE_HU = (-1024, 3071)  # the range of 12-bit CT: no window shows more
# HU beyond these look the same in the brain, stroke and subdural windows.
SOFT_HU = (-200, 300)
BEST = 9
PRIOR = 1  # the prior's number on the page; the result itself has 0

Parts = dict[str, str]


def data_of(opened: Opened, prior: Opened | None, correction: dict[str, Any] | None) -> tuple[Parts, list[str]]:
    """The data of a copy, and in words what it leaves out: what the result lacks, and what is too large.

    Raises IchorError if the scan alone is too large.
    """
    left_out = []
    parts = _of_scan(0, opened, WHOLE_HU)
    if _size(parts) > MOST_BYTES:
        left_out.append(f"the bone window ({_too_large()}; HU are clipped to {SOFT_HU[0]} to {SOFT_HU[1]})")
        parts = _of_scan(0, opened, SOFT_HU)
    if _size(parts) > MOST_BYTES:
        raise IchorError(
            f"{opened.listed.name}: expected a scan whose copy has at most {MOST_BYTES // 1024**2} MB, "
            f"found {_size(parts) // 1024**2} MB in {opened.scan.n_slices} slices"
        )
    probability = opened.probability()
    more: dict[str, Parts] = {}
    if probability is None:
        left_out.append("the probability of each voxel (the result does not have it)")
    else:
        more["the probability of each voxel"] = {"0-probability": _voxels(probability)}
    if prior is not None:
        told = {"number": PRIOR, "name": prior.listed.name, "change": change(opened, prior)}
        more["the prior scan"] = {"prior": _json(told), **_of_scan(PRIOR, prior, WHOLE_HU)}
    for words, others in more.items():
        if _size(parts) + _size(others) > MOST_BYTES:
            left_out.append(f"{words} ({_too_large()})")
        else:
            parts |= others
    return {**parts, "correction": _json(correction), "left-out": _json(left_out)}, left_out


def _of_scan(number: int, opened: Opened, bounds: tuple[int, int]) -> Parts:
    """A result with its scan; HU are clipped to the bounds, and windows that show more are left out."""
    listed = opened.listed
    result = {**details(number, listed), "decisions": read_decisions(listed.folder).model_dump(mode="json")}
    result["windows"] = [one for one in result["windows"] if one["level"] + one["width"] / 2 <= bounds[1]]
    scan = {**opened.geometry(), "has_mask": opened.labels is not None}
    parts = {"result": _json(result), "scan": _json(scan), "measures": _json(measures(opened))}
    parts["hu"] = _voxels(opened.hu(*bounds))
    if opened.labels is not None and opened.lesion_of is not None:
        parts |= {"labels": _voxels(opened.labels), "lesions": _voxels(opened.lesion_of)}
    return {f"{number}-{name}": text for name, text in parts.items()}


def _voxels(values: NDArray[Any]) -> str:
    """Differences of neighboring voxels, in the order of the array, compressed."""
    flat = values.ravel()
    steps = np.diff(flat, prepend=np.zeros(1, flat.dtype))  # modulo the type's range, as the page adds them up
    return base64.b64encode(zlib.compress(steps.tobytes(), BEST)).decode()


def _json(values: Any) -> str:
    # Only this sequence can end a script element.
    return json.dumps(values).replace("<", "\\u003c")


def _size(parts: Parts) -> int:
    return sum(map(len, parts.values()))


def _too_large() -> str:
    return f"the file would be larger than {MOST_BYTES // 1024**2} MB"
