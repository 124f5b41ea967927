"""`ichor recalibrate DIR --out FOLDER`: a package with thresholds and calibration from a site's own scans."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def recalibrate(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder of ichor validate.")],
    *,
    out: Annotated[
        Path, typer.Option("--out", metavar="FOLDER", help="The new package; its name becomes that of the new model.")
    ],
    model: Annotated[
        str | None,
        typer.Option(
            "--model", metavar="NAME|FOLDER", help="The package that was validated. Default: the shipped model."
        ),
    ] = None,
) -> None:
    """Fit new verdict thresholds and a new calibration to the scans of a validation, and write them as a package.

    The package derives from the one that was validated: it has the same networks, and its card and derived.json say
    which package it derives from, how many scans were used, and how much it improves on scans that were not used for it
    (cross-fitting). The truth is that of the table as adjudicated. At least 20 scans with and 20 without hemorrhage are
    needed. Research use only; not a medical device.
    """
    from ichor.models.package import DEFAULT_MODEL
    from ichor.validation.adjudication import read_adjudications
    from ichor.validation.package import recalibrated_package
    from ichor.validation.results import read_validated

    validated = read_validated(folder)
    result = recalibrated_package(validated, read_adjudications(folder), model or DEFAULT_MODEL, out)
    typer.echo(f"{len(result.scans)} scans, {int(result.scans.truth.sum())} with hemorrhage")
    for name, one in (("possible", result.rule.possible), ("suspected", result.rule.suspected)):
        rates = ", ".join(
            f"{rate} {100 * value.value:.1f} % ({100 * value.ci95[0]:.1f} to {100 * value.ci95[1]:.1f})"
            for rate, value in (("sensitivity", one.sensitivity), ("specificity", one.specificity))
        )
        typer.echo(f"Hemorrhage {name} from a probability of {one.threshold:.3f}: {rates} on scans not used to fit it")
    typer.echo(f"Package: {out}")
    typer.echo("Research use only; not a medical device.")
