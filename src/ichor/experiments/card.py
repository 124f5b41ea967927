"""The model card: what a model is for, what it was trained on, how well it does and where it fails."""

from __future__ import annotations

from typing import Any

from ichor.dataset.ct_ich import DEMONSTRATION_SUBJECT
from ichor.evaluate.tables import figures_table, subjects_table
from ichor.models.package import PackageConfig


def model_card(package: PackageConfig, metrics: dict[str, Any]) -> str:
    """The card of a package in Markdown, its figures taken from `metrics`."""
    on = _training(package)
    missed = ", ".join(metrics["subjects_missed"]) or "none"
    made = metrics["made_by"]
    return f"""# {package.model} {package.version}

Finds and delineates intracranial hemorrhage on non-contrast head CT. **Research use only; not a medical device.**

## What it is

Method `{package.method}`, trained on {on}. {_demonstration(package)}
Trained in {made["seconds"] / 60:.0f} minutes on {made["hardware"]} by `{made["command"]}`.

{_how_it_decides(package)}

## How well it does

On the test subjects, each figure with a 95 % interval from resampling subjects.

{figures_table(metrics)}

Subjects with hemorrhage in which no voxel was found: {missed}.

{subjects_table(metrics)}

Dice and Jaccard are means over a subject's slices with hemorrhage, then over subjects, without the chronic subject
070, as in the paper. Detection counts every slice. The paper's column is over five folds, this model's over one: the
interval says how much that can mean.

## Intended use

Research on hemorrhage detection, teaching, comparing methods. Not for any decision about a patient.

## Where it fails

{_failures(metrics)} Trained on one hospital's scanner and 5 mm slices; 27 of the dataset's 82 subjects are children.
Thin rims along the skull, faint blood and old, hypodense blood are hard on this dataset; the falx, venous sinuses and
bone in partial volume look like blood. Contrast-enhanced scans, metal, recent surgery and slices thinner than 2 mm were
never seen. Probabilities are not calibrated: where the voxel threshold is low, well-seen lesions are outlined too wide.
Lengths of ct-ich are nominal (0.33 mm, 5 mm) and may be short, so volumes in mL of such scans may be 20 to 40 % low.

## Data and licence

Weights derive from ct-ich 1.0.0, CC BY 4.0: Hssayeni M. (2019), Computed Tomography Images for Intracranial
Hemorrhage Detection and Segmentation, PhysioNet, doi:10.13026/w8q8-ky94. Paper: arXiv:1910.08643.
"""


def _training(package: PackageConfig) -> str:
    training = package.training
    if training is None:
        return "unknown data"
    return (
        f"the authors' fold {training.fold} of ct-ich 1.0.0 (Hssayeni et al. 2019): "
        f"{len(training.training_subjects)} subjects to train, {len(training.validation_subjects)} to choose "
        f"thresholds, {len(training.test_subjects)} to report on; no subject is in two of them"
    )


def _failures(metrics: dict[str, Any]) -> str:
    poor = [f"{subject} ({one['dice']:.2f})" for subject, one in metrics["per_subject"].items() if one["dice"] < 0.1]
    if not poor:
        return "No test subject with hemorrhage has a Dice below 0.1."
    return f"Test subjects with a Dice below 0.1, their hemorrhage missed or all but missed: {', '.join(poor)}."


def _demonstration(package: PackageConfig) -> str:
    training = package.training
    seen = () if training is None else (*training.training_subjects, *training.validation_subjects)
    verb = "was seen" if DEMONSTRATION_SUBJECT in seen else "was not seen"
    return f"The subject of the demonstration scan ({DEMONSTRATION_SUBJECT}) {verb} in training."


def _how_it_decides(package: PackageConfig) -> str:
    chosen, settings = package.chosen, package.settings
    if "lower" in chosen:
        return (
            f"Gray from {chosen['lower']} to {chosen['upper']} of the brain window (level 40, width 120) is called "
            "hemorrhage; the bounds gave the best Jaccard index on the training subjects."
        )
    text = "Input is HU; slices are brought to the network's pixel size."
    if "threshold" not in chosen:
        return f"{text} The voxel threshold is fixed at {settings['threshold']:g}."
    return (
        f"{text} The voxel threshold is {chosen['threshold']:g}, chosen on the validation subjects for the best Dice "
        f"per scan; slices below a slice probability of {chosen['slice_threshold']:.3f} are left empty, the threshold "
        "of the highest sensitivity plus specificity (Youden) on the validation subjects."
    )
