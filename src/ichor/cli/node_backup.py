"""`ichor node backup` and `ichor node restore`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ichor.node.archive.layout import Made


def backup(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="The node's folder.")],
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The backup to write, a tar file.")],
) -> None:
    """Write a node's configuration, queue, images and results to FILE, with checksums. The node may be running.

    Every image that was acknowledged before the backup began is included. The file contains patient data and the keys
    in the folder, so only its owner can read it.
    """
    from ichor.node.archive.backup import make_backup

    made = make_backup(folder, file)
    typer.echo(f"{file}: {_told(made)}")
    if made.missing:
        typer.echo(f"{made.missing} images or results named in the queue are missing from the disk", err=True)


def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A backup.")],
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="A new or empty folder for the node.")],
) -> None:
    """Restore a backup into FOLDER, from where `ichor node run FOLDER` continues.

    Every checksum is verified, and FOLDER is created only if all are right.
    """
    from ichor.node.archive.restore import restore_backup

    made = restore_backup(file, folder)
    typer.echo(
        f"{folder}: {_told(made)}. If the original node is still running, stop it. Then: ichor node run {folder}"
    )


def _told(made: Made) -> str:
    return f"{made.files} files, {made.images} of them images, {made.n_bytes / 2**20:.1f} MiB"
