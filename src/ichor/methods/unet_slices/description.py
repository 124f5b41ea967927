"""Describes for the model card how the method works and how its parameters were found."""

from __future__ import annotations

from collections.abc import Mapping

from ichor.methods.calibration import Calibrations
from ichor.methods.unet_slices.operating_points import BALANCED_SPECIFICITY, SPECIFIC_SPECIFICITY
from ichor.methods.unet_slices.settings import Parameters, UNetSlicesSettings
from ichor.methods.unet_slices.slice_scores import SCAN_MM, SMOOTHING_MM
from ichor.methods.unet_slices.thin_slices import THIN


def description(settings: UNetSlicesSettings, parameters: Parameters) -> str:
    """A description in Markdown for these settings and parameters."""
    text = "Input is HU; slices are resampled to the network's pixel size."
    if settings.corrected:
        text += (
            " First, a bright rim all along the skull, as beam hardening leaves it, is removed, bone that a narrow "
            "window has cut off is restored, and pictures that are too dark for the window assumed are read with a "
            "wider one."
        )
    usual_mm = settings.neighbour_mm
    text += (
        f" On slices thinner than {THIN * usual_mm:g} mm, voxel probabilities are averaged over {usual_mm:g} mm along "
        "the head."
    )
    if settings.slice_scores == "smoothed":
        text += (
            f" The logits of slices are averaged with a Gaussian of {SMOOTHING_MM:g} mm along the head; the scan's "
            f"logit is the mean over its most probable slices, {SCAN_MM:g} mm of them in all."
        )
    if parameters.false_positive_classifier is not None:
        text += (
            " A false-positive classifier, a logistic regression on a lesion's volume, most probable voxels, contrast "
            "and slice, gives the probability that a candidate lesion is hemorrhage; its voxels' probabilities are "
            "multiplied by that."
        )
    if parameters.patches_elsewhere is not None:
        text += (
            " A small 3-D network on the surroundings of a candidate lesion gives the probability that it is "
            "hemorrhage; its voxels' probabilities are multiplied by that."
        )
    threshold, outlined = f"{parameters.threshold:g}", parameters.logit_offset is not None
    if outlined:
        text += f" A slice is marked if a voxel reaches {threshold}, and outlined for the greatest expected Dice."
    else:
        text += f" The voxel threshold is {threshold}, that of the best 3-D Dice per scan with hemorrhage."
    if parameters.calibration != Calibrations():
        text += " Probabilities are calibrated by a slope and an intercept of their logit (Platt 1999)."
    else:
        text += (
            " Probabilities are not calibrated: where the voxel threshold is low, clearly visible lesions are outlined "
            "too wide."
        )
    text += " All parameters were chosen on subjects that the network in question was not trained on."
    if parameters.single_slice is not None:
        text += (
            " Scans of a single slice have calibration and thresholds of their own, found on slices as pictures by "
            f"themselves: the threshold is {parameters.single_slice.threshold:g}."
        )
    points = parameters.operating_points
    return text + (_operating_points(points, outlined=outlined) if points else "")


def _operating_points(points: Mapping[str, float], *, outlined: bool) -> str:
    unmarked = "of the scans without hemorrhage unmarked"
    as_good = (
        f": the lowest threshold that leaves at least {100 * BALANCED_SPECIFICITY:g} % {unmarked} (or as many as any "
        "threshold leaves) and whose Dice is within one standard error of the best"
    )
    lines = (
        f"`triage`, from {points['triage']:g}: the highest threshold that keeps maximum sensitivity for hemorrhages "
        "with a candidate lesion",
        f"`balanced`, from {points['balanced']:g}, the default{as_good if outlined else ''}",
        f"`specific`, from {points['specific']:g}: the lowest threshold that leaves {100 * SPECIFIC_SPECIFICITY:g} % "
        f"{unmarked}, or the highest of all if none does",
    )
    return "\n\n" + "\n".join(f"- {line}" for line in lines)
