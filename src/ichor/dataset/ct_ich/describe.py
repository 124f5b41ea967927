"""A summary of the dataset: Tables 3 and 4 compared with the paper's, causes of differences, and further counts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from ichor.dataset.ct_ich.beyond import count_beyond
from ichor.dataset.ct_ich.dataset import CtIch
from ichor.dataset.ct_ich.differences import Copy, explain_slices, explain_subjects
from ichor.dataset.ct_ich.published import TABLE_3, TABLE_4
from ichor.dataset.ct_ich.statistics import Statistics
from ichor.version import __version__

if TYPE_CHECKING:
    from rich.table import Table

COMMAND = "ichor dataset describe ct-ich"
CITATION = (
    "Hssayeni M (2019). Computed Tomography Images for Intracranial Hemorrhage Detection and Segmentation. PhysioNet. "
    "doi:10.13026/w8q8-ky94. The paper's figures: Hssayeni et al. (2019), arXiv:1910.08643, section 3 and 6."
)


@dataclass(frozen=True, slots=True)
class Row:
    """A number and the paper's; `why` is the cause of a difference, as far as the data show it."""

    name: str
    paper: str
    here: str
    why: str | None


@dataclass(frozen=True, slots=True)
class Description:
    """The content of a copy of the dataset.

    Attributes:
        release: 1.0.0 or 1.3.1.
        fingerprint: SHA-256 of images and tables, as recorded by runs.
        subjects: Table 3.
        slices: Table 4.
        beyond: counts that are not in the paper, name and number.
    """

    release: str
    fingerprint: str
    subjects: tuple[Row, ...]
    slices: tuple[Row, ...]
    beyond: tuple[tuple[str, str], ...]

    @property
    def tables(self) -> tuple[tuple[str, tuple[Row, ...]], ...]:
        """Each table of the paper with its title."""
        return ("Table 3: subjects", self.subjects), ("Table 4: slices", self.slices)

    def as_json(self) -> dict[str, Any]:
        """The description as JSON."""
        return {
            "dataset": "ct-ich",
            "release": self.release,
            "fingerprint": self.fingerprint,
            "subjects": [asdict(row) for row in self.subjects],
            "slices": [asdict(row) for row in self.slices],
            "beyond_the_paper": dict(self.beyond),
            "made_by": {"command": COMMAND, "version": __version__},
        }

    def as_text(self) -> str:
        """The description for a terminal."""
        from rich.console import Console
        from rich.text import Text

        console = Console(highlight=False, markup=False)
        if not console.is_terminal:
            console.width = 150  # a file or a pipe has no width to wrap at
        with console.capture() as shown:
            for title, rows in self.tables:
                console.print(_table_of(title, ("", "paper", "here"), rows_of(rows)))
                for row in rows:
                    if row.why:
                        console.print(Text(f"* {row.name}: {row.why}", style="yellow"))
                console.print()
            console.print(_table_of("What the paper does not count", ("", ""), self.beyond))
            console.print(f"\nct-ich {self.release}, fingerprint {self.fingerprint}")
        return shown.get().rstrip("\n")

    def as_markdown(self) -> str:
        """The description as Markdown."""
        lines = [f"# ct-ich {self.release} in figures", ""]
        for title, rows in self.tables:
            lines += [f"## {title}", "", *_markdown_table(("", "paper", "here"), rows_of(rows)), ""]
            lines += [f"- {row.name}: {row.why}" for row in rows if row.why]
            lines += [""] if any(row.why for row in rows) else []
        lines += ["## What the paper does not count", "", *_markdown_table(("", "here"), self.beyond), ""]
        made_by = f"Made by `{COMMAND}` (Ichor {__version__}) of the data with the fingerprint"
        lines += [f"{made_by} `{self.fingerprint}`.", "", CITATION, ""]
        return "\n".join([*lines, "Research use only; not a medical device.", ""])


def _table_of(title: str, columns: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Table:
    from rich.table import Table

    made = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    made.show_header = any(columns)
    for name in columns:
        made.add_column(name, justify="right" if name else "left")
    for cells in rows:
        made.add_row(*cells)
    return made


def describe(dataset: CtIch) -> Description:
    """Count the dataset. Raises UnreadableInput if a table or a mask cannot be read, or a subject has no rows."""
    for subject in dataset.subjects:
        dataset.require_rows(subject)
    here = Statistics(
        tuple(dataset.demographics[subject] for subject in dataset.subjects),
        tuple(row for subject in dataset.subjects for row in dataset.slice_rows[subject]),
    )
    copy = Copy(dataset.release, here, Statistics(tuple(dataset.demographics.values()), ()))
    subjects = []
    for row in TABLE_3:
        count = row.count(here)
        subjects.append(Row(row.name, row.figure, count, None if count == row.figure else explain_subjects(row, copy)))
    slices = []
    for key, row in TABLE_4.items():
        count = row.count(here)
        slices.append(Row(row.name, row.figure, count, None if count == row.figure else explain_slices(key, copy)))
    return Description(
        dataset.release,
        dataset.fingerprint,
        tuple(subjects),
        tuple(slices),
        count_beyond(dataset, here),
    )


def rows_of(rows: Iterable[Row]) -> list[tuple[str, str, str]]:
    """The cells of a table's rows; numbers that differ from the paper have an asterisk."""
    return [(row.name, row.paper, f"{row.here} *" if row.why else row.here) for row in rows]


def _markdown_table(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> list[str]:
    return [f"| {' | '.join(cells)} |" for cells in (header, ("---",) * len(header), *rows)]
