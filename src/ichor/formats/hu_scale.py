"""HU as the 16-bit integers that NIfTI and DICOM store: HU = slope * stored + intercept."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class HuScale:
    """How HU are stored; the default stores integer HU unchanged."""

    slope: float = 1.0
    intercept: float = 0.0

    def stored(self, hu: NDArray[np.generic]) -> NDArray[np.int16]:
        """HU of any shape rounded to the nearest step, int16. Raises ValueError for HU beyond the range of 16 bits."""
        steps = np.rint((np.asarray(hu, np.float64) - self.intercept) / self.slope)
        ends = np.iinfo(np.int16)
        if steps.min() < ends.min or steps.max() > ends.max:
            lowest, highest = (self.slope * end + self.intercept for end in (ends.min, ends.max))
            raise ValueError(f"expected HU from {lowest:g} to {highest:g}, found {np.min(hu):g} to {np.max(hu):g}")
        return steps.astype(np.int16)


WHOLE_HU = HuScale()
