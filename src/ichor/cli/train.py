"""`ichor train CONFIG` and `ichor export RUN`."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ichor.cli.data import CopiesOption, DataOption, FoldsOption, recorded
from ichor.cli.show import show_figures
from ichor.errors import BadConfig

if TYPE_CHECKING:
    from ichor.dataset.base import Dataset

FromOption = Annotated[
    str | None,
    typer.Option("--from", metavar="PACKAGE", help="Start from the weights of this model package (name or folder)."),
]


def train(
    config: Annotated[str, typer.Argument(help="A YAML file, or the name of a built-in config, such as ichor-1.")],
    data: DataOption,
    out: Annotated[Path, typer.Option("--out", help="The folder of the run.")],
    fold: Annotated[
        int | None, typer.Option("--fold", min=1, max=5, help="The fold to train on; by default the one in the config.")
    ] = None,
    calibrate_on: Annotated[
        Path | None,
        typer.Option(
            "--calibrate-on",
            "--chosen-in",
            metavar="RUN",
            help="Train on all subjects, and calibrate on the out-of-fold output of this finished cross-validation.",
        ),
    ] = None,
    all_but: Annotated[
        list[str] | None,
        typer.Option(
            "--all-but", metavar="SUBJECT", help="With --calibrate-on: leave this subject out. Can be repeated."
        ),
    ] = None,
    start: FromOption = None,
    folds: FoldsOption = None,
    leave_out_copies: CopiesOption = False,
) -> None:
    """Train a method on one fold, or on all subjects.

    On one fold, the metrics of its test subjects are reported. With --calibrate-on, all subjects are used for training.

    An interrupted run continues from its last epoch when the command is given again. Under torchrun, the same command
    trains on several devices.
    """
    if calibrate_on is None:
        if all_but:
            raise BadConfig("--all-but: expected --calibrate-on RUN with it, a run over five folds, found none")
        run_experiment(
            "train",
            config,
            data,
            out,
            [] if fold is None else [fold],
            start=start,
            folds=folds,
            leave_out_copies=leave_out_copies,
        )
    elif fold is not None:
        raise BadConfig(f"--calibrate-on: expected no --fold, since all subjects are trained on, found {fold}")
    else:
        _train_on_all(
            config, data, out, calibrate_on, all_but or [], start=start, folds=folds, leave_out_copies=leave_out_copies
        )


def export(
    run: Annotated[Path, typer.Argument(help="The folder of a run of `ichor train`.")],
    out: Annotated[Path, typer.Option("--out", help="The folder to write, which must not exist yet.")],
    name: Annotated[
        str | None, typer.Option("--name", help="The name of the model; by default that of the experiment.")
    ] = None,
) -> None:
    """Write the model of a run as a package.

    A package holds the network, its configuration and metrics, a model card and checksums.
    """
    from ichor.experiments.export import export_run

    export_run(run, out, name)
    typer.echo(f"{out}: model package written")


def run_experiment(
    command: str,
    config: str,
    data: list[str],
    out: Path,
    numbers: list[int],
    *,
    raw_output: Path | None = None,
    start: str | None = None,
    folds: str | None = None,
    leave_out_copies: bool = False,
) -> None:
    """Run these folds of an experiment (if empty, the command's default) and show its metrics."""
    from ichor.dataset.folds import N_FOLDS
    from ichor.experiments.config import load_config
    from ichor.experiments.run import cross_validate

    experiment = load_config(config, folds=folds)
    dataset = _opened(data, leave_out_copies=leave_out_copies)
    options = [*_folds_words(folds), *(["--leave-out-copies"] if leave_out_copies else [])]
    every = [*range(1, N_FOLDS + 1)] if command == "crossval" else [experiment.fold]  # train

    def command_of(numbers: Sequence[int]) -> str:
        # `ichor train` runs one fold: several folds, made by several calls, can be reproduced by one call of crossval.
        word = command if len(numbers) == 1 else "crossval"
        all_of = every if word == command else [*range(1, N_FOLDS + 1)]
        some = [] if list(numbers) == all_of else [word for n in numbers for word in ("--fold", str(n))]
        other = () if raw_output is None else ("--raw-output", "OTHER")
        return _shown(word, config, dataset, *some, *other, *options, start=start)

    with training_packages():
        metrics = cross_validate(
            experiment,
            dataset,
            out,
            sorted(set(numbers)) or every,
            command_of=command_of,
            raw_output=raw_output,
            start=start,
        )
    if metrics is not None:
        show_figures(metrics, out)


def _train_on_all(
    config: str,
    data: list[str],
    out: Path,
    calibrate_on: Path,
    left_out: list[str],
    *,
    start: str | None,
    folds: str | None,
    leave_out_copies: bool,
) -> None:
    from ichor.experiments.config import load_config
    from ichor.experiments.final import train_on_all

    dataset = _opened(data, leave_out_copies=leave_out_copies)
    words = [word for subject in left_out for word in ("--all-but", subject)]
    words += [*_folds_words(folds), *(["--leave-out-copies"] if leave_out_copies else [])]
    command = _shown("train", config, dataset, "--calibrate-on", "RUN", *words, start=start, out="FINAL")
    with training_packages():
        train_on_all(
            load_config(config, folds=folds),
            dataset,
            out,
            calibrate_on=calibrate_on,
            left_out=left_out,
            command=command,
            start=start,
        )
    typer.echo(f"{out}: trained on all subjects{' but ' + ', '.join(left_out) if left_out else ''}")
    typer.echo(f"{out / 'out-of-fold.json'}: the figures of its recipe over five folds; `ichor export` packs both")
    typer.echo("Research use only; not a medical device.")


def _opened(data: list[str], *, leave_out_copies: bool) -> Dataset:
    """The datasets. Raises BadConfig if a scan is in two of them, unless copies are left out."""
    from ichor.dataset.images.overlaps import without_copies
    from ichor.dataset.together import open_data

    return without_copies(open_data(data), leave_out=leave_out_copies)


def _folds_words(folds: str | None) -> list[str]:
    return [] if folds is None else ["--folds", folds]


def _shown(command: str, config: str, dataset: Dataset, *words: str, start: str | None, out: str = "RUN") -> str:
    """A command in the form that is recorded, without this machine's paths."""
    name = Path(config).name if Path(config).is_file() else config
    begun = () if start is None else ("--from", Path(start).name)
    return shlex.join(["ichor", command, name, *recorded(dataset), "--out", out, *words, *begun])


@contextmanager
def training_packages() -> Iterator[None]:
    """A block that trains. Raises BadConfig if the packages for training are not installed."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise BadConfig(
            f"expected the training packages, found no {error.name}; install them with pip install 'ichor-ct[train]'"
        ) from error
