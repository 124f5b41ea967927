"""`ichor fetch ADDRESS --study UID --out FOLDER`: a study from a PACS."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from ichor.errors import IchorError
from ichor.imports import require_extra


def fetch(
    address: Annotated[
        str,
        typer.Argument(
            metavar="ADDRESS", help="The DICOMweb service of the PACS, such as https://pacs.example/dicom-web."
        ),
    ],
    *,
    out: Annotated[Path, typer.Option("--out", metavar="FOLDER", help="Where to create the study's folder.")],
    study: Annotated[str | None, typer.Option("--study", metavar="UID", help="The Study Instance UID.")] = None,
    accession: Annotated[
        str | None, typer.Option("--accession", metavar="NUMBER", help="The accession number, instead of --study.")
    ] = None,
    login: Annotated[
        Path | None,
        typer.Option(
            "--login",
            metavar="FILE",
            help="A YAML file, readable by you only, with user and password, or token. Default: the environment "
            "variables ICHOR_PACS_USER and ICHOR_PACS_PASSWORD, or ICHOR_PACS_TOKEN.",
        ),
    ] = None,
    ca: Annotated[
        Path | None, typer.Option("--ca", metavar="FILE", help="Certificates to trust (PEM) instead of the system's.")
    ] = None,
) -> None:
    """Fetch the CT images of a study from a PACS into FOLDER, which `ichor screen` and `ichor annotate --add` read.

    Only you can read the files, and their names reveal nothing about the patient. If the connection breaks, the files
    fetched so far are kept, and the same command continues. Research use only; not a medical device.
    """
    if (study is None) == (accession is None):
        raise IchorError("expected --study UID or --accession NUMBER, found " + ("both" if study else "neither"))
    require_extra("fetch", "dicomweb_client", used_by="ichor fetch")
    from ichor.cli.progress import progress
    from ichor.fetch.login import read_login
    from ichor.fetch.server import Interrupted, connect
    from ichor.fetch.study import fetch_study, find_study, study_uid_of

    client = connect(address, read_login(login, os.environ), ca)
    found = find_study(client, study if study is not None else study_uid_of(client, accession or ""))
    folder, count = out / found.folder, 0
    try:
        with progress(len(found.images)) as done:
            for image in fetch_study(client, found, folder):
                count += 1
                done(image.file)
    except Interrupted as error:
        raise IchorError(
            f"{error}; {count} of {len(found.images)} images are fetched, the same command goes on"
        ) from error
    others = f", {found.others} other series left out" if found.others else ""
    typer.echo(f"{folder}: {count} images of {found.series} CT series{others}")
    typer.echo("Research use only; not a medical device.")
