"""Compares the model's mask of a scan with the delineation that the table names."""

from __future__ import annotations

from pathlib import Path

from ichor.errors import IchorError
from ichor.evaluate.lesion_matching import match_lesions
from ichor.evaluate.overlap import Overlaps, scan_dice
from ichor.evaluate.surface import surface_agreement
from ichor.formats.nifti_back import read_on_grid
from ichor.validation.cases import Overlap
from ichor.validation.delineation import read_delineation
from ichor.view.place import scan_of
from ichor.view.results import Listed
from ichor.write.nifti import MASK


def overlap_with(listed: Listed, delineation: Path) -> Overlap | None:
    """The agreement of a result's mask with a delineation; None if the delineation is empty.

    Raises UnreadableInput, in one line, if the scan, the mask or the delineation cannot be read, or if the delineation
    is not on the scan's grid.
    """
    if listed.findings is None:
        raise IchorError(listed.reason)
    scan = scan_of(listed.findings, ())
    reference = read_delineation(delineation, scan)
    if not reference.any():
        return None
    mask = read_on_grid(listed.folder / MASK, scan) > 0
    pixels = Overlaps.of(mask, reference)
    surface, lesions = surface_agreement(mask, reference, scan), match_lesions(mask, reference, scan)
    return Overlap(
        dice=scan_dice(pixels),
        surface_dice_2mm=None if surface is None else surface.dice_2mm,
        hd95_mm=None if surface is None else surface.hd95_mm,
        volume_ml=scan.volume_ml(pixels.predicted),
        reference_volume_ml=scan.volume_ml(pixels.reference),
        lesions=None if lesions is None else len(lesions.found),
        found=None if lesions is None else int(lesions.found.sum()),
        predicted=None if lesions is None else len(lesions.touching),
        false=None if lesions is None else int((~lesions.touching).sum()),
    )
