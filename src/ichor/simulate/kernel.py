"""Reconstruction kernels by frequency: the same data reconstructed with a softer or sharper kernel.

A kernel multiplies the image's spatial frequencies by its modulation transfer function. A soft kernel attenuates high
frequencies early. A sharp one amplifies those of a few line pairs per cm, which makes edges of the skull overshoot into
the brain, and increases noise. What a soft kernel has removed cannot be restored: only what is left can be amplified.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from ichor.dataset.case import Case
from ichor.simulate.resample import changed, hu_of, pixel_mm_of

_LOWEST_HU, _HIGHEST_HU = -1024.0, 3071.0  # of 12 bits, to which scanners clip


def kernel(raised: float, peak_per_mm: float, cutoff_per_mm: float, case: Case) -> Case:
    """The case reconstructed with a kernel that passes frequency f times `transfer(f)`."""
    hu, (row_mm, column_mm) = hu_of(case), pixel_mm_of(case)
    rows, columns = hu.shape[1:]
    frequency = np.hypot(np.fft.fftfreq(rows, row_mm)[:, None], np.fft.rfftfreq(columns, column_mm))
    passed = transfer(frequency, raised, peak_per_mm, cutoff_per_mm).astype(np.float32)
    changed_hu = fft.irfft2(fft.rfft2(hu) * passed, s=(rows, columns))
    return changed(case, np.clip(changed_hu, _LOWEST_HU, _HIGHEST_HU).astype(np.float32))


def transfer(
    frequency: NDArray[np.float64], raised: float, peak_per_mm: float, cutoff_per_mm: float
) -> NDArray[np.float64]:
    """How much of each frequency, in cycles per mm, passes.

    1 at 0, so that HU stay the same; `raised` more than that around `peak_per_mm`; then a fall to one half at
    `cutoff_per_mm`.
    """
    bump = (frequency / peak_per_mm) ** 2 * np.exp(1 - (frequency / peak_per_mm) ** 2)
    return np.asarray((1 + raised * bump) * np.exp(-np.log(2) * (frequency / cutoff_per_mm) ** 4))
