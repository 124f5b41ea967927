"""Write the atlas of li2012-atlas: a head CT template inside the skull, and the subarachnoid space in it.

    python scripts/make_li2012_atlas.py TEMPLATES OUT

TEMPLATES is the folder with scct.nii, scct_stripped.nii and LICENSE of the Clinical toolbox for SPM. OUT gets
atlas.nii.gz and LICENSE. The atlas of Li et al. 2012 is not published, so the subarachnoid space is drawn here by
rules in the template's coordinates (MNI: x to the right, y to the front, z up, in mm from the anterior commissure).
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

import nibabel as nib
import numpy as np
from scipy import ndimage

from ichor.methods.li2012.atlas import INSIDE, SCALE

WHOLE, STRIPPED = "scct.nii", "scct_stripped.nii"
VOXEL_MM = 2.0
BRAIN_CORMACK = 1300.0  # half of what brain has: the border of the stripped template's brain
SOFT_HU = (-10.0, 65.0)  # fluid, brain and sinuses; between this and bone lies partial volume
CISTERNS_MM, SKULL_MM = 10.0, 4.0  # how far the inside of the skull reaches beyond brain, between its parts and around
FLUID_HU = 24.0  # in an average of many heads fluid is never pure; brain has 27 to 38
SULCI_MM = 8.0  # how deep the sulci of the convexity count, below the inner table
BALL = ndimage.generate_binary_structure(3, 1)
MARGIN = 2  # voxels kept around the inside of the skull


def main() -> None:
    """Parse, make, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("templates", type=Path)
    parser.add_argument("out", type=Path)
    args = parser.parse_args()
    whole, stripped = (_voxels(args.templates / name) for name in (WHOLE, STRIPPED))
    brain = stripped > BRAIN_CORMACK
    inside = inside_skull(hounsfield(whole), brain)
    hu = np.where(brain, hounsfield(stripped), hounsfield(whole))
    origin = nib.load(args.templates / WHOLE).affine[:3, 3]
    space = subarachnoid(hu, inside, brain, _places(inside.shape, origin))
    image = np.where(inside, INSIDE + np.clip(hu, *SCALE), 0)
    cut = tuple(slice(max(0, int(one.min()) - MARGIN), int(one.max()) + 1 + MARGIN) for one in np.nonzero(inside))
    write(args.out / "atlas.nii.gz", np.round(image[cut]).astype(np.uint8), space[cut])
    shutil.copyfile(args.templates / "LICENSE", args.out / "LICENSE")


def hounsfield(cormack: np.ndarray) -> np.ndarray:
    """HU of Cormack units, in which the toolbox stretches -124 to 76 HU elevenfold."""
    dark, stretched = 900.0, 3100.0
    hu = np.where(cormack < dark, cormack - 1024, (cormack - dark) / 11 - 124)
    return np.where(cormack > stretched, cormack - 3024, hu).astype(np.float32)


def inside_skull(hu: np.ndarray, brain: np.ndarray) -> np.ndarray:
    """Brain, the cisterns that it encloses, and what lies between it and the inner table."""
    bridged = ndimage.binary_closing(np.pad(brain, 6), BALL, round(CISTERNS_MM / 2 / VOXEL_MM))[6:-6, 6:-6, 6:-6]
    grown = ndimage.binary_dilation(bridged, BALL, round(SKULL_MM / VOXEL_MM))
    low, high = SOFT_HU
    return brain | ndimage.binary_opening(grown & (hu > low) & (hu < high), BALL)


def subarachnoid(hu: np.ndarray, inside: np.ndarray, brain: np.ndarray, places: list[np.ndarray]) -> np.ndarray:
    """Where the subarachnoid space is: convexity, interhemispheric and Sylvian fissures, and basal cisterns."""
    x, y, z = places
    side = np.abs(x)
    convexity = inside & (ndimage.distance_transform_edt(inside, VOXEL_MM) <= SULCI_MM)
    deep = ((y + 8) / 46) ** 2 + ((z - 2) / 34) ** 2 < 1  # corpus callosum and what it encloses
    behind_and_below = (y < -20) & (z < 0)  # brain stem and cerebellum
    fissure = inside & (side <= 3) & ~deep & ~behind_and_below & (z > -20)
    sylvian = inside & (side > 30) & (side < 48) & (y > -24) & (y < 24) & (z > -14) & (z < 18) & (side > 34 - y / 6)
    dark = ndimage.gaussian_filter(hu, 0.7) < FLUID_HU
    third_ventricle = (side < 5) & (z > -14) & (y > -34) & (y < 8)
    fourth_ventricle = (side < 12) & (y < -36) & (z < -18)
    at_base = (side < 26) & (y > -50) & (y < 16) & (z > -40) & (z < -4)
    cisterns = inside & at_base & (dark | ~brain) & ~third_ventricle & ~fourth_ventricle
    return convexity | fissure | sylvian | cisterns


def write(file: Path, image: np.ndarray, space: np.ndarray) -> None:
    """Write both volumes, (slices, rows, columns) in the radiological convention, as one image in LPS order."""
    file.parent.mkdir(parents=True, exist_ok=True)
    both = np.stack([image, space.astype(np.uint8)], axis=-1).transpose(2, 1, 0, 3)
    nib.save(nib.Nifti1Image(both, np.diag([-VOXEL_MM, -VOXEL_MM, VOXEL_MM, 1.0])), file)


def _voxels(file: Path) -> np.ndarray:
    """(slices, rows, columns), up, to posterior and to the left."""
    image = nib.load(file)
    assert np.array_equal(np.diag(image.affine), [-VOXEL_MM, VOXEL_MM, VOXEL_MM, 1])
    return np.asarray(image.get_fdata(), np.float32).transpose(2, 1, 0)[:, ::-1]


def _places(shape: tuple[int, ...], origin: np.ndarray) -> list[np.ndarray]:
    """x, y and z of the voxels in mm."""
    z, y, x = np.meshgrid(*(np.arange(one) * VOXEL_MM for one in shape), indexing="ij", sparse=True)
    return [origin[0] - x, origin[1] + (shape[1] - 1) * VOXEL_MM - y, origin[2] + z]


if __name__ == "__main__":
    main()
