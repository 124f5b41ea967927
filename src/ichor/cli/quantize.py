"""`ichor quantize PACKAGE`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ichor.cli.data import CopiesOption, DataOption, opened
from ichor.cli.train import training_packages


def quantize(
    package: Annotated[Path, typer.Argument(help="The folder of a model package.")],
    data: DataOption,
    *,
    beside: Annotated[bool, typer.Option("--beside", help="Keep using the fp32 network.")] = False,
    leave_out_copies: CopiesOption = False,
) -> None:
    """Add an int8 network to a model package.

    The ranges of its activations are calibrated on the subjects that the model was trained on. From then on the int8
    network is used, unless --beside is given. studies/int8 measures, out of fold, how much int8 changes the results.
    """

    with training_packages():
        from ichor.experiments.quantize import quantize_package

        quantize_package(package, opened(data, leave_out_copies=leave_out_copies), runs=not beside)
    typer.echo(
        f"{package}: int8 network written; " + ("the fp32 network stays in use" if beside else "it is used from now on")
    )
