"""Scans unlike those that the models were made for, made by code, and a whole head that is like them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from scipy import ndimage

from ichor.scan import Scan
from ichor.windows import BRAIN, GrayWindow
from synthetic_scans import AIR_HU, SKULL_HU, synthetic_head

N, SIZE, PIXEL_MM = 30, 256, 0.9
BODY_HU, BODY_SIZE = 50, 400


def whole_head(**geometry: Any) -> Scan:
    """A head from below the skull base to the vertex, its brain as grainy as a scanner's and of two grays."""
    usual = {"n": N, "size": SIZE, "pixel_mm": (PIXEL_MM, PIXEL_MM), "distances_mm": 5.0}
    scan = synthetic_head(**usual | geometry)
    rng = np.random.default_rng(0)
    tissue = (scan.voxels > AIR_HU) & (scan.voxels < SKULL_HU)
    white = ndimage.gaussian_filter(rng.normal(size=scan.voxels.shape), (0, 8, 8)) > 0
    grainy = scan.voxels + tissue * (rng.normal(0, 4, tissue.shape) + np.where(white, -5, 5))
    return replace(scan, voxels=np.rint(grainy).astype(np.int16))


HEAD = whole_head()


def hu(change: Callable[[np.ndarray], np.ndarray]) -> Scan:
    return replace(HEAD, voxels=change(HEAD.voxels.astype(np.int32)).astype(np.int16))


def images(window: GrayWindow, stated: GrayWindow = BRAIN, of: Scan = HEAD) -> Scan:
    return replace(of, voxels=np.rint(window.gray(of.voxels)).astype(np.uint8), gray_window=stated)


def slices(order: Any) -> Scan:
    """Some slices of the head, in this order, lying one above the other."""
    n = len(np.arange(N)[order])
    parts = {name: getattr(HEAD, name)[:n] for name in ("pixel_mm", "positions_mm", "orientation", "thickness_mm")}
    return replace(HEAD, voxels=HEAD.voxels[order], **parts)


def leaning(degrees: float) -> np.ndarray:
    """(n, 2, 3) the orientation of slices that lean about the left-right axis."""
    angle = np.radians(degrees)
    return np.tile([[1, 0, 0], [0, np.cos(angle), np.sin(angle)]], (N, 1, 1))


def ellipse(rows_mm: float, columns_mm: float, size: int = SIZE) -> np.ndarray:
    """(size, size) how far each pixel is from the middle, 1 on the ellipse with these half axes."""
    rows, columns = (np.mgrid[:size, :size] - (size - 1) / 2) * PIXEL_MM
    return np.hypot(rows / rows_mm, columns / columns_mm)


def of_one_slice(voxels: np.ndarray) -> Scan:
    noise = np.random.default_rng(0).normal(0, 4, (N, *voxels.shape))
    stack = np.rint(voxels + noise * (voxels > AIR_HU)).astype(np.int16)
    return replace(HEAD, voxels=stack)


def water() -> Scan:
    """A cylinder as a quality check scans."""
    return of_one_slice(np.where(ellipse(90, 90) < 1, 0, AIR_HU))


def arm() -> Scan:
    """Muscle around a bone."""
    within = ellipse(45, 45)
    return of_one_slice(np.select([within < 0.15, within < 0.3, within < 1], [30, SKULL_HU, BODY_HU], AIR_HU))


def abdomen() -> Scan:
    """Fat around muscle and organs, a spine, and ribs all round."""
    within = ellipse(105, 160, BODY_SIZE)
    voxels = np.select([within < 0.85, within < 1], [BODY_HU, -100], AIR_HU)
    rows, columns = (np.mgrid[:BODY_SIZE, :BODY_SIZE] - (BODY_SIZE - 1) / 2) * PIXEL_MM
    voxels[np.hypot(rows - 55, columns) < 20] = 300
    for turn in np.linspace(0, 2 * np.pi, 16, endpoint=False):
        voxels[np.hypot(rows - 84 * np.sin(turn), columns - 128 * np.cos(turn)) < 8] = 500
    return of_one_slice(voxels)


def chest() -> Scan:
    scan = abdomen()
    lungs = (ellipse(75, 110, BODY_SIZE) < 1) & (abs(np.arange(BODY_SIZE) - BODY_SIZE / 2) > 50)
    return replace(scan, voxels=np.where(lungs, -850, scan.voxels).astype(np.int16))


