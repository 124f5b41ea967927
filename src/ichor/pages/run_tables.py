"""A run's page as Markdown, and the tables that a model card shows, too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ichor.atomic import write_whole
from ichor.pages import run
from ichor.pages.main_tables import main_figures, subjects
from ichor.pages.markdown import markdown, paragraphs, table
from ichor.pages.pictures.drawn import DrawnFigure, figures_in
from ichor.pages.words import segments
from ichor.runs.about import AboutRun, read_about, without_marks
from ichor.runs.files import MASKS, PAGE

MASKS_LINE = "- `masks.json.gz`: the mask of every slice with any predicted pixel, as COCO run lengths\n"


def figures_table(metrics: Mapping[str, Any], ours: str = "this model") -> str:
    """The main figures with their 95 % intervals, and the paper's."""
    return table(main_figures(metrics, ours))


def subjects_table(metrics: Mapping[str, Any]) -> str:
    """Dice and Jaccard of each subject with hemorrhage."""
    return table(subjects(metrics))


def write_page(folder: Path, metrics: Mapping[str, Any]) -> None:
    """Write README.md of the result in `folder`, with the pictures that were drawn there."""
    masks = (folder / MASKS).exists()
    write_whole(folder / PAGE, results_page(metrics, figures_in(folder), read_about(folder), masks=masks))


def results_page(
    metrics: Mapping[str, Any],
    figures: Sequence[DrawnFigure] = (),
    about: AboutRun | None = None,
    *,
    masks: bool = False,
) -> str:
    """The README.md of a run's results: summary, all tables, pictures, and how to reproduce them.

    `about` is the written description; without it the page lacks those sections. `masks` says whether masks.json.gz is
    in the same folder.
    """
    about = about or AboutRun()
    top = [about.description, run.what_it_is(metrics)]
    if metrics["made_by"].get("reduced"):
        top.append(run.REDUCED)
    if metrics["made_by"].get("seeded"):
        top.append(run.SEEDED)
    top += [run.what_it_says(metrics), paragraphs(without_marks(about.design)), run.USE]
    return f"""# {run.title(metrics, about)}

{_paragraphs([text for text in top if text])}

{markdown(run.sections(metrics, figures))}
{_limits(about)}
## How it was made

{_paragraphs([text for text in (run.making(metrics), run.attribution(metrics)) if text])}

- `metrics.json`: every figure with its interval
{MASKS_LINE if masks else ""}- `scores.csv`, `scan_scores.csv`: {_scores(metrics)}
{_links(about)}"""


def _scores(metrics: Mapping[str, Any]) -> str:
    if not segments(metrics):
        return "the probability of every slice and scan"
    return "the probability of every slice and scan, and the pixels of mask, delineation and both"


def _limits(about: AboutRun) -> str:
    return f"\n## Limitations\n\n{paragraphs(without_marks(about.limits))}\n" if about.limits else ""


def _links(about: AboutRun) -> str:
    lines = (f"- [{one.name}]({one.path}){f': {one.says}' if one.says else ''}\n" for one in about.links)
    return "\n## See also\n\n" + "".join(lines) if about.links else ""


def _paragraphs(texts: Sequence[str]) -> str:
    return "\n\n".join(paragraphs(text) for text in texts)
