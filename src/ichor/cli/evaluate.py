"""`ichor evaluate FOLDER` and `ichor evaluate PACKAGE --out OUT`."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from ichor.cli.data import CopiesOption, DataOption, opened, recorded
from ichor.cli.show import show_figures
from ichor.errors import BadConfig


def evaluate(
    folder: Annotated[
        Path,
        typer.Argument(
            metavar="FOLDER|PACKAGE",
            help="The folder of a run, or one under results/; with --out, a model package, by name or folder.",
        ),
    ],
    data: DataOption,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", help="Predict the datasets with a model package that was never trained on them, into this folder."
        ),
    ] = None,
    training_data: Annotated[
        list[str] | None,
        typer.Option(
            "--training-data",
            metavar="[NAME=]PATH",
            help="With --out: a dataset that the package was trained on, to find copies of its scans by comparing "
            "images. Can be repeated, with a NAME for each.",
        ),
    ] = None,
    leave_out_copies: CopiesOption = False,
) -> None:
    """Recompute the metrics of a run, or evaluate a model package on a dataset that it was never trained on.

    The metrics of a run are computed from the scores in FOLDER, and its masks if it has any, and written to its
    metrics.json and README.md. Without masks, the surface and lesion metrics are kept as they are.

    With --out, the scans are predicted by PACKAGE, and the predictions and their metrics are written to that folder. A
    dataset that the package was trained on is refused. An interrupted evaluation continues when the command is given
    again.
    """
    if out is not None:
        _evaluate_package(folder, data, out, training_data or [], leave_out_copies=leave_out_copies)
        return
    from ichor.models.package import SUMS
    from ichor.pages.run_tables import write_page
    from ichor.runs.evaluate import evaluate_folder
    from ichor.runs.files import SCORES

    if training_data:
        raise BadConfig("--training-data: expected --out, the folder for the evaluation of a package, found none")
    if (folder / SUMS).exists() and not (folder / SCORES).exists():
        raise BadConfig(f"{folder}: expected --out OUT to evaluate a model package, found none")
    metrics = evaluate_folder(folder, opened(data, leave_out_copies=leave_out_copies))
    write_page(folder, metrics)
    show_figures(metrics, folder)


def _evaluate_package(
    model: Path, data: list[str], out: Path, training_data: list[str], *, leave_out_copies: bool
) -> None:
    from ichor.experiments.external import evaluate_package
    from ichor.models.package import find_package
    from ichor.pages.run import never_trained_on

    package, dataset = find_package(model), opened(data, leave_out_copies=leave_out_copies)
    left_out = _copies(training_data, data, leave_out_copies=leave_out_copies) if training_data else []
    options = [word for name in training_data for word in ("--training-data", _without_path(name))]
    options += ["--leave-out-copies"] if leave_out_copies else []
    command = shlex.join(["ichor", "evaluate", model.name, *recorded(dataset), "--out", "OUT", *options])
    metrics = evaluate_package(
        package, dataset, out, command=command, left_out=left_out, copies_sought=bool(training_data)
    )
    typer.echo(f"{metrics['data']['n_subjects']} subjects evaluated. {never_trained_on(metrics)}")
    show_figures(metrics, out)


def _copies(training_data: list[str], data: list[str], *, leave_out_copies: bool) -> list[str]:
    """The subjects that are copies of training scans. Raises BadConfig, naming some, if they are not to be left out."""
    from ichor.dataset.images.overlaps import copies_of, pairs_text
    from ichor.dataset.together import open_data

    copies = copies_of(open_data(training_data), open_data(data))
    if copies and not leave_out_copies:
        raise BadConfig(
            f"--data: expected no scan of the training data, found the same images in {pairs_text(copies)} "
            "(training scan first); give --leave-out-copies to evaluate without them"
        )
    return sorted({one.second for one in copies})


def _without_path(text: str) -> str:
    name, equals, _ = text.partition("=")
    return f"{name}=PATH" if equals else "PATH"
