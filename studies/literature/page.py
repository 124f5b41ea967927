"""The page of the study."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import yaml

from ichor.dataset.ct_ich.about import ABOUT
from ichor.errors import BadConfig
from ichor.experiments.config import load_config
from ichor.methods.registry import registered
from ichor.pages import paper
from ichor.pages.blocks import Table
from ichor.pages.markdown import paragraph, table
from ichor.pages.runs import Run, read_run
from ichor.pages.words import cell, figure_at, interval_of, value_of
from studies.command import ROOT

DATA = ROOT / "docs" / "explanation" / "literature.yaml"
RESULTS = ROOT / "results"

INTRODUCTION = (
    "Tables 1 and 2 of the paper that this project starts from, and later figures; the project's own results are in "
    "bold. A row of the paper's names the methods that run it here. Sizes are numbers of CT scans with and without "
    "hemorrhage, or a single number if the paper gives only the total. Each study has its own data and its own way of "
    "averaging, so the figures in a column are not directly comparable; "
    "[the reviewed systems on one dataset](../../results/literature/README.md) are. The paper's own row is its best "
    "experiment."
)


def page() -> str:
    """The whole page."""
    data = yaml.safe_load(DATA.read_text(encoding="utf-8"))
    runs = [read_run(file.parent) for file in sorted(RESULTS.glob("*/metrics.json"))]
    references = "\n".join(f"- [{key}] {text}" for key, text in data["references"].items())
    return f"""# The literature

{paragraph(INTRODUCTION)}

`python -m studies.literature` generates this page from [literature.yaml](literature.yaml) and `results/`. Ichor is for
research use only and is not a medical device.

## Detection and segmentation

Table 1 of the paper.

{table(detection(data, runs))}

{notes(data["detection"])}

## Segmentation only

Table 2 of the paper, with the project's runs repeated, since they also segment.

{table(segmentation(data, runs))}

{notes(data["segmentation"])}

## Figures on this dataset and related ones

{
        paragraph(
            "Figures published after the paper. A figure can only be interpreted with its protocol: whether test "
            "subjects were also in the training set, and over which slices it is averaged."
        )
    }

{table(later(data, runs))}

## References

{paragraph(f"Paper: {paper.CITATION}. Dataset: {ABOUT.citation}. The numbers below are the paper's.")}

{references}
"""


def detection(data: dict[str, Any], runs: list[Run]) -> Table:
    """Table 1."""
    columns = (
        *("method", "scans to train", "scans to test", "detection", "results, ICH", "results, subtypes"),
        *("segmentation", "results, segmentation"),
    )
    rows = [
        (
            *(linked(one), size(one["training"]), size(one["testing"]), one["detection"], one.get("ich", "")),
            *(one.get("subtypes", ""), one.get("segmentation", ""), one.get("segmented", "")),
        )
        for one in data["detection"]
    ]
    published = {key: spread.average for key, spread in paper.TABLE_5.items()}
    ich = f"{100 * published['sensitivity']:g}% sensitivity, {100 * published['specificity']:g}% specificity (slices)"
    overlap = f"Dice coefficient of {published['dice']:g}, Jaccard index of {published['jaccard']:g}"
    unet = "U-Net on tiles"
    rows.append(("Hssayeni et al., the paper", "5-fold cross-validation", "36 / 46", unet, ich, "", unet, overlap))
    rows += [
        (*(ours(run), trained(run), tested(run), run.what, detected(run)), *("", run.what, segmented(run)))
        for run in runs
    ]
    return Table(columns, tuple(rows))


def segmentation(data: dict[str, Any], runs: list[Run]) -> Table:
    """Table 2."""
    rows = [
        (linked(one), size(one["training"]), size(one["testing"]), one["segmentation"], one["segmented"])
        for one in data["segmentation"]
    ]
    rows += [(ours(run), trained(run), tested(run), run.what, segmented(run)) for run in runs]
    return Table(("method", "scans to train", "scans to test", "segmentation", "results"), tuple(rows))


def later(data: dict[str, Any], runs: list[Run]) -> Table:
    """A table of later figures with their protocols."""
    rows = [
        (
            f"{one['method']}{f' ({source})' if (source := one.get('source')) else ''}",
            *(one["dataset"], one["dice"], one["protocol"].strip()),
        )
        for one in data["later"]
    ]
    for run in runs:
        figure = figure_at(run.metrics, "dice", "paper_average")
        protocol = f"Subject-wise, mean over slices with hemorrhage, then over {figure['n'] if figure else 0} subjects."
        rows.append((ours(run), "ct-ich", str(cell(figure)), protocol))
    return Table(("method", "dataset", "Dice", "protocol"), tuple(rows))


def name(one: dict[str, Any]) -> str:
    """A method's name with the numbers of its references in the paper."""
    return f"{one['method']} [{', '.join(map(str, one['references']))}]"


def linked(one: dict[str, Any]) -> str:
    """The same, with links to the methods that run it here."""
    registry, links = registered(), dict[str, str]()
    for system in one["systems"]:
        with suppress(BadConfig):  # not written yet
            method = load_config(f"literature/{system}").method
            module = registry[method].partition(":")[0].replace(".", "/")
            links[method] = f"[`{method}`](../../src/{module}.py)"
    return f"{name(one)} {', '.join(links.values())}".strip()


def size(one: dict[str, str]) -> str:
    """The number of scans with and without hemorrhage, as in "27 / 5", or the total if the paper gives only that."""
    return one["all"] if "all" in one else f"{one['with']} / {one['without']}"


def notes(rows: list[dict[str, Any]]) -> str:
    """A list of the differences between the paper's text and its table."""
    return "\n".join(f"- {name(one)}: {one['note']}" for one in rows if "note" in one)


def ours(run: Run) -> str:
    """A link to a run of this project, marked if it is reduced or covers only some folds."""
    marks = f" ({run.marks})" if run.marks else ""
    return f"**Ichor, [{run.name}](../../results/{run.name}/README.md){marks}**"


def trained(run: Run) -> str:
    """How a run was trained."""
    return "5-fold cross-validation" if len(run.metrics["folds"]) == 5 else "the other folds"


def tested(run: Run) -> str:
    """The number of test scans of a run with and without hemorrhage."""
    without = run.metrics["false_positive_ml"]["median"]["n"]
    return f"{run.metrics['data']['n_subjects'] - without} / {without}"


def detected(run: Run) -> str:
    """Detection figures for slices: by the paper's rule of 400 pixels, and by probability."""
    sensitivity, specificity = (figure_at(run.metrics, "slice_400px", key) for key in ("sensitivity", "specificity"))
    auc = figure_at(run.metrics, "slice", "auc")
    return (
        f"{value_of(sensitivity, percent=True)}% sensitivity, {value_of(specificity, percent=True)}% specificity, "
        f"AUC of {value_of(auc)} (slices)"
    )


def segmented(run: Run) -> str:
    """Dice and Jaccard with their intervals."""
    dice, jaccard = (figure_at(run.metrics, key, "paper_average") for key in ("dice", "jaccard"))
    return (
        f"Dice coefficient of {value_of(dice)} ({interval_of(dice)}), Jaccard index of {value_of(jaccard)} "
        f"({interval_of(jaccard)})"
    )
