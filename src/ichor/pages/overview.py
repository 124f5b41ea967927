"""Two pages for several runs: README.md and the self-contained results.html."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from ichor.atomic import write_whole
from ichor.errors import BadConfig
from ichor.pages import paper
from ichor.pages.blocks import Cell, Section, Table
from ichor.pages.dataset import dataset_section
from ichor.pages.html import results_html
from ichor.pages.markdown import markdown, paragraph, table
from ichor.pages.paper_comparison import EXPERIMENTS, THRESHOLD, VERDICT_RULE, PaperExperiment, Published
from ichor.pages.run import USE, attribution, chosen
from ichor.pages.runs import Run, read_run
from ichor.pages.words import Figure, cell, figure_at, listed, printed, segments
from ichor.runs.files import METRICS

README = "README.md"
HTML = "results.html"

INTRODUCTION = (
    "Results of the experiments. Each folder holds the figures (`metrics.json`), the scores from which they were "
    "computed, and a page with all tables and the command that reproduces them. All figures are out-of-fold: no model "
    "was trained or calibrated on the subjects it is evaluated on."
)
MARKED = (
    "A run marked reduced is a smaller version of an experiment; a run on only some of the folds has few subjects and "
    "wide intervals. All other runs are on all five folds."
)

_COLUMNS = (
    ("Dice, paper's average", ("dice", "paper_average")),
    ("Dice, pooled", ("dice", "pooled")),
    ("slice AUC", ("slice", "auc")),
    ("scan AUC", ("scan", "auc")),
)

_CAPTIONS = {
    "Table 5": "Table 5 of the paper. Rates are by the 400-pixel rule; their average is over all slices.",
    "Table 6": "Table 6 of the paper, ours over all slices.",
    "section 6": "Section 6 of the paper.",
}


def write_overview(folders: Sequence[Path], out: Path) -> None:
    """Write README.md and results.html for the runs in `folders`, sorted by name, into the folder `out`.

    The description in `out`/dataset, if any, is shown on the latter, too. Raises BadConfig if a folder has no figures
    of a run.
    """
    # Shells sort `results/*` differently, depending on the locale and on what follows the star.
    runs = [read_run(folder) for folder in sorted(folders, key=lambda folder: folder.resolve().name)]
    if out.exists() and not out.is_dir():
        raise BadConfig(f"{out}: expected a folder to write into, found a file")
    out.mkdir(parents=True, exist_ok=True)
    comparisons = [section for one in EXPERIMENTS if (section := comparison(one, runs))]
    write_whole(out / README, _readme(runs, comparisons, out))
    write_whole(out / HTML, results_html(runs, comparisons, _attributions(runs), dataset_section(out)))


def comparison(experiment: PaperExperiment, runs: Sequence[Run]) -> Section | None:
    """All numbers of one of the paper's experiments compared with those of its runs; None without such runs."""
    compared = [run for run in runs if run.experiment is experiment]
    if not compared:
        return None
    sources = list(dict.fromkeys(one.source for one in experiment.numbers))
    columns = ("number", "paper", *(_label(run) for run in compared))
    tables: list[str | Table] = [
        Table(
            columns,
            tuple(_row(one, compared) for one in experiment.numbers if one.source == source),
            _CAPTIONS[source],
        )
        for source in sources
    ]
    if experiment is THRESHOLD:
        tables += [_bounds(run) for run in compared]
    return Section(f"Experiment {experiment.number} of the paper: {experiment.title}", tuple(tables))


def _bounds(run: Run) -> str:
    published = paper.THRESHOLD
    ours = chosen(run.metrics) or ["The run does not record its bounds."]
    return f"The paper's grid search chose gray {published.lower} to {published.upper}. {_label(run)}: {ours[0]}"


def _row(one: Published, runs: Sequence[Run]) -> tuple[str | Cell, ...]:
    ours = (_cell(run, one.ours(run.metrics), percent=one.percent, verdict=one.verdict(run.metrics)) for run in runs)
    name = f"{one.name}, %" if one.percent else one.name
    return name, printed(one.value, percent=one.percent), *ours


def _cell(run: Run, figure: Figure | None, *, percent: bool = False, verdict: str = "") -> Cell:
    """A figure; a dash if a detector has none."""
    if figure is None and not segments(run.metrics):
        return Cell("–")
    return cell(figure, percent=percent, verdict=verdict)


def _label(run: Run) -> str:
    return f"{run.name} ({run.marks})" if run.marks else run.name


def _readme(runs: Sequence[Run], comparisons: Sequence[Section], out: Path) -> str:
    rows: list[tuple[str | Cell, ...]] = [
        (
            f"[{run.name}]({_link(run.folder, out)}/{README})",
            f"{run.what}{f' (**{run.marks}**)' if run.marks else ''}",
            *(_cell(run, figure_at(run.metrics, *keys)) for _, keys in _COLUMNS),
            listed([f"{n} {verdict}" for verdict, n in run.tally]),
        )
        for run in runs
    ]
    columns = ("experiment", "what it is", *(name for name, _ in _COLUMNS), "the paper's numbers")
    others = "\n".join(f"- [{_heading(file)}]({file.relative_to(out).as_posix()})" for file in _other_pages(out))
    return (
        "\n\n".join(
            part
            for part in (
                "# Results",
                paragraph(INTRODUCTION),
                f"[All results on one page]({HTML}), to read offline and to print.",
                USE,
                table(Table(columns, tuple(rows))),
                paragraph(MARKED),
                others,
                "## The paper's numbers compared with ours",
                paragraph(VERDICT_RULE),
                markdown(comparisons, level=3),
                paragraph(_attributions(runs)),
            )
            if part
        )
        + "\n"
    )


def _attributions(runs: Sequence[Run]) -> str:
    """The distinct attributions of the runs."""
    return " ".join(dict.fromkeys(text for run in runs if (text := attribution(run.metrics))))


def _link(folder: Path, out: Path) -> str:
    return Path(os.path.relpath(folder.resolve(), out.resolve())).as_posix()


def _other_pages(out: Path) -> list[Path]:
    """Pages next to the runs that do not belong to one: dataset, speed, studies."""
    own = [file for file in sorted(out.glob("*.md")) if file.name != README]
    below = [file for file in sorted(out.glob("*/*.md")) if not (file.parent / METRICS).exists()]
    return own + below


def _heading(file: Path) -> str:
    lines = file.read_text(encoding="utf-8").splitlines()
    return next((line.removeprefix("# ") for line in lines if line.startswith("# ")), file.stem)
