"""`ichor train CONFIG` and `ichor export RUN`."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated, Any

import typer

from ichor.errors import BadConfig


def train(
    config: Annotated[str, typer.Argument(help="A YAML file, or the name of a config that ships (compact).")],
    data: Annotated[Path, typer.Option("--data", help="The ct-ich dataset.")],
    out: Annotated[Path, typer.Option("--out", help="The run's folder; an interrupted run continues there.")],
    fold: Annotated[int | None, typer.Option("--fold", min=1, max=5, help="Another fold than the config's.")] = None,
) -> None:
    """Train CONFIG on one fold of ct-ich and report on the fold's test subjects.

    Every epoch is a checkpoint: the same command continues where the last one stopped. Under torchrun the same
    command trains on several devices.
    """
    from ichor.dataset.ct_ich import CtIch
    from ichor.experiments.config import load_config
    from ichor.experiments.run import run_fold

    chosen = load_config(config)
    if fold is not None:
        chosen = chosen.model_copy(update={"fold": fold})
    shown = Path(config).name if Path(config).is_file() else config  # no path of a machine in what is committed
    words = ["ichor", "train", shown, "--data", "ct-ich", "--out", "RUN", *(["--fold", str(fold)] if fold else [])]
    try:
        metrics = run_fold(chosen, CtIch(data), out, shlex.join(words))
    except ModuleNotFoundError as error:
        raise BadConfig(
            f"expected the training packages, found no {error.name}; install them by pip install 'ichor-ct[train]'"
        ) from error
    if metrics is not None:
        _show(metrics, out)


def export(
    run: Annotated[Path, typer.Argument(help="A run's folder, as `ichor train` leaves it.")],
    out: Annotated[Path, typer.Option("--out", help="The model package to write; must not exist.")],
    name: Annotated[str | None, typer.Option("--name", help="The model's name; the experiment's otherwise.")] = None,
) -> None:
    """Write a run's model as a package: network, configuration, figures, card and checksums."""
    from ichor.experiments.export import export_run

    export_run(run, out, name)
    typer.echo(f"{out}: model package written")


def _show(metrics: dict[str, Any], out: Path) -> None:
    def line(name: str, figure: dict[str, Any]) -> str:
        if figure["value"] is None:
            return f"{name:<44} not defined"
        low, high = figure["ci95"]
        return f"{name:<44} {figure['value']:.3f}  (95 % {low:.3f} to {high:.3f}, n = {figure['n']})"

    typer.echo(line("Dice, paper's average", metrics["dice"]["paper_average"]))
    typer.echo(line("Jaccard, paper's average", metrics["jaccard"]["paper_average"]))
    typer.echo(line("slice AUC", metrics["slice"]["auc"]))
    typer.echo(line("slice specificity at 97 % sensitivity", metrics["slice"]["specificity_at_sensitivity_97"]))
    typer.echo(line("scan AUC", metrics["scan"]["auc"]))
    typer.echo(f"{out / 'metrics.json'}: all figures")
    typer.echo("Research use only; not a medical device.")
