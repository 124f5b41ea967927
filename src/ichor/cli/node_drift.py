"""`ichor node drift`: a node's results by week, against those of the scans that its model was tested on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ichor.evaluate.drift import Figure
    from ichor.node.drift import Compared, DriftReport


def drift(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="The node's folder.")],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
) -> None:
    """Compare the results of the last 26 weeks with the scans that the model was tested on, or with a validation.

    Shows, for each week, the share of positives (hemorrhage suspected), the mean probability, and the shares with
    warnings and of rejected or corrected results, each with its 95 % interval and, where there are enough scans, the
    p-values of Fisher's exact test on the positives and the Kolmogorov-Smirnov test on the probabilities.
    """
    from ichor.node.config import read_config
    from ichor.node.drift import drift_of
    from ichor.node.status import open_queue

    config = read_config(folder)
    with open_queue(folder) as queue:
        found = drift_of(queue, config)
    typer.echo(found.model_dump_json(indent=1) if as_json else "\n".join(_lines(found)))


def _lines(found: DriftReport) -> list[str]:
    titles = ("", "n", "positive", "mean probability", "with warnings", "rejected", "p positive", "p probability", "")
    rows = [titles, *(_row(one) for one in (*found.weeks, found.whole))]
    if found.reference is not None:
        one = found.reference
        rows.append(("reference", str(one.n), _share(one.positives), _mean(one.mean_probability), *[""] * 5))
    widths = [max(len(row[column]) for row in rows) for column in range(len(titles))]
    table = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    which = [] if found.reference is None else [f"Reference: {found.reference.what}."]
    return [f"{found.model}. {found.notice}", *table, *which, *found.statements]


def _row(one: Compared) -> tuple[str, ...]:
    return (
        one.week or "all",
        str(one.n),
        _share(one.positives),
        _mean(one.mean_probability),
        _share(one.warned),
        _share(one.rejected) + (f" of {one.rejected.n}" if one.rejected.n else ""),
        _p(one.p_positives),
        _p(one.p_probabilities),
        "differs" if one.differs else "",
    )


def _share(figure: Figure) -> str:
    if figure.value is None or figure.ci95 is None:
        return "-"
    low, high = figure.ci95
    return f"{100 * figure.value:.0f} % ({100 * low:.0f} to {100 * high:.0f})"


def _mean(figure: Figure) -> str:
    if figure.value is None:
        return "-"
    return f"{figure.value:.2f}" + ("" if figure.ci95 is None else f" ({figure.ci95[0]:.2f} to {figure.ci95[1]:.2f})")


def _p(value: float | None) -> str:
    return "-" if value is None else f"{value:.2g}"
