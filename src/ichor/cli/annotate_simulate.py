"""`ichor annotate simulate DATA --out DIR`: active learning against a random order, on ct-ich, in modelled time."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ichor.errors import BadConfig


def simulate(
    data: Annotated[Path, typer.Argument(metavar="DATA", help="The ct-ich dataset.")],
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="The simulation's folder; an interrupted one continues there.")
    ],
    config: Annotated[
        str, typer.Option("--config", help="A YAML file, or the name of a simulation that ships.")
    ] = "active-learning",
) -> None:
    """Show how Dice on held-out subjects of DATA grows with the time spent on labelling others.

    Three ways to choose what is labelled next start from the same subjects: cost-sensitive active learning, plain
    uncertainty, and a random order. No times were recorded: they are modelled. Needs the training packages. Every round
    is kept: the same command continues where the last one stopped. Research use only; not a medical device.
    """
    from ichor.annotate.simulate.config import load_simulation
    from ichor.cli.progress import progress
    from ichor.dataset.ct_ich import CtIch

    chosen, dataset = load_simulation(config), CtIch(data)
    shown = Path(config).name if Path(config).is_file() else config  # no path of a machine in what is committed
    try:
        from ichor.annotate.simulate.result import write_result
        from ichor.annotate.simulate.run import n_states
        from ichor.annotate.simulate.run import simulate as do
    except ModuleNotFoundError as error:
        raise BadConfig(
            f"expected the training packages, found no {error.name}; install them by pip install 'ichor-ct[train]'"
        ) from error
    with progress(n_states(chosen)) as done:
        repetitions = do(chosen, dataset, out, done)
    says = write_result(chosen, dataset, repetitions, out, shown)
    typer.echo(f"{says}\n{out}: simulate.json, README.md, learning-curves.png")
