"""The page of one run: description, tables, pictures, and the command that reproduces it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ichor.dataset.known import dataset_name, known_dataset
from ichor.pages.blocks import Section
from ichor.pages.main_tables import main_figures, subjects
from ichor.pages.measures import calibration, detection, extent
from ichor.pages.paper import TABLE_5
from ichor.pages.paper_comparison import TILES, Verdict, paper_experiment
from ichor.pages.paper_tables import subtypes_and_age, table_5, table_6
from ichor.pages.pictures.drawn import DrawnFigure
from ichor.pages.words import Metrics, excluded_sentence, figure_at, fold_words, interval_of, listed, segments, value_of
from ichor.runs.about import AboutRun

USE = "Research use only; not a medical device."
REDUCED = (
    "This is a reduced run: smaller and shorter than the experiment that it stands in for. Its figures are not those "
    "of the paper's method."
)

SEEDED = (
    "The method was given seeds from the delineation of the subjects that it predicts, in place of a user who marks "
    "each region. It was told where hemorrhage is: only its outlines are its own, and the detection figures are not."
)

# The position of the paper's figure.
_POSITION = {
    Verdict.REPRODUCED: ", inside the interval",
    Verdict.BETTER: ", below the interval",
    Verdict.WORSE: ", above the interval",
    Verdict.TOO_FEW: ", too few subjects to compare",
    Verdict.NONE: "",
}


def title(metrics: Metrics, about: AboutRun) -> str:
    """The title in about.yaml, or else the experiment's name, marked if it is reduced."""
    return f"{about.title or metrics['experiment']}{' (reduced)' if metrics['made_by'].get('reduced') else ''}"


def what_it_is(metrics: Metrics) -> str:
    """The method and the subjects it was tested on."""
    data, folds = metrics["data"], list(metrics["folds"])
    subjects = f"{data['n_subjects']} subjects, {data['n_slices']} slices"
    if external(metrics):
        return f"{_model(metrics)} on {_data_name(metrics)}: {subjects}. {never_trained_on(metrics)}"
    return (
        f"Method `{metrics['config']['method']}` on {_of_authors(metrics)}test {fold_words(folds)} of "
        f"{_data_name(metrics)}: {subjects}. All predictions are out-of-fold: no model was trained or calibrated on "
        "the subjects that it predicts."
    )


def external(metrics: Metrics) -> Mapping[str, Any] | None:
    """What is said of a package that was evaluated on a dataset it was never trained on; None of other results."""
    found: Mapping[str, Any] | None = metrics["made_by"].get("external")
    return found


def never_trained_on(metrics: Metrics) -> str:
    """That the model was never trained on the dataset, and how that is known."""
    about = metrics["made_by"]["external"]
    copies = (
        "None of its scans has the same images as a training scan."
        if about["copies_sought"]
        else "Whether any of its scans are copies of training scans under other names was not tested."
    )
    return (
        f"The model was never trained on this dataset: it was trained on {listed(about['trained_on'])}, and no subject "
        f"of this dataset is recorded among its training subjects. {copies}"
    )


def _model(metrics: Metrics) -> str:
    return f"Model {metrics['made_by']['external']['model']} (method `{metrics['config']['method']}`)"


def _data_name(metrics: Metrics) -> str:
    data = metrics["data"]
    return str(data.get("title") or dataset_name(data["fingerprint"]))


def _of_authors(metrics: Metrics) -> str:
    """`the authors' ` if the folds are theirs, else empty."""
    return "the authors' " if metrics["config"].get("folds", "authors") == "authors" else ""


def attribution(metrics: Metrics) -> str:
    """The source of the data that the result derives from; empty if it is not a known dataset."""
    known = known_dataset(metrics["data"]["fingerprint"])
    return "" if known is None else f"Masks, scores and figures derive from {known.name}: {known.citation}."


def what_it_says(metrics: Metrics) -> str:
    """Dice and detection in two or three sentences, with the paper's figures."""
    experiment = paper_experiment(metrics)
    dice = next(one for one in experiment.numbers if one.keys == ("dice", "paper_average"))
    figure, auc = dice.ours(metrics), figure_at(metrics, "slice", "auc")
    detection_auc = "" if auc is None else f" The AUC for slices with hemorrhage is {value_of(auc)}."
    if not segments(metrics):
        return f"The method detects hemorrhage without a mask, so no overlap is defined.{detection_auc}"
    if figure is None:
        which = "delineated hemorrhage" if external(metrics) else "hemorrhage"
        return f"The Dice, averaged as in the paper, is not defined: no tested subject has {which}."
    interval = interval_of(figure)
    text = (
        f"The Dice, averaged as in the paper, is {value_of(figure)}"
        f"{f' (95 % {interval})' if interval else ''} over {figure['n']} subjects."
    )
    if external(metrics):
        return f"{text}{detection_auc} The paper's columns below are for other data."
    text += f" The paper's experiment {experiment.number} has {dice.value:g}{_POSITION[dice.verdict(metrics)]}."
    text += detection_auc
    sensitivity, specificity = (figure_at(metrics, "slice_400px", rate) for rate in ("sensitivity", "specificity"))
    if experiment is not TILES or sensitivity is None or specificity is None:
        return text
    published = TABLE_5["sensitivity"].average, TABLE_5["specificity"].average
    ours = f"{100 * sensitivity['value']:.1f} % and a specificity of {100 * specificity['value']:.1f} %"
    return (
        f"{text} By the 400-pixel rule, such slices are detected with a sensitivity of {ours}; the paper has "
        f"{100 * published[0]:g} and {100 * published[1]:g} %."
    )


def chosen(metrics: Metrics) -> list[str]:
    """The calibrated parameters of each fold, if the run records them."""
    by_fold = metrics["made_by"].get("parameters") or metrics["made_by"].get("chosen") or {}
    words = []
    for fold, one in by_fold.items():
        numbers = [f"{name} {value:.4g}" for name, value in one.items() if isinstance(value, int | float)]
        words.append(f"fold {fold} {listed(numbers)}")
    same = {one.partition(" ")[2].partition(" ")[2] for one in words}
    if len(words) > 1 and len(same) == 1:
        words = [f"{same.pop()} in every fold"]
    return [f"Calibrated without the test subjects: {'; '.join(words)}."] if words else []


def sections(metrics: Metrics, pictures: Sequence[DrawnFigure] = ()) -> list[Section]:
    """Everything between the introduction and how the run was made."""
    found = [
        Section("Main figures", (main_figures(metrics, "ours"), _how_averaged(metrics), *chosen(metrics))),
        *((table_5(metrics), table_6(metrics), subtypes_and_age(metrics)) if segments(metrics) else ()),
        detection(metrics),
        calibration(metrics),
        extent(metrics),
        Section("Figures", tuple(pictures)) if pictures else None,
        Section("Subjects", (subjects(metrics),)) if segments(metrics) else None,
    ]
    return [section for section in found if section is not None]


def _how_averaged(metrics: Metrics) -> str:
    return f"{excluded_sentence(metrics)} Intervals (95 %) come from resampling subjects.".strip()


def making(metrics: Metrics) -> str:
    """The command that reproduces the run, the hardware it was made on, and how long it took."""
    made = metrics["made_by"]
    commit = f", at commit {made['commit']}" if made.get("commit") else ""
    what = "prediction" if external(metrics) else "training"
    return f"Reproduce with `{made['command']}` ({_time(made['seconds'])} of {what} on {made['hardware']}{commit})."


def _time(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} seconds"
    return f"{seconds / 60:.0f} minutes" if seconds < 5400 else f"{seconds / 3600:.1f} hours"
