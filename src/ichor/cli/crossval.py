"""`ichor crossval CONFIG`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ichor.cli.data import CopiesOption, DataOption, FoldsOption
from ichor.cli.train import FromOption, run_experiment


def crossval(
    config: Annotated[
        str, typer.Argument(help="A YAML file, or the name of a built-in config, such as paper/threshold.")
    ],
    data: DataOption,
    out: Annotated[Path, typer.Option("--out", help="The folder of the run.")],
    fold: Annotated[
        list[int] | None,
        typer.Option("--fold", min=1, max=5, help="Run only this fold. Can be repeated; by default all five run."),
    ] = None,
    raw_output: Annotated[
        Path | None,
        typer.Option(
            "--raw-output",
            "--answers",
            metavar="RUN",
            help="For an experiment that only postprocesses: the run whose raw output it takes.",
        ),
    ] = None,
    start: FromOption = None,
    folds: FoldsOption = None,
    leave_out_copies: CopiesOption = False,
) -> None:
    """Cross-validate a method over five folds.

    Each subject is predicted by the model of the fold that was neither trained nor tuned on it. Folds are independent:
    --fold K runs one of them, so that several processes or machines can share a run with the same --out; each reports
    the metrics of the folds finished so far. An interrupted run continues when the command is given again.

    With several datasets, folds are split by person across all of them, and subject S of dataset NAME is called NAME.S.
    """
    run_experiment(
        "crossval",
        config,
        data,
        out,
        fold or [],
        raw_output=raw_output,
        start=start,
        folds=folds,
        leave_out_copies=leave_out_copies,
    )
