"""The scale at which a scan's HU are stored as 16-bit integers."""

from __future__ import annotations

from ichor.dataset.ct_ich.release import GRAY_STEPS
from ichor.formats.hu_scale import WHOLE_HU, HuScale
from ichor.scan import Scan

OF_GRAY = frozenset({"ct-ich", "video", "images"})


def hu_scale(scan: Scan) -> HuScale:
    """The gray-level steps of the windows if the scan was read from windowed images; otherwise whole HU."""
    return GRAY_STEPS if scan.source.kind in OF_GRAY else WHOLE_HU
