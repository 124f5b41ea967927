"""`ichor quantize PACKAGE`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ichor.cli.train import training_packages


def quantize(
    package: Annotated[Path, typer.Argument(help="The folder of a model package, as `ichor export` leaves it.")],
    data: Annotated[Path, typer.Option("--data", help="The dataset that the model was trained on.")],
    *,
    beside: Annotated[bool, typer.Option("--beside", help="Let the network in fp32 be the one that runs.")] = False,
) -> None:
    """Add the int8 variant of a package's network, and let it be the one that runs.

    It is calibrated on the subjects that the model was trained on. How much it changes the answers is for
    studies/int8 to say, on subjects that no model of a run was trained on.
    """
    from ichor.dataset.base import open_dataset

    with training_packages():
        from ichor.experiments.quantize import quantize_package

        quantize_package(package, open_dataset(data), runs=not beside)
    typer.echo(f"{package}: int8 network written, " + ("beside that in fp32" if beside else "and runs from now on"))
