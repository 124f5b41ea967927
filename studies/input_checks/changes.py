"""Modifications of scans that simulate mistakes in acquisition, export or conversion."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from scipy import ndimage

from ichor.anatomy.head import coarse_hu, find_head
from ichor.scan import FloatArray, Scan
from ichor.windows import BONE, BRAIN, STROKE, SUBDURAL, GrayWindow

SHOWN_AS_BRAIN = {
    "bone window": BONE,
    "subdural window": SUBDURAL,
    "stroke window": STROKE,
    "level 40, width 10": GrayWindow(40, 10),
    "level 40, width 80": GrayWindow(40, 80),
    "level 40, width 400": GrayWindow(40, 400),
}
CUT_MM = 25  # width of the part of the head outside the field of view
PADDING_PX, PADDING_SLICES = 10, 6
VESSELS_HU = (50, 75, 120, 250)  # enhancement of vessels


def coarse(scan: Scan) -> Scan:
    """The scan with the subsampled pixels that the checks use."""
    hu, step = coarse_hu(scan)
    assert scan.pixel_mm is not None
    return replace(scan, voxels=hu, pixel_mm=scan.pixel_mm * step)


def gray(scan: Scan, window: GrayWindow, stated: GrayWindow, *, inverted: bool = False) -> Scan:
    """The scan as 8-bit images in a window, labeled as images in the window `stated`."""
    values = np.rint(window.gray(scan.voxels)).astype(np.uint8)
    return replace(scan, voxels=255 - values if inverted else values, gray_window=stated)


def of_slices(scan: Scan, order: np.ndarray) -> Scan:
    """The scan with only these slices, in this order, at the positions of its lowest slices."""
    n = len(order)
    parts = {name: getattr(scan, name)[:n] for name in ("pixel_mm", "positions_mm", "orientation", "thickness_mm")}
    return replace(scan, voxels=scan.voxels[order], **parts)


def cut_off(scan: Scan, *sides: str) -> Scan:
    """The scan with `CUT_MM` of the head outside the field of view on the given sides, "back" or "left"."""
    assert scan.pixel_mm is not None
    head, cut_px = find_head(scan), round(CUT_MM / float(scan.pixel_mm.mean()))
    end_row = head.rows[1] - cut_px if "back" in sides else None
    end_column = head.columns[1] - cut_px if "left" in sides else None
    return replace(scan, voxels=scan.voxels[:, :end_row, :end_column])


def in_disc(scan: Scan, outside_hu: float) -> Scan:
    """The scan with a circular field of view, `CUT_MM` narrower than the head on each side."""
    assert scan.pixel_mm is not None
    head, voxels = find_head(scan), np.array(scan.voxels)
    radius = (head.columns[1] - head.columns[0]) / 2 - CUT_MM / float(scan.pixel_mm.mean())
    (row, column), length = head.centre, int(np.ceil(radius)) + 1
    padded = np.pad(voxels, ((0, 0), (length, length), (length, length)), constant_values=voxels.min())
    top, left = round(row), round(column)
    cropped = padded[:, top : top + 2 * length + 1, left : left + 2 * length + 1]
    down, across = np.mgrid[-length : length + 1, -length : length + 1]
    return replace(scan, voxels=np.where(np.hypot(down, across) <= radius, cropped, outside_hu))


def padded(scan: Scan, value: float, *, slices: int = PADDING_SLICES, pixels: int = PADDING_PX) -> Scan:
    """The scan padded with one value: `slices` below and above, and `pixels` on each side."""
    around = ((slices, slices), (pixels, pixels), (pixels, pixels))
    parts = {
        name: np.pad(getattr(scan, name), (around[0], *[(0, 0)] * (getattr(scan, name).ndim - 1)), mode="edge")
        for name in ("pixel_mm", "orientation", "thickness_mm")
        if getattr(scan, name) is not None
    }
    assert scan.positions_mm is not None
    step = np.median(np.diff(scan.positions_mm, axis=0), axis=0)
    below = scan.positions_mm[0] - step * np.arange(slices, 0, -1)[:, None]
    above = scan.positions_mm[-1] + step * np.arange(1, slices + 1)[:, None]
    positions = np.concatenate([below, scan.positions_mm, above])
    voxels = np.pad(scan.voxels, around, constant_values=value)
    return replace(scan, voxels=voxels, positions_mm=positions, **parts)


def with_empty_slice(scan: Scan) -> Scan:
    """The scan with a black middle slice, as if its pixels were lost."""
    voxels = np.array(scan.voxels)
    voxels[scan.n_slices // 2] = voxels.min()
    return replace(scan, voxels=voxels)


def with_vessels(scan: Scan, more_hu: float, seed: int) -> Scan:
    """The scan with a simulated sinus, cerebral arteries and cortical vessels, `more_hu` brighter than the brain.

    Small vessels are fainter because of partial volume.
    """
    rng = np.random.default_rng(seed)
    hu = np.array(scan.voxels, np.float32)
    assert scan.pixel_mm is not None
    pixel = float(scan.pixel_mm.mean())
    skull = ndimage.binary_closing(hu >= 300, np.ones((1, 3, 3)))
    inside = np.stack([ndimage.binary_fill_holes(one) for one in skull]) & (hu < 120) & (hu > -20)
    area = inside.sum(axis=(1, 2))
    rows, columns = np.ogrid[: hu.shape[1], : hu.shape[2]]
    for k in np.flatnonzero(area > area.max() / 4):
        at = np.argwhere(inside[k])
        middle = int(np.median(at[:, 1]))
        ends = at[at[:, 1] == middle, 0]
        if not ends.size:
            continue
        front, back, half = float(ends[0]), float(ends[-1]), float(np.ptp(at[:, 1])) / 2
        discs: list[tuple[float, float, float, float]] = [
            (back - 4.5 / pixel, middle, 4.5, 1.0),
            (front + 2 / pixel, middle, 2.0, 1.0),
        ]
        discs += [(front + rng.uniform(5, 40) / pixel, middle + rng.normal(), 1.2, 0.7) for _ in range(3)]
        for side in (-1, 1):
            lateral = middle + side * rng.uniform(0.45, 0.8, 5) * half
            discs += [(np.median(at[:, 0]) - rng.uniform(0, 30) / pixel, column, 1.2, 0.6) for column in lateral]
        discs += [(row, column, 1.0, 0.5) for row, column in at[rng.integers(len(at), size=15)]]
        for row, column, radius_mm, fraction in discs:
            disc = ((rows - row) ** 2 + (columns - column) ** 2) * pixel**2 <= radius_mm**2
            hu[k][disc & inside[k]] += fraction * more_hu
    return replace(scan, voxels=hu)


def changes(scan: Scan) -> Iterator[tuple[str, Scan]]:
    """Each modification of the scan, with its name."""
    hu: FloatArray = np.asarray(scan.voxels)
    n = scan.n_slices
    yield "as images in the brain window", gray(scan, BRAIN, BRAIN)
    if hu.max() <= BRAIN.highest_hu:
        return  # the subject is available in the brain window only
    yield "as images in the bone window", gray(scan, BONE, BONE)
    yield "as images in the subdural window", gray(scan, SUBDURAL, SUBDURAL)
    for name, window in SHOWN_AS_BRAIN.items():
        yield f"{name} said to be the brain window", gray(scan, window, BRAIN)
    yield "brain window said to be the bone window", gray(scan, BRAIN, BONE)
    yield "brain window, inverted", gray(scan, BRAIN, BRAIN, inverted=True)
    for name, values in {
        "HU + 1024": hu + 1024,
        "HU - 1024": np.maximum(hu - 1024, -1024),
        "HU, inverted": -hu,
        "twice the HU": 2 * hu,
        "half the HU": hu / 2,
        "without the skull": np.where(hu > 120, -1000, hu),
    }.items():
        yield name, replace(scan, voxels=values)
    for name, order in {
        "upper half": np.arange(n // 2, n),
        "lower half": np.arange(n // 2),
        "the middle slice": np.array([n // 2]),
        "lowest five slices": np.arange(5),
        "highest five slices": np.arange(n - 5, n),
        "in the order of names without leading zeros": np.array(sorted(range(1, n + 1), key=str)) - 1,
        "odd slices before even ones": np.r_[0:n:2, 1:n:2],
        "from the vertex down": np.arange(n)[::-1],
    }.items():
        yield name, of_slices(scan, order)
    upper_half = of_slices(scan, np.arange(n // 2, n))
    for name, changed in {
        "padded with air": padded(scan, -1024),
        "padded with 0": padded(scan, 0),
        "upper half, padded with air": padded(upper_half, -1024),
        "upper half, padded with 0": padded(upper_half, 0),
        "upper half, between empty slices": padded(upper_half, float(hu.min()), pixels=0),
        "an empty slice in the middle": with_empty_slice(scan),
        "cut off at the left": cut_off(scan, "left"),
        "cut off at the left and the back": cut_off(scan, "left", "back"),
        "cut off at the left, padded with air": padded(cut_off(scan, "left"), float(hu.min())),
        "cut off at the back, padded with 0": padded(cut_off(scan, "back"), 0),
        "a round field smaller than the head, -2000 HU around it": in_disc(scan, -2000),
        "a round field smaller than the head, air around it": in_disc(scan, float(hu.min())),
    }.items():
        yield name, changed
    yield "cut off at the left, in the brain window", gray(cut_off(scan, "left"), BRAIN, BRAIN)
    for more in VESSELS_HU:
        enhanced = with_vessels(scan, more, seed=0)
        yield f"vessels + {more} HU", enhanced
        yield f"vessels + {more} HU, in the brain window", gray(enhanced, BRAIN, BRAIN)
