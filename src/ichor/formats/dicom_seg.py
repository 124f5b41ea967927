"""Masks as a DICOM Segmentation (PS3.3 A.51), binary or fractional, each frame referring to its source slice.

Frames refer to their source instances (and frames of multi-frame ones), so nothing is resampled and no grid is assumed:
tilted gantries, uneven and overlapping slices are preserved pixel by pixel. highdicom writes the object.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ichor.errors import IchorError
from ichor.formats.dicom_ct import ds_of
from ichor.formats.dicom_out import (
    ObjectFacts,
    import_highdicom,
    make_repeatable,
    with_required_attributes,
    without_warnings,
)
from ichor.formats.segments import Segment, description
from ichor.formats.uid import named_uid

WORD_BITS = 16
FRACTIONS = 255  # a probability is stored as the nearest of this many steps (PS3.3 C.8.20.2, Maximum Fractional Value)


def segmentation(
    masks: NDArray[np.bool_] | NDArray[np.floating[Any]],
    segments: Sequence[Segment],
    sources: Sequence[Any],
    facts: ObjectFacts,
    frame_numbers: Sequence[int] = (),
) -> Any:
    """The Segmentation as a pydicom dataset: binary for masks, fractional for probabilities.

    Empty frames are omitted, as the standard allows, except for some with odd image sizes (`_slices_of_whole_words`).
    If all masks are empty, all frames are kept: this states that nothing was found, which a missing object would not.

    Args:
        masks: (n, rows, columns), or (n, rows, columns, segments); bool, or probabilities from 0 to 1, which are
            rounded to the nearest of 255 steps. Segments may overlap.
        segments: what each mask shows.
        sources: for each of the n slices the header of its instance, from `ichor.read.dicom.source.read_source`; of one
            series, and either n single-frame images or one multi-frame image n times.
        facts: attributes of the object.
        frame_numbers: for each slice its frame in the instance, from 1, as in `ichor.scan.Source`; used only for a
            multi-frame image.

    Raises IchorError if highdicom is not installed or the sources are several multi-frame images, and ValueError for
    arguments that do not fit together.
    """
    highdicom = import_highdicom()
    types, is_binary = highdicom.seg.SegmentationTypeValues, masks.dtype == bool
    if masks.ndim == 3:
        masks = masks[..., None]
    if masks.ndim != 4 or masks.shape[0] != len(sources) or masks.shape[3] != len(segments):
        expected = (len(sources), "rows", "columns", len(segments))
        raise ValueError(f"expected masks of shape {expected}, found {masks.shape}")
    images, pixels = _as_stored(masks, sources, frame_numbers)
    omit_empty = bool(masks.any())
    if is_binary and omit_empty and len(images) > 1 and (slices := _slices_of_whole_words(pixels)) is not None:
        images, pixels, omit_empty = [images[k] for k in slices], pixels[slices], False
    images = [with_required_attributes(one) for one in images]
    algorithms = dict.fromkeys(one.algorithm for one in segments if one.algorithm is not None and one.algorithm.is_ai)
    with without_warnings():
        made = highdicom.seg.Segmentation(
            source_images=images,
            pixel_array=pixels.astype(np.uint8) if is_binary else pixels,
            segmentation_type=types.BINARY if is_binary else types.FRACTIONAL,
            max_fractional_value=FRACTIONS,
            segment_descriptions=[description(one, number) for number, one in enumerate(segments, 1)],
            device_serial_number="none",
            omit_empty_frames=omit_empty,
            **facts.arguments(),
            contributing_equipment=[one.equipment() for one in algorithms],
        )
    _add_thickness(made, images)
    make_repeatable(made)
    dimensions = named_uid(facts.instance_uid, "dimensions")  # highdicom takes a random one
    for one in (*made.DimensionOrganizationSequence, *made.DimensionIndexSequence):
        one.DimensionOrganizationUID = dimensions
    return made


def _as_stored(
    masks: NDArray[Any], sources: Sequence[Any], frame_numbers: Sequence[int]
) -> tuple[list[Any], NDArray[Any]]:
    """Each source image once, and the masks of all their frames in that order."""
    images = list({str(one.SOPInstanceUID): one for one in sources}.values())
    if not any("PerFrameFunctionalGroupsSequence" in one for one in images):
        if len(images) != len(sources):
            raise ValueError(f"expected {len(sources)} different source images, found {len(images)}")
        return images, masks
    if len(images) > 1:
        raise IchorError(
            f"expected single-frame DICOM images or one multi-frame image, found {len(images)} images of which some "
            "are multi-frame: a Segmentation cannot reference them"
        )
    if len(frame_numbers) != len(sources):
        raise ValueError(f"expected a frame number for each of {len(sources)} slices, found {len(frame_numbers)}")
    pixels = np.zeros((int(images[0].NumberOfFrames), *masks.shape[1:]), masks.dtype)
    pixels[np.asarray(frame_numbers) - 1] = masks
    return images, pixels


def _slices_of_whole_words(masks: NDArray[np.bool_]) -> NDArray[np.intp] | None:
    """The slices that get a frame if a frame's bits do not fill 16-bit words: the marked ones and some empty ones.

    Together, their frames fill whole words, because GDCM and OHIF fail to read pixels that end within a byte or are
    padded by one. None if every frame fills whole words anyway, as with 512 x 512 pixels, or if slices are too few.
    """
    _, rows, columns, segments = masks.shape
    marked = np.asarray(masks.any(axis=(1, 2, 3)), bool)
    empty = np.flatnonzero(~marked)
    if rows * columns % WORD_BITS == 0:
        return None
    for more in range(len(empty) + 1):
        if rows * columns * segments * (np.count_nonzero(marked) + more) % WORD_BITS == 0:
            marked[empty[:more]] = True
            return np.flatnonzero(marked)
    return None


def _add_thickness(made: Any, images: Sequence[Any]) -> None:
    """Add the slice distance as slice thickness if the source states none: the standard requires one."""
    measures = made.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0]
    if measures.get("SliceThickness") is not None or len(images) < 2:
        return
    along_columns, along_rows = np.reshape(np.asarray(images[0].ImageOrientationPatient, float), (2, 3))
    places = np.array([one.ImagePositionPatient for one in images], float) @ np.cross(along_columns, along_rows)
    measures.SliceThickness = ds_of(np.median(np.diff(np.sort(places))))
