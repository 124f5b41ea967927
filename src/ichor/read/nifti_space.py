"""The position of a NIfTI file in the patient: its sform, its qform and its voxel sizes, which may contradict each
       other.

The rules, as in docs/reference/formats.md. A qform takes its voxel sizes from pixdim; an sform has its own.

1. If sform and qform agree, or there is only one, it is used; of the two, the sform, since a qform cannot represent
   the shear of a tilted gantry. They agree if sizes do to 0.5 % and no voxel differs by more than 1 mm.
2. If the voxel sizes of the sform differ from pixdim, a coded qform is used, as in ITK. Without one the file is
   refused: either may be wrong, and with it all volumes.
3. If only the position differs, the sform is used if its code is 1 (scanner coordinates), otherwise the qform.
4. If they disagree on left and right, or on the order of slices, the file is refused.
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
    """The (4, 4) affine to RAS in the file's unit, whether the file states voxel sizes, and warnings."""

    affine: FloatArray
    has_sizes: bool
    warnings: list[str]


class _Form(NamedTuple):
    """An sform or a qform that has a code and is invertible."""

    affine: FloatArray
    code: int


def space_of(path: Path, header: Any, sizes: NDArray[Any]) -> Space:
    """The position of the volume by its header; `sizes` are the three voxel sizes of pixdim, as stored.

    Raises UnreadableInput if the header contradicts itself in a way that no rule resolves.
    """
    has_pixdim = is_grid(np.diag(sizes)) and bool((sizes > 0).all())
    warnings: list[str] = []
    sform = _form(header.get_sform(coded=True), "sform", warnings)
    # A qform needs sizes: nibabel makes its affine from pixdim and the quaternion.
    qform = _form(header.get_qform(coded=True), "qform", warnings) if has_pixdim else None
    if sform is None and qform is None:
        base = header.get_base_affine() if has_pixdim else np.diag([-1.0, 1.0, 1.0, 1.0])
        warnings.append(assumed("sform and qform are both 0"))
        return Space(np.asarray(base, np.float64), has_pixdim, warnings)
    taken = sform or qform
    assert taken is not None
    if sform is not None and has_pixdim:
        unit = UNIT_MM.get(int(header["xyzt_units"]) & 7, 1.0)
        taken = _resolved(path, _StatedForms(sform, qform, sizes, header.get_data_shape()[:3], unit), warnings)
    return Space(taken.affine, True, warnings)


def _form(stated: tuple[Any, int], name: str, warnings: list[str]) -> _Form | None:
    affine, code = stated
    if code <= 0:
        return None
    if np.isfinite(affine).all() and is_grid(affine[:3, :3]):
        return _Form(np.asarray(affine, np.float64), int(code))
    warnings.append(f"The {name} has a code but is not invertible: it is ignored.")
    return None


class _StatedForms(NamedTuple):
    """An sform, and the qform and voxel sizes that may contradict it."""

    sform: _Form
    qform: _Form | None
    sizes: NDArray[Any]
    shape: tuple[int, ...]
    unit_mm: float

    def size_differs(self) -> bool:
        """Whether the voxel sizes of the sform differ from those of pixdim.

        For a sheared axis, pixdim may be the step or the distance between planes.
        """
        axes = self.sform.affine[:3, :3]
        steps, planes = np.linalg.norm(axes, axis=0), 1 / np.linalg.norm(np.linalg.inv(axes), axis=1)
        off = [np.abs(one / self.sizes - 1) for one in (steps, planes)]
        return bool((np.minimum(*off) > SIZES_WITHIN).any())

    def distance_mm(self) -> float:
        """The largest distance between the positions of a voxel by the two, allowing for a shear that a qform lacks."""
        if self.qform is None:
            return 0.0
        corners = np.array([(*one, 1) for one in product(*((0, n - 1) for n in self.shape))]).T

        def off(one: FloatArray) -> float:
            assert self.qform is not None
            return float(np.linalg.norm(((one - self.qform.affine) @ corners)[:3], axis=0).max())

        return self.unit_mm * min(map(off, _without_shears(self.sform.affine)))

    def is_flipped(self) -> bool:
        """Whether the two disagree on left and right or on the order of slices."""
        if self.qform is None:
            return False
        axes = [nibabel().aff2axcodes(one.affine) for one in (self.sform, self.qform)]
        return bool(axes[0] != axes[1])


def _without_shears(affine: FloatArray) -> list[FloatArray]:
    """The sform itself, and what programs write as the qform of a sheared sform."""
    steps = np.linalg.norm(affine[:3, :3], axis=0)
    left, _, right = np.linalg.svd(affine[:3, :3] / steps)
    nearest = affine.copy()
    nearest[:3, :3] = left @ right * steps  # nibabel writes the nearest rotation
    return [affine, nearest, *(without_shear(affine, axis) for axis in range(3))]


def _resolved(path: Path, forms: _StatedForms, warnings: list[str]) -> _Form:
    sform, qform = forms.sform, forms.qform
    of_sform = _size_text(np.linalg.norm(sform.affine[:3, :3], axis=0))
    sizes = f"the sform's are {of_sform}, pixdim's {_size_text(forms.sizes)}"
    differs, apart = forms.size_differs(), forms.distance_mm()
    if not differs and apart <= PLACES_WITHIN_MM:
        return sform
    if qform is None:
        raise UnreadableInput(
            f"{path}: expected one voxel size, found two: {sizes}, and no qform to decide between them: correct the "
            "wrong one"
        )
    if forms.is_flipped():
        ways = ["".join(nibabel().aff2axcodes(one.affine)) for one in (sform, qform)]
        raise UnreadableInput(
            f"{path}: expected sform and qform to agree on left and right and on the order of slices, found axes "
            f"{ways[0]} in the sform and {ways[1]} in the qform: set the code of the wrong one to 0"
        )
    if differs:
        warnings.append(
            f"Voxel sizes contradict each other: {sizes}. Those of pixdim and the position of the qform are used."
        )
        return qform
    taken, name = (sform, "sform") if sform.code == SCANNER else (qform, "qform")
    warnings.append(
        f"Sform and qform state different positions, up to {apart:.3g} mm apart: that of the {name} is used. "
        "Volumes are not affected."
    )
    return taken


def _size_text(sizes: NDArray[Any]) -> str:
    return " x ".join(f"{one:.4g}" for one in sizes)
