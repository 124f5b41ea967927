"""A run's figures as Markdown: its page, and the tables that a model card shows too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ichor.atomic import write_whole
from ichor.pages import run
from ichor.pages.main_tables import main_figures, subjects
from ichor.pages.markdown import markdown, paragraph, table
from ichor.pages.pictures.drawn import DrawnFigure, figures_in
from ichor.runs.files import PAGE

# What lies beside a result under results/ and belongs to it, by experiment.
_BESIDE = {
    "model": (
        "[The tries that led to it](../ablation/README.md), each with its cost, and which of them knew test figures",
        "[What limits the Dice](../limits/README.md): what is missed, by size, contrast and subtype",
        "[What limits the detection](../detection-limits/README.md): on whom the figures hang, and what is missed",
        "[What a Dice means on this dataset](../label-ceiling/README.md): what small differences of drawing cost",
        "[The same in int8](../int8/README.md)",
        "[Scans acquired otherwise](../robustness/README.md): thickness, kernel, noise, tilt and more",
        "[Among the methods of the literature](../../docs/explanation/literature.md)",
    )
}


def figures_table(metrics: Mapping[str, Any], ours: str = "this model") -> str:
    """The main figures with their 95 % intervals beside the paper's."""
    return table(main_figures(metrics, ours))


def subjects_table(metrics: Mapping[str, Any]) -> str:
    """Dice and Jaccard of each subject with hemorrhage."""
    return table(subjects(metrics))


def write_page(folder: Path, metrics: Mapping[str, Any]) -> None:
    """Write README.md of the result in `folder`, with the pictures that were drawn there."""
    write_whole(folder / PAGE, results_page(metrics, figures_in(folder)))


def results_page(metrics: Mapping[str, Any], figures: Sequence[DrawnFigure] = ()) -> str:
    """The README.md of a run's results: what they say, every table, the pictures, and how they are made again."""
    reduced = [run.REDUCED] if metrics["made_by"].get("reduced") else []
    top = [run.what_it_is(metrics), *reduced, run.what_it_says(metrics), *run.how_blind(metrics), run.USE]
    return f"""# {run.title(metrics)}

{_paragraphs(top)}

{markdown(run.sections(metrics, figures))}

## How it was made

{_paragraphs([run.making(metrics), run.ATTRIBUTION])}

- `metrics.json`: every figure with its interval
- `masks.json.gz`: the mask of every slice with any predicted pixel, as COCO run lengths
- `scores.csv`, `scan_scores.csv`: the probability and area of every slice and scan
{_beside(metrics)}"""


def _beside(metrics: Mapping[str, Any]) -> str:
    links = _BESIDE.get(metrics["experiment"], ())
    return "\n## Beside it\n\n" + "".join(f"- {link}\n" for link in links) if links else ""


def _paragraphs(texts: Sequence[str]) -> str:
    return "\n\n".join(paragraph(text) for text in texts)
