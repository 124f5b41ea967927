"""Distance-regularized level set evolution (DRLSE), on all slices of a stack at once.

Li, Xu, Gui and Fox 2010, "Distance regularized level set evolution and its application to image segmentation", IEEE
Transactions on Image Processing 19:3243-3254, doi:10.1109/TIP.2010.2069690. The level set function phi is negative
inside and stays close to a signed distance function by itself, through the double-well potential of their equation
(16), so that it never has to be initialized again.

Arrays are (n, rows, columns); slices do not influence each other. Lengths are in pixels.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Field = NDArray[np.float32]
Mask = NDArray[np.bool_]

INITIAL = 2.0  # phi starts as a step of this height on either side (Li et al., equation 25)
WIDTH = 1.5  # epsilon of the smoothed Heaviside and Dirac functions (their equations 21 and 22)
TINY = np.float32(1e-10)


def step_function(inside: Mask) -> Field:
    """The initial level set function of a region: -2 inside, 2 outside."""
    return np.where(inside, -INITIAL, INITIAL).astype(np.float32)


def edge_indicator(image: NDArray[Any], sigma: float, contrast: float = 1.0) -> Field:
    """g = 1 / (1 + (|gradient of the smoothed image| / contrast)^2), near 0 at edges (their equation 24)."""
    smoothed = ndimage.gaussian_filter(np.asarray(image, np.float32), (0, sigma, sigma))
    rows, columns = gradient(smoothed)
    return np.asarray(1 / (1 + (rows**2 + columns**2) / np.float32(contrast**2)), np.float32)


def evolve(
    phi: Field, force: Callable[[Field, Field], Field], *, steps: int, mu: float = 0.04, dt: float = 5.0
) -> Field:
    """Evolve phi for some steps.

    `force` takes phi and its Dirac function, and gives the rest of the right-hand side of the evolution equation; the
    regularization, with weight `mu`, is added here. Raises ValueError if mu * dt is not below 1/4, where the scheme is
    unstable (Li et al., section III-C).
    """
    if mu * dt >= 0.25:
        raise ValueError(f"expected mu * dt below 0.25, found {mu * dt:g}")
    phi = phi.astype(np.float32)
    for _ in range(steps):
        _neumann(phi)
        change = np.float32(mu) * _regularization(phi) + force(phi, dirac(phi))
        phi = phi + np.float32(dt) * change
    return phi


def edge_force(g: Field, *, length: float, area: float | Field) -> Callable[[Field, Field], Field]:
    """The force of DRLSE's edge-based model (their equation 30): weight `length` of the contour, `area` inside.

    A negative `area` expands the contour, a positive one shrinks it; it may differ from pixel to pixel.
    """
    g_rows, g_columns = gradient(g)

    def force(phi: Field, at: Field) -> Field:
        rows, columns = gradient(phi)
        size = np.sqrt(rows**2 + columns**2) + TINY
        rows, columns = rows / size, columns / size
        bending = g_rows * rows + g_columns * columns + g * divergence(rows, columns)
        return np.asarray(at * (np.float32(length) * bending + np.float32(1) * area * g), np.float32)

    return force


def curvature(phi: Field) -> Field:
    """The curvature of the level sets of phi."""
    rows, columns = gradient(phi)
    size = np.sqrt(rows**2 + columns**2) + TINY
    return divergence(rows / size, columns / size)


def dirac(phi: Field) -> Field:
    """The smoothed Dirac function: positive where |phi| <= `WIDTH`."""
    near = np.abs(phi) <= WIDTH
    return np.asarray(np.where(near, (1 + np.cos(np.pi * phi / WIDTH)) / (2 * WIDTH), 0), np.float32)


def gradient(image: Field) -> tuple[Field, Field]:
    """Central differences along rows and columns, one-sided at the border."""
    along_rows, along_columns = np.empty_like(image), np.empty_like(image)
    along_rows[:, 1:-1] = (image[:, 2:] - image[:, :-2]) / 2
    along_rows[:, 0], along_rows[:, -1] = image[:, 1] - image[:, 0], image[:, -1] - image[:, -2]
    along_columns[:, :, 1:-1] = (image[:, :, 2:] - image[:, :, :-2]) / 2
    along_columns[:, :, 0] = image[:, :, 1] - image[:, :, 0]
    along_columns[:, :, -1] = image[:, :, -1] - image[:, :, -2]
    return along_rows, along_columns


def divergence(along_rows: Field, along_columns: Field) -> Field:
    """The divergence of a vector field."""
    return gradient(along_rows)[0] + gradient(along_columns)[1]


def _regularization(phi: Field) -> Field:
    """div(d_p(|grad phi|) grad phi) for the double-well potential p2, by their equations (16), (18) and (20)."""
    rows, columns = gradient(phi)
    size = np.sqrt(rows**2 + columns**2)
    low = size <= 1
    slope = np.where(low, np.sin(2 * np.pi * size) / (2 * np.pi), size - 1)
    rate = np.where(slope == 0, 1, slope) / np.where(size == 0, 1, size)
    beyond = (rate - 1).astype(np.float32)
    return divergence(beyond * rows, beyond * columns) + _laplacian(phi)


def _laplacian(phi: Field) -> Field:
    padded = np.pad(phi, ((0, 0), (1, 1), (1, 1)), mode="edge")
    around = padded[:, 2:, 1:-1] + padded[:, :-2, 1:-1] + padded[:, 1:-1, 2:] + padded[:, 1:-1, :-2]
    return np.asarray(around - 4 * phi, np.float32)


def _neumann(phi: Field) -> None:
    """The boundary condition of Li et al.: the outermost rows and columns repeat those two further in."""
    phi[:, 0], phi[:, -1] = phi[:, 2], phi[:, -3]
    phi[:, :, 0], phi[:, :, -1] = phi[:, :, 2], phi[:, :, -3]
