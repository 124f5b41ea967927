"""Segmentations compared with the result that they were written of, voxel by voxel, by other people's readers."""

from __future__ import annotations

from pathlib import Path

import highdicom
import numpy as np
import pydicom
import SimpleITK as sitk
from numpy.typing import NDArray
from pydicom.dataset import FileDataset

from ichor.write.result import Result


def masks_of(result: Result) -> dict[str, NDArray[np.bool_]]:
    """(n, rows, columns, segments) in each file: all hemorrhage, and each subtype that a lesion is of."""
    assert result.mask is not None and result.labels is not None
    masks = {"segmentation.dcm": result.mask[..., None]}
    if result.segmentation.subtype_probability is not None and result.mask.any():
        labels = np.unique(result.labels[result.mask])
        masks["subtypes.dcm"] = np.stack([result.labels == label for label in labels], axis=-1)
    return masks


def places_of(made: FileDataset, result: Result) -> list[tuple[int, int]]:
    """The segment of each frame, from 0, and the scan's slice, by the source instance that the frame refers to."""
    uids, shared = result.scan.source.instance_uids, made.SharedFunctionalGroupsSequence[0]
    return [
        (
            (frame if "SegmentIdentificationSequence" in frame else shared)
            .SegmentIdentificationSequence[0]
            .ReferencedSegmentNumber
            - 1,
            uids.index(frame.DerivationImageSequence[0].SourceImageSequence[0].ReferencedSOPInstanceUID),
        )
        for frame in made.PerFrameFunctionalGroupsSequence
    ]


def assert_exact(folder: Path, result: Result) -> int:
    """Both files, by `assert_file_exact`; gives the voxels that each reader compared."""
    files = set(masks_of(result))
    assert {one.name for one in folder.glob("s*.dcm")} == files
    return sum(assert_file_exact(folder / name, result) for name in files)


def assert_file_exact(file: Path, result: Result) -> int:
    """By pydicom, SimpleITK and highdicom, each slice in its place; gives the voxels that each of them compared."""
    made, masks, scan = pydicom.dcmread(file), masks_of(result)[file.name], result.scan
    assert made.SegmentsOverlap == "NO"
    order = places_of(made, result)
    marked = set(map(tuple, np.argwhere(masks.any(axis=(1, 2)).T).tolist()))
    expected = marked or {(0, k) for k in range(scan.n_slices)}
    odd = masks[0, ..., 0].size % 16  # then some frames are empty, to fill whole words
    assert (set(order) >= expected if odd else set(order) == expected) and len(order) == len(set(order))
    frames = np.stack([masks[k, :, :, segment] for segment, k in order])
    assert np.array_equal(made.pixel_array.reshape(frames.shape) > 0, frames)
    assert np.array_equal(sitk.GetArrayFromImage(sitk.ReadImage(file)) > 0, frames)
    how = {"ignore_spatial_locations": True, "assert_missing_frames_are_empty": True}
    read = highdicom.seg.segread(file).get_pixels_by_source_instance(list(scan.source.instance_uids), **how)
    assert np.array_equal(read > 0, masks)
    assert_in_place(made, [k for _, k in order], result)
    return masks.size


def assert_in_place(made: FileDataset, slices: list[int], result: Result) -> None:
    """Each frame has the position and orientation of its slice, in mm to the digits that DICOM has for them."""
    positions, orientation = result.scan.positions_mm, result.scan.orientation
    assert positions is not None
    for frame, k in zip(made.PerFrameFunctionalGroupsSequence, slices, strict=True):
        position = np.array(frame.PlanePositionSequence[0].ImagePositionPatient, float)
        np.testing.assert_allclose(position, positions[k], atol=1e-3)
    shared = made.SharedFunctionalGroupsSequence[0]
    along = np.reshape(np.array(shared.PlaneOrientationSequence[0].ImageOrientationPatient, float), (2, 3))
    np.testing.assert_allclose(along, orientation[0], atol=1e-4)
