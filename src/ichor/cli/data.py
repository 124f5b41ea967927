"""The option and the argument that name datasets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ichor.dataset.base import Dataset

DataOption = Annotated[
    list[str],
    typer.Option(
        "--data",
        metavar="[NAME=]PATH",
        help="A dataset in a layout that `ichor dataset list` shows. Can be repeated, with a NAME for each.",
    ),
]
DataArguments = Annotated[
    list[str],
    typer.Argument(metavar="[NAME=]DATA...", help="Datasets in layouts of `ichor dataset list`, with a NAME for each."),
]


FoldsOption = Annotated[
    str | None,
    typer.Option(
        "--folds",
        metavar="NAME",
        help="The folds to use instead of those in the config: stratified, which works for every dataset, or the name "
        "of folds that the dataset defines.",
    ),
]
CopiesOption = Annotated[
    bool,
    typer.Option(
        "--leave-out-copies",
        help="If a scan is in several of the datasets, use the first copy and leave out the others. Without this "
        "option, such datasets are refused.",
    ),
]


def recorded(dataset: Dataset) -> list[str]:
    """The option as it is recorded in results, without this machine's paths."""
    names = [f"{name}=PATH" for name in dataset.parts] or [dataset.facts.kind]
    return [word for name in names for word in ("--data", name)]


def opened(data: list[str], *, leave_out_copies: bool) -> Dataset:
    """The datasets; with `leave_out_copies`, without all but the first of scans that are in several of them."""
    from ichor.dataset.together import open_data

    dataset = open_data(data)
    if not leave_out_copies:
        return dataset
    from ichor.dataset.images.overlaps import without_copies

    return without_copies(dataset, leave_out=True)
