"""`ichor crossval CONFIG`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ichor.cli.train import FromOption, run_experiment


def crossval(
    config: Annotated[str, typer.Argument(help="A YAML file, or the name of a config that ships (paper/threshold).")],
    data: Annotated[Path, typer.Option("--data", help="The ct-ich dataset, or your own in its layout.")],
    out: Annotated[Path, typer.Option("--out", help="The run's folder; an interrupted run continues there.")],
    fold: Annotated[
        list[int] | None,
        typer.Option("--fold", min=1, max=5, help="Only this fold; may be given again. All five otherwise."),
    ] = None,
    raw_output: Annotated[
        Path | None,
        typer.Option(
            "--raw-output",
            "--answers",
            metavar="RUN",
            help="The run whose raw output an experiment postprocesses that fits no method of its own.",
        ),
    ] = None,
    start: FromOption = None,
) -> None:
    """Cross-validate CONFIG on ct-ich: train on each fold, report on all subjects by the model that never saw them.

    Folds are independent: give --fold K to do one, in a process or on a machine of its own, with the same --out. Each
    call reports on all folds that are done by then. Every epoch and every subject is kept: the same command continues
    where the last one stopped.
    """
    run_experiment("crossval", config, data, out, fold or [], raw_output, start)
