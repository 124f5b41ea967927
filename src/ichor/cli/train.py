"""`ichor train CONFIG` and `ichor export RUN`."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from ichor.cli.show import show_figures
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
    run_experiment("train", config, data, out, [] if fold is None else [fold], None)


def export(
    run: Annotated[Path, typer.Argument(help="A run's folder, as `ichor train` leaves it.")],
    out: Annotated[Path, typer.Option("--out", help="The model package to write; must not exist.")],
    name: Annotated[str | None, typer.Option("--name", help="The model's name; the experiment's otherwise.")] = None,
) -> None:
    """Write a run's model as a package: network, configuration, figures, card and checksums."""
    from ichor.experiments.export import export_run

    export_run(run, out, name)
    typer.echo(f"{out}: model package written")


def run_experiment(command: str, config: str, data: Path, out: Path, folds: list[int], answers: Path | None) -> None:
    """Do these folds of an experiment (the command's own if there are none) and show its figures."""
    from ichor.dataset.ct_ich import CtIch
    from ichor.dataset.folds import N_FOLDS
    from ichor.experiments.config import load_config
    from ichor.experiments.run import cross_validate

    chosen = load_config(config)
    shown = Path(config).name if Path(config).is_file() else config  # no path of a machine in what is committed
    every = [*range(1, N_FOLDS + 1)] if command == "crossval" else [chosen.fold]  # train

    def command_of(numbers: Sequence[int]) -> str:
        # `ichor train` does one fold: several were done by several calls, and are done by one of crossval.
        words = ["ichor", command if len(numbers) == 1 else "crossval", shown, "--data", "ct-ich", "--out", "RUN"]
        if list(numbers) != (every if words[1] == command else [*range(1, N_FOLDS + 1)]):
            words += [word for number in numbers for word in ("--fold", str(number))]
        return shlex.join([*words, *(() if answers is None else ("--answers", "ANSWERS"))])

    try:
        metrics = cross_validate(
            chosen, CtIch(data), out, sorted(set(folds)) or every, command_of=command_of, answers=answers
        )
    except ModuleNotFoundError as error:
        raise BadConfig(
            f"expected the training packages, found no {error.name}; install them by pip install 'ichor-ct[train]'"
        ) from error
    if metrics is not None:
        show_figures(metrics, out)
