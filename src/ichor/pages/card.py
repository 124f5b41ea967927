"""The model card: what a model is for, what it was trained on, its metrics and its limitations."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ichor.atomic import write_whole
from ichor.methods import get
from ichor.methods.capabilities import Described
from ichor.models.derived import Derived, read_derived
from ichor.models.package import CARD, INT8, MADE_BY, NETWORK, PackageConfig, Training, read_config
from ichor.models.verdict import MeasuredRate, Thresholds, VerdictRule, read_verdict_rule
from ichor.pages.blocks import Table
from ichor.pages.card_licences import licence_section
from ichor.pages.card_training import calibrated_on, is_on_all, known_data, trained_on
from ichor.pages.derived import derived_from
from ichor.pages.markdown import paragraph, paragraphs, table
from ichor.pages.run_tables import figures_table, subjects_table
from ichor.pages.words import excluded_sentence, segments
from ichor.runs.about import AboutRun, read_about, without_marks
from ichor.runs.files import read_metrics
from ichor.runs.plain_files import read_object


def write_card(folder: Path) -> None:
    """Write the card of the package in `folder`, from its configuration, its figures, and what made it."""
    package, metrics = read_config(folder), read_metrics(folder)
    made_by = None if is_on_all(package.training) else metrics["made_by"]  # the figures are of other models, or its own
    if (folder / MADE_BY).is_file():
        made_by = read_object(folder / MADE_BY, "what made the model")
    method = get(package.method)
    how_it_works = ""
    if issubclass(method, Described):
        how_it_works = method.description(package.settings, package.parameters)
    card = model_card(
        package, metrics, made_by, how_it_works, read_about(folder), read_verdict_rule(folder), read_derived(folder)
    )
    write_whole(folder / CARD, card + (_int8(package) if (folder / INT8).is_file() else ""))


def model_card(
    package: PackageConfig,
    metrics: Mapping[str, Any],
    made_by: Mapping[str, Any] | None,
    how_it_works: str,
    about: AboutRun | None = None,
    rule: VerdictRule | None = None,
    derived: Derived | None = None,
) -> str:
    """The card of a package in Markdown, its figures taken from `metrics`; `made_by` says what trained it, if known.

    `how_it_works` is the method's own description (`ichor.methods.capabilities.Described`), `about` what people say of
    the run: how its recipe was found and its limitations, `rule` has the thresholds of its verdicts, and `derived` says
    which package it derives from.
    """
    about = about or AboutRun()
    training = package.training
    finds = "Finds and delineates" if segments(metrics) else "Finds"
    return f"""# {package.model} {package.version}

{finds} intracranial hemorrhage on non-contrast head CT. **Research use only; not a medical device.**

{"" if derived is None else derived_from(package, derived)}## Description

Method `{package.method}`, trained on {trained_on(metrics, training, made_by)}

{how_it_works}{calibrated_on(training)}

## Evaluation

{_whose_figures(training, about)}

{figures_table(metrics, "this recipe" if is_on_all(training) else "this model")}

{_of_subjects(metrics, training)}{"" if rule is None else _verdicts(rule, derived)}

## Intended use

Research on hemorrhage detection, teaching, comparing methods. Not for any decision about a patient.

## Limitations

{_failures(metrics)}{_limits(package, paragraphs(without_marks(about.limits)))}

## Data and licence

