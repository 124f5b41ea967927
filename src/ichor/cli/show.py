"""Shows the main metrics of a result."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer


def show_figures(metrics: dict[str, Any], out: Path) -> None:
    """Print the main metrics of metrics.json, which is in `out`."""

    def line(name: str, figure: dict[str, Any] | None) -> str:
        if figure is None or figure["value"] is None:
            return f"{name:<44} not defined"
        low, high = figure["ci95"]
        return f"{name:<44} {figure['value']:.3f}  (95 % {low:.3f} to {high:.3f}, n = {figure['n']})"

    if metrics["dice"] is not None:  # a detector has none
        typer.echo(line("Dice, paper's average", metrics["dice"]["paper_average"]))
        typer.echo(line("Jaccard, paper's average", metrics["jaccard"]["paper_average"]))
    if metrics["made_by"].get("seeded"):
        typer.echo("The method was given seeds from the delineation, so the detection figures are not its own.")
    typer.echo(line("slice AUC", metrics["slice"]["auc"]))
    typer.echo(line("slice specificity at 97 % sensitivity", metrics["slice"]["specificity_at_sensitivity_97"]))
    typer.echo(line("scan AUC", metrics["scan"]["auc"]))
    typer.echo(f"{out / 'metrics.json'}: all figures")
    typer.echo("Research use only; not a medical device.")
