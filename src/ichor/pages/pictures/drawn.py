"""A figure in a run's folder, with its caption and alternative text."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from ichor.atomic import write_whole
from ichor.errors import BadConfig

FOLDER = "figures"
LIST = "figures.json"


@dataclass(frozen=True, slots=True)
class DrawnFigure:
    """One picture of a run.

    Attributes:
        name: its file is FOLDER/name.png.
        caption: what it shows, how it was chosen, and the number of cases.
        alt: alternative text that describes the picture.
    """

    name: str
    caption: str
    alt: str

    @property
    def file(self) -> str:
        """Its path relative to the run's folder."""
        return f"{FOLDER}/{self.name}.png"


def write_list(folder: Path, figures: Sequence[DrawnFigure]) -> None:
    """Write the figures of a run's folder, in their order, to FOLDER/figures.json."""
    write_whole(folder / FOLDER / LIST, json.dumps([asdict(one) for one in figures], indent=1) + "\n")


def figures_in(folder: Path) -> tuple[DrawnFigure, ...]:
    """The figures in a run's folder, if any.

    Raises BadConfig if their list cannot be read.
    """
    file = folder / FOLDER / LIST
    if not file.exists():
        return ()
    try:
        return tuple(DrawnFigure(**one) for one in json.loads(file.read_text(encoding="utf-8")))
    except (OSError, TypeError, ValueError) as error:
        raise BadConfig(f"{file}: expected a list of figures, found {error}") from error
