"""Where a NIfTI file lies in the patient: its sform, its qform and its voxel sizes, which may contradict one another.

The rule, as docs/reference/formats.md states it. A qform takes its voxel sizes from pixdim; an sform has its own.

1. Where sform and qform agree, or only one is there, it is the one taken; of the two the sform, since a qform cannot
   carry the shear of a tilted gantry. They agree where sizes do to 0.5 % and no voxel lies more than 1 mm off.
2. An sform whose voxel sizes are not those of pixdim gives way to a coded qform, as in ITK. Without one the file is
   refused: either may be wrong, and volumes with it.
3. Where only the place differs, the sform is taken if it says that it is the scanner's (code 1), else the qform.
4. Where they exchange left and right, or which way slices run, the file is refused.
"""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ichor.errors import UnreadableInput
from ichor.imports import nibabel
from ichor.read.affine import is_grid, without_shear
from ichor.read.volume import UNIT_MM, assumed
from ichor.scan import FloatArray

SIZES_WITHIN = 0.005
PLACES_WITHIN_MM = 1.0
SCANNER = 1  # NIFTI_XFORM_SCANNER_ANAT (nifti1.h)


class Space(NamedTuple):
    """The (4, 4) affine to RAS in the file's unit, whether the file gives voxel sizes, and what was odd."""

    affine: FloatArray
    has_sizes: bool
    warnings: list[str]


class _Form(NamedTuple):
    """An sform or a qform that is coded and spans a space."""

    affine: FloatArray
    code: int


def space_of(path: Path, header: Any, sizes: NDArray[Any]) -> Space:
    """Where the volume lies by its header; `sizes` is pixdim as the file has it, three of it.

    Raises UnreadableInput where the header contradicts itself in a way that no rule resolves.
    """
    has_pixdim = is_grid(np.diag(sizes)) and bool((sizes > 0).all())
    warnings: list[str] = []
    sform = _form(header.get_sform(coded=True), "sform", warnings)
    # A qform without sizes is none. Its affine is made by nibabel of pixdim and the quaternion.
    qform = _form(header.get_qform(coded=True), "qform", warnings) if has_pixdim else None
    if sform is None and qform is None:
        base = header.get_base_affine() if has_pixdim else np.diag([-1.0, 1.0, 1.0, 1.0])
        warnings.append(assumed("sform and qform are both 0"))
        return Space(np.asarray(base, np.float64), has_pixdim, warnings)
    taken = sform or qform
    assert taken is not None
    if sform is not None and has_pixdim:
        unit = UNIT_MM.get(int(header["xyzt_units"]) & 7, 1.0)
        taken = _resolved(path, _Contest(sform, qform, sizes, header.get_data_shape()[:3], unit), warnings)
    return Space(taken.affine, True, warnings)


def _form(stated: tuple[Any, int], name: str, warnings: list[str]) -> _Form | None:
    affine, code = stated
    if code <= 0:
        return None
    if np.isfinite(affine).all() and is_grid(affine[:3, :3]):
        return _Form(np.asarray(affine, np.float64), int(code))
    warnings.append(f"The {name} spans no space, though it has a code: it is left out.")
    return None


class _Contest(NamedTuple):
    """An sform, and what may contradict it."""

    sform: _Form
    qform: _Form | None
    sizes: NDArray[Any]
    shape: tuple[int, ...]
    unit_mm: float

    def size_differs(self) -> bool:
        """Whether the sform's voxels are of other sizes than pixdim's.

        Of a sheared axis pixdim may be the step, or the distance of the planes.
        """
        axes = self.sform.affine[:3, :3]
        steps, planes = np.linalg.norm(axes, axis=0), 1 / np.linalg.norm(np.linalg.inv(axes), axis=1)
        off = [np.abs(one / self.sizes - 1) for one in (steps, planes)]
        return bool((np.minimum(*off) > SIZES_WITHIN).any())

    def apart_mm(self) -> float:
        """How far apart the two put any voxel, as far as a qform can say the same as a sheared sform."""
        if self.qform is None:
            return 0.0
        corners = np.array([(*one, 1) for one in product(*((0, n - 1) for n in self.shape))]).T

        def off(one: FloatArray) -> float:
            assert self.qform is not None
            return float(np.linalg.norm(((one - self.qform.affine) @ corners)[:3], axis=0).max())

        return self.unit_mm * min(map(off, _without_shears(self.sform.affine)))

    def turns_over(self) -> bool:
        """Whether the two disagree on which axis runs which way: left and right, or the order of slices."""
        if self.qform is None:
            return False
        ways = [nibabel().aff2axcodes(one.affine) for one in (self.sform, self.qform)]
        return bool(ways[0] != ways[1])


def _without_shears(affine: FloatArray) -> list[FloatArray]:
    """What programs write as the qform of a sheared sform, and the sform itself."""
    steps = np.linalg.norm(affine[:3, :3], axis=0)
    left, _, right = np.linalg.svd(affine[:3, :3] / steps)
    nearest = affine.copy()
    nearest[:3, :3] = left @ right * steps  # nibabel: the nearest rotation
    return [affine, nearest, *(without_shear(affine, axis) for axis in range(3))]


def _resolved(path: Path, contest: _Contest, warnings: list[str]) -> _Form:
    sform, qform = contest.sform, contest.qform
    of_sform = _by(np.linalg.norm(sform.affine[:3, :3], axis=0))
    sizes = f"the sform's are {of_sform}, pixdim's {_by(contest.sizes)}"
    differs, apart = contest.size_differs(), contest.apart_mm()
    if not differs and apart <= PLACES_WITHIN_MM:
        return sform
    if qform is None:
        raise UnreadableInput(
            f"{path}: expected one size of voxels, found two: {sizes}, and no qform says which is right: correct the "
            "wrong one"
        )
    if contest.turns_over():
        ways = ["".join(nibabel().aff2axcodes(one.affine)) for one in (sform, qform)]
        raise UnreadableInput(
            f"{path}: expected sform and qform to agree on left and right and on the order of slices, found axes to "
            f"{ways[0]} by the sform and to {ways[1]} by the qform: set the code of the wrong one to 0"
        )
    if differs:
        warnings.append(
            f"Voxel sizes contradict one another: {sizes}. Those of pixdim and the place of the qform are taken."
        )
        return qform
    taken, name = (sform, "sform") if sform.code == SCANNER else (qform, "qform")
    warnings.append(
        f"Sform and qform put the volume in different places, up to {apart:.3g} mm apart: that of the {name} is taken. "
        "Volumes are the same."
    )
    return taken


def _by(sizes: NDArray[Any]) -> str:
    return " x ".join(f"{one:.4g}" for one in sizes)
