"""The subarachnoid space of a head by elastic registration of an atlas (Li et al. 2012, J Med Syst).

The atlas of the paper is not published. This one derives from the head CT templates of Rorden et al. 2012, NeuroImage
61:957-965 (BSD-2-Clause, LICENSE beside it); `scripts/make_li2012_atlas.py` makes it and says how the space was drawn.
Chosen here: registration by an affine transform, then by a cubic B-spline with control points some 40 mm apart, both
minimizing squared differences of density inside the skull on a grid of 4 mm. Density is cut off above that of brain,
so that blood does not pull the atlas.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import as_file, files
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ichor.errors import BadConfig
from ichor.imports import nibabel
from ichor.methods.classical.head import Head, Mask
from ichor.methods.li2012.slices import heights_mm
from ichor.scan import FloatArray

FILE = "atlas.nii.gz"
INSIDE = 40  # what is inside the skull is this plus its HU within SCALE; 0 is outside
SCALE = (0.0, 60.0)
ATLAS_MM = 2.0
COARSE_MM = 4.0  # the grid of the registration
BRAIN_HU = 40.0  # what is denser counts as this
CONTROL_MM = 40.0  # between the control points of the B-spline
SAMPLED = 0.25  # the share of places that the B-spline is fitted to, in a regular pattern
FEWEST = 4  # places along each axis below which nothing can be registered
WIDE = 0.7  # slices with at least this share of the largest area show how long and wide the head is
AFFINE_STEPS, ELASTIC_STEPS = 100, 15

Values = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Volume:
    """Density inside the skull on an even grid, 0 outside; up, to posterior and to the left.

    Attributes:
        values: (slices, rows, columns) float32.
        spacing_mm: (3,) between slices, rows and columns.
        origin_mm: (3,) the place of the first voxel.
    """

    values: Values
    spacing_mm: FloatArray
    origin_mm: FloatArray

    @classmethod
    def of(cls, head: Head) -> Self:
        """A head on the grid of the registration; slices may lie unevenly."""
        step = head.pixels(COARSE_MM)
        inside = np.where(head.brain, INSIDE + np.clip(head.hu, SCALE[0], BRAIN_HU), 0).astype(np.float32)
        averaged = _block_means(inside, step)
        heights = heights_mm(head)
        at = np.arange(heights[0], heights[-1] + COARSE_MM / 2, COARSE_MM)
        index = np.interp(at, heights, np.arange(len(heights)))
        low = np.minimum(index.astype(int), max(0, len(heights) - 2))
        high = np.minimum(low + 1, len(heights) - 1)
        share = (index - low).astype(np.float32)[:, None, None]
        values = averaged[low] * (1 - share) + averaged[high] * share
        pixel = step * head.pixel_mm
        first = (step - 1) / 2 * head.pixel_mm
        return cls(values, np.array([COARSE_MM, pixel, pixel]), np.array([at[0], first, first]))

    @property
    def extent_mm(self) -> tuple[FloatArray, FloatArray]:
        """(3,) and (3,): top, middle row and middle column of the inside of the skull; and its size, height unknown.

        By the slices on which it is large, since scans start at different heights but end above the head.
        """
        inside = self.values > INSIDE / 2
        areas = inside.sum(axis=(1, 2))
        wide = inside[areas >= max(1.0, WIDE * float(areas.max()))].any(axis=0)
        top = float(np.flatnonzero(areas)[-1])
        rows, columns = (np.flatnonzero(wide.any(axis=axis)) for axis in (1, 0))
        middle = np.array([top, (rows[0] + rows[-1]) / 2, (columns[0] + columns[-1]) / 2])
        size = np.array([0.0, rows[-1] + 1 - rows[0], columns[-1] + 1 - columns[0]])
        return self.origin_mm + middle * self.spacing_mm, size * self.spacing_mm


@cache
def read_atlas() -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """The template, `INSIDE` plus HU and 0 outside the skull, and its subarachnoid space, 0 or 1; both at 2 mm.

    Up, to posterior and to the left; the first voxel is at 0.
    """
    with as_file(files(__package__) / FILE) as file:
        template, space = np.asarray(nibabel().load(file).dataobj).transpose(3, 2, 1, 0)
    return template, space


@cache
def template() -> Volume:
    """The template on the grid of the registration."""
    image = np.minimum(read_atlas()[0], INSIDE + BRAIN_HU).astype(np.float32)
    step = round(COARSE_MM / ATLAS_MM)
    coarse = image[: len(image) // step * step].reshape(-1, step, *image.shape[1:]).mean(axis=1)
    return Volume(_block_means(coarse, step), np.full(3, COARSE_MM), np.full(3, (step - 1) / 2 * ATLAS_MM))


def atlas_space(head: Head) -> Mask:
    """(n, rows, columns) the subarachnoid space of a head, inside its skull. Empty if there is no brain."""
    if not head.brain.any():
        return np.zeros_like(head.brain)
    fixed = Volume.of(head)
    field = displacement_mm(fixed, template())
    places = np.nonzero(head.brain)
    here = np.stack([heights_mm(head)[places[0]], places[1] * head.pixel_mm, places[2] * head.pixel_mm])
    in_field = (here - fixed.origin_mm[:, None]) / fixed.spacing_mm[:, None]
    moved = [ndimage.map_coordinates(one, in_field, order=1, mode="nearest") for one in field]
    found = ndimage.map_coordinates(read_atlas()[1].astype(np.float32), (here + np.stack(moved)) / ATLAS_MM, order=1)
    mask = np.zeros_like(head.brain)
    mask[places] = found >= 0.5
    return mask


def displacement_mm(fixed: Volume, moving: Volume) -> FloatArray:
    """(3, slices, rows, columns) from each place of `fixed` to the same anatomy in `moving`, in mm.

    Where there are too few slices or rows to register, the heads are laid over each other by top, length and width.
    """
    sitk = simpleitk()
    image = _image(fixed)
    start = _overlay(fixed, moving)
    if min(fixed.values.shape) < FEWEST:
        return _field(start, image)
    affine = _registration(1.0)
    affine.SetOptimizerAsRegularStepGradientDescent(2.0, 0.01, AFFINE_STEPS, gradientMagnitudeTolerance=1e-6)
    affine.SetOptimizerScalesFromPhysicalShift()
    affine.SetInitialTransform(start, inPlace=True)
    affine.Execute(image, _image(moving))
    mesh = [
        max(1, round(size * gap / CONTROL_MM)) for size, gap in zip(image.GetSize(), image.GetSpacing(), strict=True)
    ]
    bend = sitk.BSplineTransformInitializer(image, mesh, 3)
    elastic = _registration(SAMPLED)
    elastic.SetOptimizerAsLBFGSB(numberOfIterations=ELASTIC_STEPS, maximumNumberOfFunctionEvaluations=2 * ELASTIC_STEPS)
    elastic.SetMovingInitialTransform(start)
    elastic.SetInitialTransform(bend, inPlace=True)
    elastic.Execute(image, _image(moving))
    return _field(sitk.CompositeTransform([start, bend]), image)


def simpleitk() -> Any:
    """SimpleITK. Raises BadConfig if it is not installed."""
    try:
        import SimpleITK
    except ImportError as error:
        raise BadConfig("the atlas of li2012: expected the package SimpleITK (extra literature), found none") from error
    return SimpleITK


def _overlay(fixed: Volume, moving: Volume) -> Any:
    """The affine transform that lays tops and middles over each other, scaled by length and width."""
    (place, size), (other, other_size) = fixed.extent_mm, moving.extent_mm
    scale = other_size[1:] / size[1:]
    transform = simpleitk().AffineTransform(3)
    transform.SetMatrix(np.diag([scale[1], scale[0], scale.mean()]).ravel().tolist())
    transform.SetCenter(place[::-1].tolist())
    transform.SetTranslation((other - place)[::-1].tolist())
    return transform


def _registration(share: float) -> Any:
    """A registration by squared differences at a share of the places.

    On one thread, so that the order of sums does not depend on the number of threads.
    """
    sitk = simpleitk()
    method = sitk.ImageRegistrationMethod()
    method.SetNumberOfThreads(1)
    method.SetNumberOfWorkUnits(1)
    method.SetMetricAsMeanSquares()
    method.SetMetricSamplingStrategy(method.NONE if share == 1 else method.REGULAR)
    method.SetMetricSamplingPercentage(share, 1)
    method.SetInterpolator(sitk.sitkLinear)
    return method


def _image(volume: Volume) -> Any:
    image = simpleitk().GetImageFromArray(volume.values)
    image.SetSpacing(volume.spacing_mm[::-1].tolist())
    image.SetOrigin(volume.origin_mm[::-1].tolist())
    return image


def _field(transform: Any, image: Any) -> FloatArray:
    sitk = simpleitk()
    field = sitk.TransformToDisplacementField(
        transform, sitk.sitkVectorFloat64, image.GetSize(), image.GetOrigin(), image.GetSpacing(), image.GetDirection()
    )
    return np.ascontiguousarray(np.moveaxis(sitk.GetArrayFromImage(field), -1, 0)[::-1])


def _block_means(values: Values, step: int) -> Values:
    """(slices, rows, columns) averaged over squares of `step` pixels; the last ones are filled up with 0."""
    n, rows, columns = values.shape
    padded = np.pad(values, ((0, 0), (0, -rows % step), (0, -columns % step)))
    blocks = padded.reshape(n, padded.shape[1] // step, step, padded.shape[2] // step, step)
    return np.asarray(blocks.mean(axis=(2, 4)), np.float32)
