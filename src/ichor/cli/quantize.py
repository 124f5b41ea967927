"""`ichor quantize PACKAGE`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def quantize(
    package: Annotated[Path, typer.Argument(help="The folder of a model package, as `ichor export` leaves it.")],
    data: Annotated[Path, typer.Option("--data", help="The dataset that the model was trained on.")],
) -> None:
    """Add the int8 variant of a package's network, and let it be the one that runs.

    It is calibrated on the subjects that the model was trained on. How much it changes the answers is for
    scripts/int8.py to say, on subjects that no model of a run was trained on.
    """
    from ichor.dataset.ct_ich import CtIch
    from ichor.errors import BadConfig

    try:
        from ichor.experiments.quantize import quantize_package
    except ModuleNotFoundError as error:
        raise BadConfig(
            f"expected the training packages, found no {error.name}; install them by pip install 'ichor-ct[train]'"
        ) from error
    quantize_package(package, CtIch(data))
    typer.echo(f"{package}: int8 network written, and runs from now on")
