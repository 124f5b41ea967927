"""Gray windows: conversion from Hounsfield units (HU) to gray values and back.

A gray window is a (level, width) pair in HU. The four below are standard for reading head CT; brain and bone are those
of the dataset (Hssayeni et al. 2019, section 3).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True, slots=True)
class GrayWindow:
    """A window of HU shown as gray 0 to 255. Raises ValueError for a width that is not positive."""

    level: float
    width: float

    def __post_init__(self) -> None:
        if not self.width > 0:
            raise ValueError(f"a gray window's width must be positive, found {self.width:g}")

    @property
    def lowest_hu(self) -> float:
        """HU at gray 0; lower values are clipped to it."""
        return self.level - self.width / 2

    @property
    def highest_hu(self) -> float:
        """HU at gray 255; higher values are clipped to it."""
        return self.level + self.width / 2

    @property
    def step_hu(self) -> float:
        """HU between two neighboring grays of an 8-bit image."""
        return self.width / 255

    def gray(self, hu: ArrayLike) -> NDArray[np.float32]:
        """Gray values from 0 to 255 (float, not rounded) of HU, any shape."""
        fraction = (np.asarray(hu, np.float32) - self.lowest_hu) / self.width
        return np.asarray(np.clip(fraction, 0, 1) * np.float32(255), np.float32)

    def hu(self, gray: ArrayLike) -> NDArray[np.float32]:
        """HU of gray values from 0 to 255, any shape; clipped values stay at the window's ends."""
        return np.asarray(gray, np.float32) / np.float32(255) * np.float32(self.width) + np.float32(self.lowest_hu)


BRAIN = GrayWindow(40, 120)
BONE = GrayWindow(700, 3200)
STROKE = GrayWindow(40, 40)
SUBDURAL = GrayWindow(80, 200)
DENSE_BLOOD_HU = 75.0  # a window that ends lower shows dense blood as bright as bone
NAMED_WINDOWS = {"brain": BRAIN, "bone": BONE, "stroke": STROKE, "subdural": SUBDURAL}
