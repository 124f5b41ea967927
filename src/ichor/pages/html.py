"""results.html: all runs on one page for screen and print, without network access or scripts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ichor.dataset.known import dataset_name
from ichor.pages import run as run_page
from ichor.pages.blocks import Section
from ichor.pages.inline import inline_picture
from ichor.pages.paper_comparison import TILES, VERDICT_RULE
from ichor.pages.runs import Run
from ichor.pages.templates import rendered
from ichor.pages.words import cell, figure_at, printed

_MEASURES = (
    ("Dice, paper's average", ("dice", "paper_average")),
    ("Dice, all voxels pooled", ("dice", "pooled")),
    ("AUC of slices", ("slice", "auc")),
    ("AUC of scans", ("scan", "auc")),
)


@dataclass(frozen=True, slots=True)
class Bar:
    """One run's figure on an axis from 0 to 1, as positions in % of its width."""

    run: str
    marks: str
    words: str
    at: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Plot:
    """One metric for all runs; `line` is the value of the paper's third experiment in %, if it gives one."""

    title: str
    bars: tuple[Bar, ...]
    line: float | None
    line_words: str


def results_html(
    runs: Sequence[Run], comparisons: Sequence[Section], attribution: str, dataset: Section | None = None
) -> str:
    """The page; `comparisons` compare the paper's numbers with the runs', `dataset` describes the data.

    `attribution` names the source of the data.
    """
    return rendered(
        "ichor.pages",
        "results.html.j2",
        runs=runs,
        comparisons=comparisons,
        dataset=dataset,
        attribution=attribution,
        on=_on(runs),
        plots=[plot for measure in _MEASURES if (plot := _plot(*measure, runs))],
        sections=[_sections(run) for run in runs],
        pictures=[{one.file: inline_picture(run.folder / one.file) for one in run.pictures} for run in runs],
        text=run_page,
        verdict_rule=VERDICT_RULE,
    )


def _sections(run: Run) -> list[Section]:
    # The rule is shown only once, at the top of the page.
    return [
        Section(section.title, tuple(block for block in section.blocks if block != VERDICT_RULE))
        for section in run_page.sections(run.metrics, run.pictures)
    ]


def _plot(title: str, keys: tuple[str, ...], runs: Sequence[Run]) -> Plot | None:
    bars = []
    for run in runs:
        figure = figure_at(run.metrics, *keys)
        if figure is None:
            continue
        low, high = figure.get("ci95") or (figure["value"], figure["value"])
        at, low, high = (100 * min(max(value, 0), 1) for value in (figure["value"], low, high))
        bars.append(Bar(run.name, run.marks, str(cell(figure)), at, low, high))
    if not bars:
        return None
    published = next((one.value for one in TILES.numbers if one.keys == keys), None)
    line = None if published is None else 100 * published
    return Plot(title, tuple(bars), line, "" if published is None else f"paper, experiment 3: {printed(published)}")


def _on(runs: Sequence[Run]) -> str:
    """` on ct-ich` if all runs are on the same named dataset; else empty."""
    names = {dataset_name(run.metrics["data"]["fingerprint"]) for run in runs}
    return f" on {names.pop()}" if len(names) == 1 else ""
