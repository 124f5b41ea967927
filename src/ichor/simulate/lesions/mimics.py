"""What looks like blood but is not: calcifications and dense or contrast-enhanced vessels. Their masks stay empty.

HU: clotted blood has 50 to 90, and voxels partly filled with calcium anything from there up; blood in vessels has 35 to
60 depending on the hematocrit, and up to 80 if it is concentrated or clotted; contrast agent has 100 to 300.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from scipy import ndimage

from ichor.dataset.case import Case
from ichor.simulate.lesions.frame import HeadFrame, smooth_field
from ichor.simulate.lesions.paint import DRAWN, Grown, mimic, painted, step
from ichor.simulate.resample import Image

_RAGGED = 0.35  # of the radius of a calcification
Place = tuple[float, float, float]
Rng = np.random.Generator

# Atlas coordinates of the middle of each structure, right side (Talairach and Tournoux 1988, in MNI space): the pineal
# gland behind the third ventricle, the glomus in the atrium of the lateral ventricle, and the globus pallidus.
PINEAL: Place = (0.0, -29.0, 3.0)
GLOMUS: Place = (22.0, -44.0, 10.0)
PALLIDUM: Place = (19.0, -3.0, 0.0)
# The large arteries at the base: along the basilar artery, and from the carotid's end along the middle cerebral artery.
BASILAR: Sequence[Place] = ((0, -20, -42), (0, -14, -28), (0, -12, -16))
MIDDLE_CEREBRAL: Sequence[Place] = ((10, 2, -18), (18, 3, -18), (27, 1, -18), (36, 2, -14))
ANTERIOR_CEREBRAL: Sequence[Place] = ((10, 2, -18), (4, 10, -16), (1, 24, -10), (1, 32, 0))


def calcified_pineal(case: Case, head: HeadFrame, rng: Rng) -> Grown:
    """A calcified pineal gland, 3 to 8 mm: in more than half of adults."""
    place = _on_midline(head, PINEAL, rng)
    return _calcified(case, head, [place], (1.5, 4.0), (90, 350), rng)


def calcified_choroid_plexus(case: Case, head: HeadFrame, rng: Rng) -> Grown:
    """A calcified glomus of the choroid plexus, mostly on both sides, in the fluid of the atria."""
    places = []
    for side in (-1, 1):
        found = head.nearest(head.place(side * GLOMUS[0], *GLOMUS[1:]), (head.fluid > 0.6) & (head.depth_mm > 25), 18)
        if found is not None and rng.random() < 0.85:
            places.append(found)
    return _calcified(case, head, places, (1.5, 4.5), (80, 350), rng)


def calcified_basal_ganglia(case: Case, head: HeadFrame, rng: Rng) -> Grown:
    """Calcium in the pallidum, on both sides and often faint."""
    places = [
        head.place(side * PALLIDUM[0] + rng.normal(0, 1), PALLIDUM[1] + rng.normal(0, 2), PALLIDUM[2])
        for side in (-1, 1)
    ]
    return _calcified(case, head, places, (2.0, 6.0), (50, 180), rng)


def calcified_falx(case: Case, head: HeadFrame, rng: Rng) -> Grown:
    """A plaque in the falx: a thin plate of calcium in the plane of symmetry, down to 4 cm from the vault."""
    y, z = float(rng.choice((rng.uniform(25, 60), rng.uniform(-75, -30)))), rng.uniform(35, 70)
    up, back, _ = head.offsets_mm(head.place(0, y, z))
    long, high, thin = rng.uniform(6, 18), rng.uniform(4, 10), rng.uniform(0.7, 1.6)
    ragged = 1 + _RAGGED * smooth_field(head.hu.shape, _voxels(head, 6), rng)
    # On the falx: at the brightest column within 2 mm of the plane, since it bends.
    plate = np.sqrt((up / high) ** 2 + (back / long) ** 2) - ragged
    share = step(np.abs(head.x_mm - _bend_mm(head)) - thin, 0.8) * step(plate * min(long, high), 2.0)
    share = _through_thickness(head, share, high) * head.tissue
    return mimic(case, painted(head, share, float(rng.uniform(90, 300))), share > DRAWN)


def dense_sinuses(case: Case, head: HeadFrame, rng: Rng) -> Grown:
    """Dense blood in the superior sagittal and transverse sinuses, 60 to 80 HU, as in the dehydrated and the young."""
    share = np.maximum(_sagittal_sinus(head, rng), _transverse_sinuses(head, rng)) * head.tissue
    return mimic(case, painted(head, share, float(rng.uniform(58, 80))), share > DRAWN)


def dense_arteries(case: Case, head: HeadFrame, rng: Rng) -> Grown:
    """A dense middle cerebral artery on one side, or a dense basilar artery, from a clot or calcium in its wall."""
    side = float(rng.choice((-1, 1)))
    course = BASILAR if rng.random() < 0.4 else [(side * x, y, z) for x, y, z in MIDDLE_CEREBRAL]
    share = _tube(head, course, float(rng.uniform(1.3, 2.2)), rng) * head.tissue
    return mimic(case, painted(head, share, float(rng.uniform(58, 95))), share > DRAWN)


def contrast_agent(case: Case, head: HeadFrame, rng: Rng) -> Grown:
    """Contrast agent in the arteries at the base and the sinuses, and a little in all brain."""
    share = np.maximum(_sagittal_sinus(head, rng), _transverse_sinuses(head, rng))
    for course in (
        BASILAR,
        *([(s * x, y, z) for x, y, z in c] for s in (-1, 1) for c in (MIDDLE_CEREBRAL, ANTERIOR_CEREBRAL)),
    ):
        share = np.maximum(share, _tube(head, course, float(rng.uniform(1.2, 2.0)), rng))
    share *= head.tissue
    hu = painted(head, share, float(rng.uniform(110, 260)))
    return mimic(case, hu + np.float32(rng.uniform(1, 5)) * (head.tissue * (1 - head.fluid)), share > DRAWN)


def _calcified(
    case: Case,
    head: HeadFrame,
    places: Sequence[Place],
    radius_mm: tuple[float, float],
    hu: tuple[float, float],
    rng: Rng,
) -> Grown:
    """Ragged spheres of calcium at these places."""
    share = np.zeros(head.hu.shape, np.float32)
    radius = rng.uniform(*radius_mm)
    for place in places:
        up, back, left = head.offsets_mm(place)
        own = radius * rng.uniform(0.7, 1.3)
        ragged = own * (1 + _RAGGED * smooth_field(head.hu.shape, _voxels(head, 2.5), rng))
        inside = step(np.sqrt(up**2 + back**2 + left**2) - ragged, 0.8)
        share = np.maximum(share, _through_thickness(head, inside, own))
    share *= head.inside
    return mimic(case, painted(head, share, float(rng.uniform(*hu))), share > DRAWN)


def _through_thickness(head: HeadFrame, share: Image, size_mm: float) -> Image:
    """The share of an object of that half height on a slice: reduced where a slice is thicker than the object."""
    return share * np.minimum(1, 2 * size_mm / head.heights)[:, None, None].astype(np.float32)


def _sagittal_sinus(head: HeadFrame, rng: Rng) -> Image:
    """A triangle of about 8 mm at the inner table in the plane of symmetry, behind the vertex."""
    wide, deep = rng.uniform(3.5, 5.0), rng.uniform(6, 9)
    rows = np.arange(head.hu.shape[1])[None, :, None]
    behind = rows > head.front + 0.5 * (head.back - head.front)
    narrowing = wide * (1 - head.depth_mm / deep)
    from_plane = np.abs(head.x_mm) - narrowing
    # At the inner table behind; the sides of the triangle are the falx.
    at_back = _depth_behind(head) < deep
    share = step(from_plane, 1.0) * step(head.depth_mm - deep, 1.0)
    return np.asarray(share * behind * at_back, np.float32)


def _depth_behind(head: HeadFrame) -> Image:
    """(n, rows, 1) the distance in mm of each row from the posterior end of the inside on the slice."""
    last = np.zeros(len(head.hu))
    for k in np.flatnonzero(head.inside.any(axis=(1, 2))):
        last[k] = np.flatnonzero(head.inside[k].any(axis=1))[-1]
    return np.asarray((last[:, None] - np.arange(head.hu.shape[1])) * head.mm[0], np.float32)[:, :, None]


def _transverse_sinuses(head: HeadFrame, rng: Rng) -> Image:
    """Bands of about 8 mm along the inner table where the tentorium is attached, up to the petrous bones."""
    share = np.zeros(head.hu.shape, np.float32)
    deep, high = np.float32(rng.uniform(4, 7)), np.float32(rng.uniform(3.5, 5))
    thick = float(head.heights.mean())
    larger = rng.choice((-1, 1))  # one is mostly larger, as a rule the right
    k, row, _ = head.place(0, -55, -24)
    up = head.offsets_mm((k, row, 0.0))[0]
    behind = np.arange(head.hu.shape[1])[None, :, None] > row
    for side in (-1, 1):
        size = np.float32(1.0 if side == larger else rng.uniform(0.3, 0.9))
        here = (np.sign(head.x_mm) == side) & (np.abs(head.x_mm) > 6)
        band = step(head.depth_mm - deep * size, 1.0) * step(np.abs(up) - high * size, thick)
        share = np.maximum(share, band * here * behind)
    return share


def _tube(head: HeadFrame, course: Sequence[Place], radius_mm: float, rng: Rng) -> Image:
    """A vessel along atlas coordinates, moved as a whole by a few mm and wound a little."""
    off = rng.normal(0, (1.0, 2.0, 2.0))
    points = np.array(course, float) + off * ([0, 1, 1] if all(one[0] == 0 for one in course) else [1, 1, 1])
    dense = np.concatenate([np.linspace(a, b, 12) for a, b in pairwise(points)])
    dense += np.cumsum(rng.normal(0, 0.15, dense.shape), axis=0)
    share = np.zeros(head.hu.shape, np.float32)
    for point in dense:
        place = head.place(*point)
        if not -0.5 <= place[0] <= len(head.along) - 0.5:
            continue
        up, back, left = head.offsets_mm(place)
        near = [
            slice(max(0, round(at) - r), round(at) + r + 1)
            for at, r in zip(place, _reach(head, radius_mm), strict=True)
        ]
        ball = np.asarray(np.hypot(back[:, near[1]], left[:, :, near[2]]) - radius_mm, np.float32)
        # A slice is thicker than the vessel, of which it shows a part where that runs within it.
        part = step(np.asarray(np.abs(up[near[0]]) - radius_mm, np.float32), float(head.heights.mean()))
        share[tuple(near)] = np.maximum(share[tuple(near)], step(ball, 0.8) * part)
    return share


def _reach(head: HeadFrame, radius_mm: float) -> tuple[int, int, int]:
    slices = int(np.ceil((radius_mm + head.heights.mean()) / head.heights.mean()))
    rows, columns = (int(np.ceil((radius_mm + 2) / mm)) for mm in head.mm)
    return slices, rows, columns


def _bend_mm(head: HeadFrame) -> Image:
    """(n, rows, 1) how far the falx is from the plane of symmetry: the brightest column within 2 mm of it, smoothed."""
    near = np.abs(head.x_mm) <= 2
    found = np.where(
        near & head.tissue, ndimage.gaussian_filter(head.hu, [0, 3 / head.mm[0], 0.6 / head.mm[1]]), -np.inf
    )
    best = found.argmax(axis=2)
    off = np.take_along_axis(head.x_mm, best[:, :, None], axis=2)
    off[~np.isfinite(found.max(axis=2))] = 0
    return np.asarray(ndimage.median_filter(off, (1, 41, 1)), np.float32)


def _on_midline(head: HeadFrame, place: Place, rng: Rng) -> Place:
    return head.place(0.0, place[1] + rng.normal(0, 1.5), place[2] + rng.normal(0, 1.5))


def _voxels(head: HeadFrame, mm: float) -> tuple[float, float, float]:
    return 1.0, mm / head.mm[0], mm / head.mm[1]


MIMICS = {
    "pineal": calcified_pineal,
    "choroid-plexus": calcified_choroid_plexus,
    "basal-ganglia": calcified_basal_ganglia,
    "falx": calcified_falx,
    "sinuses": dense_sinuses,
    "arteries": dense_arteries,
    "contrast": contrast_agent,
}
