"""Write the test data in tests/data: parts of ct-ich, a DICOM head and two templates, without faces.

    python scripts/make_test_data.py CT_ICH DICOM TEMPLATES OUT

The first three are the folders of the originals that CONTRIBUTING.md names; each contains its licence. All slices
listed here were inspected visually: they are above the orbits and show no ears, unless stated. The output is
deterministic.
"""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import numpy as np
from pydicom import dcmread
from pydicom.uid import generate_uid

# The first and the last slice of each subject. The bone images of 081 show the slices two below, also inspected.
CT_ICH = {
    "049": (21, 33),  # EDH, IPH and both on one slice; fractures
    "051": (18, 32),  # SDH and IPH of a child; fractures
    "070": (19, 34),  # the chronic EDH that the paper excludes
    "081": (19, 29),  # SDH; its bone images belong to other slices
    "084": (21, 36),  # SAH; bone/36.jpg does not exist
    "085": (10, 19),  # IVH of a newborn
    "088": (19, 31),  # EDH; the demonstration scan
    "094": (20, 34),  # IVH, IPH and SAH, up to three on one slice
    "108": (18, 29),  # no hemorrhage, an adult
    "129": (16, 30),  # no hemorrhage, a child
}
TABLES = ("hemorrhage_diagnosis.csv", "patient_demographics.csv")

# Slices of both thicknesses, and the narrow gap between them. By slice, the rectangles (first and last row, first and
# last column) in which ears are replaced by air.
GE_HEAD = range(14, 23)
EARS = {
    14: [(297, 365, 0, 88), (243, 302, 431, 511)],
    15: [(297, 365, 0, 88), (243, 302, 431, 511)],
    16: [(300, 360, 0, 80), (258, 290, 438, 511)],
    17: [(316, 362, 0, 76)],
}
AIR_HU = -1000

TEMPLATES = ("scct.nii", "scct_stripped.nii")
DOWNSAMPLING = 4  # from 2 mm to 8 mm


def main() -> None:
    """Write all test data into an empty or new folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("ct_ich", "dicom", "templates", "out"):
        parser.add_argument(name, type=Path)
    args = parser.parse_args()
    copy_ct_ich(args.ct_ich, args.out / "ct-ich")
    copy_ge_head(args.dicom, args.out / "ge-head")
    downsample_templates(args.templates, args.out / "templates")
    files = [file for file in args.out.rglob("*") if file.is_file()]
    print(f"{args.out}: {len(files)} files, {sum(file.stat().st_size for file in files) / 1e6:.1f} MB")


def copy_ct_ich(source: Path, out: Path) -> None:
    """Copy the selected slices in both windows, their delineations and their table rows, byte for byte."""
    for subject, (first, last) in CT_ICH.items():
        for k in range(first, last + 1):
            for name in (f"brain/{k}.jpg", f"brain/{k}_HGE_Seg.jpg", f"bone/{k}.jpg"):
                file = Path("Patients_CT") / subject / name
                if (source / file).exists():
                    (out / file).parent.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(source / file, out / file)
    shutil.copyfile(source / "LICENSE.txt", out / "LICENSE.txt")
    slices = {(int(subject), k) for subject, (a, b) in CT_ICH.items() for k in range(a, b + 1)}
    copy_rows(source / TABLES[0], out / TABLES[0], lambda cells: (int(cells[0]), int(cells[1])) in slices)
    subjects = {int(subject) for subject in CT_ICH}
    copy_rows(source / TABLES[1], out / TABLES[1], lambda cells: int(cells[0]) in subjects)


def copy_rows(source: Path, out: Path, is_selected: Callable[[list[bytes]], bool]) -> None:
    """Copy a table's header, with its byte-order mark and line breaks, and the selected rows, byte for byte."""
    header, *rows = source.read_bytes().split(b"\r\n")
    out.write_bytes(b"\r\n".join([header, *(row for row in rows if row and is_selected(row.split(b","))), b""]))


def copy_ge_head(source: Path, out: Path) -> None:
    """Copy the selected slices, with ears replaced by air."""
    out.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source / "LICENSE", out / "LICENSE")
    for number in GE_HEAD:
        name = f"{number:02d}.dcm"
        if number not in EARS:
            shutil.copyfile(source / "ge-head" / name, out / name)
            continue
        image = dcmread(source / "ge-head" / name)
        pixels = image.pixel_array.copy()
        for top, bottom, left, right in EARS[number]:
            pixels[top : bottom + 1, left : right + 1] = AIR_HU - int(image.RescaleIntercept)
        image.PixelData = pixels.tobytes()
        image.SOPInstanceUID = generate_uid(entropy_srcs=["ichor test data", str(image.SOPInstanceUID)])
        image.file_meta.MediaStorageSOPInstanceUID = image.SOPInstanceUID
        image.ImageType = ["DERIVED", *image.ImageType[1:]]
        image.DerivationDescription = "Ears replaced by air"
        image.save_as(out / name)


def downsample_templates(source: Path, out: Path) -> None:
    """Write the means of blocks of 4 x 4 x 4 voxels; incomplete blocks at the far sides are dropped."""
    out.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source / "LICENSE", out / "LICENSE")
    for name in TEMPLATES:
        image = nib.load(source / name)
        voxels = np.asanyarray(image.dataobj)
        nx, ny, nz = (length // DOWNSAMPLING for length in voxels.shape)
        blocks = voxels[: nx * DOWNSAMPLING, : ny * DOWNSAMPLING, : nz * DOWNSAMPLING]
        means = blocks.reshape(nx, DOWNSAMPLING, ny, DOWNSAMPLING, nz, DOWNSAMPLING).mean(axis=(1, 3, 5))
        to_coarse = np.diag([DOWNSAMPLING, DOWNSAMPLING, DOWNSAMPLING, 1.0])
        to_coarse[:3, 3] = (DOWNSAMPLING - 1) / 2  # the center of a block
        nib.save(nib.Nifti1Image(np.round(means).astype(np.int16), image.affine @ to_coarse), out / name)


if __name__ == "__main__":
    main()
