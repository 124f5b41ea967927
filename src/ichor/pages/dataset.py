"""The output of `ichor dataset describe` as a section of the page of all runs."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ValidationError

from ichor.errors import BadConfig
from ichor.pages.blocks import Section, Table

DESCRIPTION = Path("dataset", "dataset.json")


class _Row(BaseModel):
    name: str
    paper: str
    here: str
    why: str | None


class _Described(BaseModel):
    """The parts of the description that the page shows."""

    dataset: str
    release: str
    subjects: list[_Row]
    slices: list[_Row]
    beyond_the_paper: dict[str, str]


def dataset_section(results: Path) -> Section | None:
    """Tables 3 and 4 of the paper compared with the dataset, from `results`/dataset/dataset.json; None without it.

    Raises BadConfig if the file is not what `ichor dataset describe --out` writes.
    """
    file = results / DESCRIPTION
    if not file.exists():
        return None
    try:
        found = _Described.model_validate_json(file.read_bytes())
    except (OSError, ValidationError) as error:
        raise BadConfig(f"{file}: expected what `ichor dataset describe --out` writes, found something else") from error
    beyond = Table(("", "here"), tuple(found.beyond_the_paper.items()), "What the paper does not count")
    return Section(
        f"The dataset: {found.dataset} {found.release}",
        (
            *_beside("Table 3 of the paper: subjects", found.subjects),
            *_beside("Table 4 of the paper: slices", found.slices),
            beyond,
        ),
    )


def _beside(caption: str, rows: list[_Row]) -> list[str | Table]:
    """A table compared with the paper's; differences are marked by an asterisk and explained below."""
    cells = tuple((row.name, row.paper, f"{row.here} *" if row.why else row.here) for row in rows)
    return [Table(("", "paper", "here"), cells, caption), *(f"* {row.name}: {row.why}" for row in rows if row.why)]