{licence_section(training)}
"""


def _of_subjects(metrics: Mapping[str, Any], training: Training | None) -> str:
    """What a method that gives masks found of each subject, and over what all is averaged."""
    averaged = paragraph(_how_averaged(metrics, training))
    if not segments(metrics):
        return averaged
    missed = ", ".join(metrics["subjects_missed"]) or "none"
    first = f"Subjects with hemorrhage in which no voxel was found: {missed}."
    return "\n\n".join([first, subjects_table(metrics), averaged])


def _verdicts(rule: VerdictRule, derived: Derived | None) -> str:
    """The thresholds of the verdicts on scans, and how often these are right."""
    sensitivity, specificity = _percent(rule.possible.at_least), _percent(rule.suspected.at_least)
    scans = "all out-of-fold scans" if derived is None else "the scans of the recalibration"
    how = (
        "A scan's verdict follows from its probability. Hemorrhage is possible from the highest threshold with a "
        f"sensitivity of {sensitivity} or more, and wherever something is marked; it is suspected from the lowest "
        f"threshold with a specificity of {specificity} or more. These thresholds were chosen on "
        f"{scans}. Sensitivity and specificity were measured in each fold with thresholds chosen on the other folds."
    )
    whole = f"\n\n## Verdicts on scans\n\n{paragraph(how)}\n\n{_thresholds(rule, 'scans')}"
    if rule.single_slice is None:
        return whole
    of = "these scans" if derived is None else "the scans that the original model's recipe was tested on"
    alone = (
        "A scan of a single slice, such as a picture, has thresholds of its own. They were chosen and measured in the "
        f"same way, on each slice of {of} as a picture by itself."
    )
    return f"{whole}\n\n{paragraph(alone)}\n\n{_thresholds(rule.single_slice, 'slices')}"


def _thresholds(rule: Thresholds, cases: str) -> str:
    """The table of thresholds, and their rates on scans or single slices."""
    rows = tuple(
        (
            f"hemorrhage {name}",
            f"{one.threshold:.2f}",
            *(_with_interval(rate, cases) for rate in (one.sensitivity, one.specificity)),
        )
        for name, one in (("possible", rule.possible), ("suspected", rule.suspected))
    )
    return table(Table(("verdict or a higher one", "from probability", "sensitivity", "specificity"), rows))


def _with_interval(rate: MeasuredRate, cases: str) -> str:
    low, high = rate.ci95
    return f"{_percent(rate.value)} ({100 * low:.0f} to {_percent(high)}; {rate.n} {cases})"


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def _whose_figures(training: Training | None, about: AboutRun) -> str:
    if is_on_all(training):
        whose = (
            "These metrics are not of this model, since no subjects are left to test it on. They are those of five "
            "models of the same recipe,\none for each fold, each evaluated on subjects that it was not trained on, "
            "with 95 % intervals from resampling subjects."
        )
    else:
        whose = "On the test subjects, with 95 % intervals from resampling subjects."
    return "\n\n".join(text for text in (whose, paragraphs(without_marks(about.design))) if text)


def _how_averaged(metrics: Mapping[str, Any], training: Training | None) -> str:
    means = ""
    if segments(metrics):
        means = "Dice and Jaccard are means over a subject's slices with hemorrhage, then over subjects."
    return " ".join(text for text in (means, excluded_sentence(metrics), _papers_column(training)) if text)


def _papers_column(training: Training | None) -> str:
    known = known_data(training)
    if known is None or not known.of_the_paper:
        return "The paper's column is of other data."
    if is_on_all(training):
        return "The paper's column is over five folds as well."
    return "The paper's column is over five folds, this model's over one."


def _failures(metrics: Mapping[str, Any]) -> str:
    if not segments(metrics):
        return ""
    poor = [f"{subject} ({one['dice']:.2f})" for subject, one in metrics["per_subject"].items() if one["dice"] < 0.1]
    if not poor:
        return "No test subject with hemorrhage has a Dice below 0.1. "
    return f"Test subjects with a Dice below 0.1, whose hemorrhage is missed or nearly so: {', '.join(poor)}. "


def _limits(package: PackageConfig, measured: str) -> str:
    known = known_data(package.training)
    if known is None:
        return "Its performance on scans of other hospitals, scanners and patients is not known."
    limits = [known.limits]
    if measured:
        limits.append(measured)
    return "\n".join(limits)


def _int8(package: PackageConfig) -> str:
    if package.network == INT8:
        which = (
            f"The network that runs, `{INT8}`, is `{NETWORK}` with 8-bit integer arithmetic. The figures above are of "
            f"`{NETWORK}`."
        )
    else:
        which = (
            f"`{INT8}` is `{NETWORK}` with 8-bit integer arithmetic. It is faster, but is not the network that runs by "
            "default: on borderline scans the two may disagree (results/same-answer in the repository)."
        )
    how = (
        "Its weights have 7 bits and its activations 8; it was quantized on slices of the subjects that it was trained "
        "on. With 7-bit weights no sum saturates on any processor."
    )
    return f"\n## In int8\n\n{paragraph(f'{which} {how}')}\n"