def with_vessels(blood_hu: float) -> Scan:
    """The sagittal sinus at the back, and an artery to each side."""
    voxels = HEAD.voxels.copy()
    rows, columns = (np.mgrid[:SIZE, :SIZE] - (SIZE - 1) / 2) * PIXEL_MM
    for scan_slice in voxels:
        brain = np.flatnonzero((scan_slice[:, SIZE // 2] < SKULL_HU) & (scan_slice[:, SIZE // 2] > AIR_HU))
        if brain.size:
            back = (brain[-1] - (SIZE - 1) / 2) * PIXEL_MM
            for row, column, radius in ((back - 4, 0, 5), (0, 30, 1.5), (0, -30, 1.5)):
                scan_slice[(np.hypot(rows - row, columns - column) < radius) & (scan_slice < SKULL_HU)] = blood_hu
    return replace(HEAD, voxels=voxels)


def padded(scan: Scan, value: int, slices: tuple[int, int] = (0, 0), pixels: tuple[int, ...] = (0, 0, 0, 0)) -> Scan:
    """Slices of one value below and above, and pixels in front, at the back, to the right and the left."""
    n = scan.n_slices + sum(slices)
    assert scan.positions_mm is not None
    step = scan.positions_mm[1] - scan.positions_mm[0]
    return replace(
        scan,
        voxels=np.pad(scan.voxels, (slices, pixels[:2], pixels[2:]), constant_values=value),
        positions_mm=scan.positions_mm[0] + step * np.arange(-slices[0], n - slices[0])[:, None],
        **{name: np.repeat(getattr(scan, name)[:1], n, 0) for name in ("pixel_mm", "orientation", "thickness_mm")},
    )


def cut_off(of: Scan = HEAD, **sides: int) -> Scan:
    """So many pixels of the head, wherever it ends, beyond the field: of its front, back, right or left."""
    head = np.argwhere((of.voxels > of.voxels.min()).any(axis=0))
    (top, first), (below, last) = head.min(axis=0), head.max(axis=0) + 1
    ends = {"front": top, "back": below, "right": first, "left": last}
    for side, px in sides.items():
        ends[side] += px if side in ("front", "right") else -px
    rows, columns = (
        slice(ends[one] if one in sides else 0, ends[other] if other in sides else None)
        for one, other in (("front", "back"), ("right", "left"))
    )
    return replace(of, voxels=of.voxels[:, rows, columns])


def in_disc(radius_mm: float, outside_hu: int) -> Scan:
    """A round field about the head, one value around it, which fills the slices from side to side."""
    size = 2 * int(radius_mm / PIXEL_MM) + 1
    within = ellipse(radius_mm, radius_mm, size) <= 1
    first = (SIZE - size) // 2
    voxels = HEAD.voxels[:, first : first + size, first : first + size]
    return replace(HEAD, voxels=np.where(within, voxels, outside_hu).astype(np.int16))


def with_air_noise(scan: Scan) -> Scan:
    """Air as a scanner has it where it clips nothing."""
    noise = np.random.default_rng(1).normal(0, 15, scan.voxels.shape)
    return replace(scan, voxels=np.rint(scan.voxels + noise * (scan.voxels <= AIR_HU)).astype(np.int16))


def with_headrest(scan: Scan) -> Scan:
    """A shell as dense as bone along the left side of the field, and past the back of the head."""
    voxels = scan.voxels.copy()
    voxels[:, SIZE // 2 :, -2:] = 400
    voxels[:, -12:-9] = 150
    return replace(scan, voxels=voxels)


def with_empty(*slices: int, value: int = AIR_HU) -> Scan:
    """The head, but those slices show nothing."""
    voxels = HEAD.voxels.copy()
    voxels[list(slices)] = value
    return replace(HEAD, voxels=voxels)


def noisy(sd_hu: float) -> Scan:
    """As a kernel for bone makes it: noise of its own in each pixel."""
    noise = np.random.default_rng(2).normal(0, sd_hu, HEAD.voxels.shape)
    return replace(HEAD, voxels=np.rint(HEAD.voxels + noise * (HEAD.voxels > AIR_HU)).astype(np.int16))


def with_metal(k: int, metal_hu: int = 3071, of: Scan = HEAD) -> Scan:
    """25 voxels of metal on slice k."""
    voxels = of.voxels.copy()
    voxels[k, 100:105, 100:105] = metal_hu
    return replace(of, voxels=voxels)
