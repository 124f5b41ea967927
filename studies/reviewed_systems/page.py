"""The page: the table of all systems, and what it does and does not show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ichor.pages.blocks import Cell, Table
from ichor.pages.markdown import paragraph, table
from ichor.pages.words import cell
from studies.reviewed_systems.system import DETECTION, System, seconds_text

FIGURES = (
    ("Dice", ("dice", "paper_average")),
    ("Jaccard", ("jaccard", "paper_average")),
    ("slice AUC", ("slice", "auc")),
    ("slice sensitivity", ("slice", "sensitivity")),
    ("slice specificity", ("slice", "specificity")),
    ("scan AUC", ("scan", "auc")),
    ("scan sensitivity", ("scan", "sensitivity")),
    ("scan specificity", ("scan", "specificity")),
)
GIVEN = "given"
FITS = 0.9  # of the AUC on training subjects
PAGE = """# The reviewed systems on one dataset

{introduction}

{figures}

{reading}

## What the comparison shows

{lessons}

## What the papers claim

![What each paper claims and what its system reaches here](claims.png)

{claims}

{missing}

{examples}

## Limitations

{limitations}

Reproduce a row with `ichor crossval literature/NAME --data ct-ich --out RUN`, then
`python -m studies.reviewed_systems add RUN --data ct-ich` and `python -m studies.reviewed_systems page`. The masks of
the three best ranked of the reviewed systems are kept in their folders as `masks.json.gz`.
Derived from ct-ich: Hssayeni M (2019), PhysioNet, doi:10.13026/w8q8-ky94, CC BY 4.0. Research use only; not a medical
device.
"""
INTRODUCTION = (
    "The paper's Tables 1 and 2 review systems that were each evaluated on their authors' own data. Here, each of them runs "
    "on ct-ich, with the same five folds and the same metrics: every figure is out-of-fold, over {subjects} subjects and "
    "{slices} slices. The paper's own U-Net on tiles (`{reference}`) and the model that ships are in the table, too. "
    "Intervals in parentheses are 95 % intervals from resampling subjects."
)
READING = (
    "Dice and Jaccard are the paper's averages: over slices with hemorrhage, then over subjects. Sensitivity and "
    "specificity are at each system's own operating point, with any marked voxel counted as positive. "
    "The subtype AUC is the mean over the five subtypes, or that of the only one that a system names. **p** is from "
    "Wilcoxon's signed-rank test of the subjects' Dice against `{reference}`, with Holm's correction for the {tests} systems "
    "tested. **Training AUC** is the slice AUC on the subjects that a network was trained on, as the mean over the folds, or "
    "the scan AUC for a system that judges only scans as a whole; below {fits:g}, the network is too small or was trained too briefly to fit them. **Seconds per scan** is the median of five scans, from "
    "an open scan to its segmentation; that of `{reference}` was measured with a network of the same size, trained for one "
    "epoch, since its own run is not kept. **Minutes** is the time to fit all five folds, on the hardware named in each `metrics.json`. Rows marked "
    "*reduced* are smaller than published. A row marked *given seeds* is semi-automatic: a point in each delineated region stood "
    "for the user who marks it, so that its detection is given and only its overlap is its own; it has no rank and no p."
)
EXAMPLES = (
    "One slice for each subtype and one without hemorrhage, from above the orbits, were chosen from the delineations alone. "
    "For a subtype, the candidates are each subject's slice with the largest hemorrhage of this subtype only, and the one of "
    "median size was taken. Without hemorrhage, it is the slice with the most pixels as bright as clotted blood inside the "
    "skull. The model of each system that marks a slice was not trained on its subject."
)
LIMITATIONS = (
    "The papers describe most of these systems without code, so details had to be chosen; each method's documentation "
    "says which. Systems that were built for one kind of hemorrhage, or tuned to one scanner's data, meet all five kinds "
    "here. A low figure shows how far a system carries over to this dataset as its paper describes it, and not that the "
    "published figure was wrong on the authors' data. The dataset is small: many intervals are wide."
)


def page(
    systems: Sequence[System],
    missing: Sequence[str],
    reference: str,
    examples: Sequence[str],
    lessons: Sequence[str],
) -> str:
    """The README of the result, from systems in the order of the table.

    `missing` names the systems that were not run, `examples` what the pictures of example slices show, and `lessons` are
    paragraphs on what the comparison shows.
    """
    data = systems[0].metrics["data"]
    tests = sum(one.p_dice is not None for one in systems)
    return PAGE.format(
        introduction=paragraph(
            INTRODUCTION.format(subjects=data["n_subjects"], slices=data["n_slices"], reference=reference)
        ),
        figures=table(_figures(systems)),
        reading=paragraph(READING.format(reference=reference, tests=tests, fits=FITS)),
        lessons="\n\n".join(map(paragraph, lessons)),
        claims=table(_claims(systems)),
        missing=paragraph(f"Not run yet: {', '.join(f'`{name}`' for name in missing)}.") if missing else "",
        examples=_examples(examples),
        limitations=paragraph(LIMITATIONS),
    )


def _examples(titles: Sequence[str]) -> str:
    pictures = [f"![{title}](example-{number}.png)" for number, title in enumerate(titles, 1)]
    return "\n\n".join(["## The same six slices", paragraph(EXAMPLES), *pictures]) if titles else ""


def _figures(systems: Sequence[System]) -> Table:
    figures = (name for name, _ in FIGURES)
    columns = (
        "rank",
        "system",
        *figures,
        "subtype AUC, mean",
        "p",
        "seconds per scan",
        "parameters",
        "training AUC",
        "minutes",
    )
    rows: list[tuple[str | Cell, ...]] = []
    rank = 0
    for one in systems:
        rank += not one.seeded
        marks = [mark for mark, applies in (("reduced", one.reduced), ("given seeds", one.seeded)) if applies]
        name = f"`{one.name}`" + (f" ({', '.join(marks)})" if marks else "")
        found = (GIVEN if one.seeded and keys[0] in DETECTION else cell(one.figure(*keys)) for _, keys in FIGURES)
        rows.append(("" if one.seeded else str(rank), name, *found, _subtypes(one), *_facts(one)))
    return Table(columns, tuple(rows))


def _subtypes(one: System) -> str:
    """The subtype AUC: the mean, or that of the only subtype that a system names."""
    only = one.only_subtype
    shown = cell(one.figure("subtype_auc", only or "mean"))
    return f"{shown}, {only} only" if only else str(shown)


def _facts(one: System) -> tuple[str, ...]:
    """The cells after the figures: p, seconds, parameters, training AUC and minutes."""
    p = "" if one.p_dice is None else "below 0.001" if one.p_dice < 0.001 else f"{one.p_dice:.3f}"
    training = "" if one.training_auc is None else f"{one.training_auc:.3f}"
    if training and one.level == "scan":
        training += " for scans"
    if one.training_auc is not None and one.training_auc < FITS:
        training += " (does not fit)"
    seconds = "" if one.seconds is None else seconds_text(one.seconds)
    parameters = "" if one.parameters is None else f"{one.parameters:,}"
    return p, seconds, parameters, training, f"{one.metrics['made_by']['seconds'] / 60:.0f}"


def _claims(systems: Sequence[System]) -> Table:
    rows = [
        (f"`{one.name}`", one.paper["method"], _sizes(one.paper["testing"]), _claim(one.paper), _found(one))
        for one in systems
        if one.paper is not None
    ]
    return Table(("system", "paper", "its test scans", "what it claims", "what it does here"), tuple(rows))


def _sizes(size: Mapping[str, str]) -> str:
    if "all" in size:
        return size["all"]
    given = f"{size['with']} with, {size['without']} without hemorrhage"
    return "none of their own" if {size["with"], size["without"]} == {"0"} else given


def _claim(paper: Mapping[str, Any]) -> str:
    cells = ("segmented", "ich", "subtypes")
    return "; ".join(paper[key] for key in cells if key in paper)


def _found(one: System) -> str:
    figures = (("Dice", ("dice", "paper_average")), ("slice AUC", ("slice", "auc")), ("scan AUC", ("scan", "auc")))
    return ", ".join(
        f"{name} {found['value']:.2f}" for name, keys in figures if (found := one.figure(*keys)) is not None
    )
