"""What a table says of each scan, and how each of its columns was understood."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ichor.errors import UnreadableInput
from ichor.subtypes import Subtype
from ichor.validation import values
from ichor.validation.columns import LEFT_OUT, OF_SUBTYPE, Role, roles_of
from ichor.validation.table import Table

_READ: Mapping[Role, Callable[[str], Any]] = {
    **dict.fromkeys((Role.HEMORRHAGE, Role.NO_HEMORRHAGE, Role.CONTRAST, *OF_SUBTYPE), values.yes_or_no),
    **dict.fromkeys((Role.SCANNER, Role.KERNEL), values.word),
    **dict.fromkeys((Role.THICKNESS, Role.VOLUME), values.number),
    Role.SUBTYPES: values.subtypes_in,
    Role.AGE: values.age,
    Role.SEX: values.sex,
}
_FLAGS = (Role.HEMORRHAGE, Role.NO_HEMORRHAGE, Role.CONTRAST, *OF_SUBTYPE)
_SHOWN = 6  # values of a column, the most frequent ones


@dataclass(frozen=True, slots=True)
class TruthRow:
    """What one row says of its scan; None where it says nothing.

    Attributes:
        number: of the row, as a spreadsheet shows it.
        names: the cells that may name the scan, by column.
        patient: the cell that names the patient; empty if there is none.
        hemorrhage: whether there is any.
        subtypes: whether there is each subtype, as far as the row says.
        mask: a file with the delineation.
        age: in years.
        sex: male, female or other.
        scanner, kernel: as written.
        thickness_mm, volume_ml: of a slice, and of the hemorrhage.
        contrast: whether contrast agent was given.
    """

    number: int
    names: Mapping[str, str]
    patient: str
    hemorrhage: bool | None
    subtypes: Mapping[Subtype, bool]
    mask: Path | None
    age: float | None
    sex: str | None
    scanner: str | None
    kernel: str | None
    thickness_mm: float | None
    contrast: bool | None
    volume_ml: float | None


@dataclass(frozen=True, slots=True)
class Understood:
    """How a column was understood: its name, its role, and what its cells say, in words."""

    column: str
    role: Role
    says: str


@dataclass(frozen=True, slots=True)
class Truth:
    """A table of the truth."""

    table: Table
    rows: tuple[TruthRow, ...]
    columns: tuple[Understood, ...]


def read_truth(table: Table, asked: Mapping[str, str] | None = None) -> Truth:
    """Understand a table; `asked` has names of columns by role, from the user.

    In a column in which something is only ever marked where it is present, an empty cell means that it is absent. A row
    without an entry for hemorrhage has hemorrhage if it has a subtype, and none if it has none of all five.

    Raises UnreadableInput for a table without a column that names the scans or one that says what they show, for a cell
    that is not understood and for a row that contradicts itself, and BadConfig as `roles_of` does.
    """
    roles = roles_of(table.columns, asked or {}, str(table.path))
    _require(table, roles)
    cells = [_column(table, k, role) for k, role in enumerate(roles)]
    rows = [_row(table, roles, cells, k) for k in range(len(table.rows))]
    columns = [
        Understood(name, role, _says(role, [row[k] for row in table.rows], cells[k]))
        for k, (name, role) in enumerate(zip(table.columns, roles, strict=True))
    ]
    return Truth(table, tuple(rows), tuple(columns))


def _require(table: Table, roles: Sequence[Role]) -> None:
    found = ", ".join(table.columns)[:200]
    if not {Role.SCAN, Role.PATIENT} & set(roles):
        raise UnreadableInput(
            f"{table.path}: expected a column that names the scans, found {found}; name it with --column scan=NAME"
        )
    if not {Role.HEMORRHAGE, Role.NO_HEMORRHAGE, Role.SUBTYPES, *OF_SUBTYPE} & set(roles):
        raise UnreadableInput(
            f"{table.path}: expected a column that says whether there is hemorrhage or which subtypes, found {found}; "
            "name it with --column hemorrhage=NAME"
        )


def _column(table: Table, k: int, role: Role) -> list[Any]:
    """What the cells of a column say."""
    cells = [row[k] for row in table.rows]
    read = _READ.get(role)
    if read is None:
        return list(cells)
    found = []
    for number, cell in zip(table.numbers, cells, strict=True):
        try:
            found.append(read(cell))
        except ValueError as error:
            raise UnreadableInput(
                f"{table.path}: expected {error} in column {table.columns[k]}, row {number}, found {cell!r:.40}"
            ) from None
    only_marked = {one for cell, one in zip(cells, found, strict=True) if cell} == {True}
    if role in OF_SUBTYPE and only_marked:
        return [bool(one) for one in found]
    return found


def _row(table: Table, roles: Sequence[Role], cells: Sequence[Sequence[Any]], row: int) -> TruthRow:
    said: dict[Role, Any] = {role: column[row] for role, column in zip(roles, cells, strict=True)}
    subtypes = {one: said[role] for role, one in OF_SUBTYPE.items() if said.get(role) is not None}
    if (listed := said.get(Role.SUBTYPES)) is not None:
        subtypes = {**{one: one in listed for one in Subtype}, **subtypes}
    names = {
        name: column[row]
        for name, role, column in zip(table.columns, roles, cells, strict=True)
        if role in (Role.SCAN, Role.PATIENT) and column[row]
    }
    number = table.numbers[row]
    mask = said.get(Role.MASK) or None
    return TruthRow(
        number=number,
        names=names,
        patient=said.get(Role.PATIENT) or "",
        hemorrhage=_hemorrhage(table, number, said, subtypes),
        subtypes=subtypes,
        mask=None if mask is None else table.path.parent / mask,
        age=said.get(Role.AGE),
        sex=said.get(Role.SEX),
        scanner=said.get(Role.SCANNER),
        kernel=said.get(Role.KERNEL),
        thickness_mm=said.get(Role.THICKNESS),
        contrast=said.get(Role.CONTRAST),
        volume_ml=said.get(Role.VOLUME),
    )


def _hemorrhage(table: Table, number: int, said: Mapping[Role, Any], subtypes: Mapping[Subtype, bool]) -> bool | None:
    stated, without = said.get(Role.HEMORRHAGE), said.get(Role.NO_HEMORRHAGE)
    if stated is not None and without is not None and stated == without:
        raise UnreadableInput(
            f"{table.path}: expected row {number} to be consistent, found both hemorrhage and no hemorrhage"
        )
    if stated is None and without is not None:
        stated = not without
    if stated is False and any(subtypes.values()):
        one = next(one for one, there in subtypes.items() if there)
        raise UnreadableInput(
            f"{table.path}: expected row {number} to be consistent, found no hemorrhage and {one.value}"
        )
    if stated is not None:
        return bool(stated)
    if any(subtypes.values()):
        return True
    return False if len(subtypes) == len(Subtype) else None


def _says(role: Role, cells: Sequence[str], found: Sequence[Any]) -> str:
    if role in LEFT_OUT:
        return "left out"
    filled = [one for one, cell in zip(found, cells, strict=True) if cell]
    if role in (Role.SCAN, Role.PATIENT, Role.MASK):
        return f"{len(filled)} names, {len(set(filled))} different"
    if role in (Role.AGE, Role.THICKNESS, Role.VOLUME):
        known = [one for one in found if one is not None]
        spread = f"{min(known):g} to {max(known):g}" if known else "nothing"
        return f"{spread}, {len(found) - len(known)} unknown"
    counts = Counter(", ".join(sorted(one)) if isinstance(one, frozenset) else one for one in found)
    words = {True: "yes", False: "no", None: "unknown", "": "none"}
    texts = [f"{words.get(one, one)} {n}" for one, n in counts.most_common(_SHOWN)]
    rest = sum(n for _, n in counts.most_common()[_SHOWN:])
    if role in _FLAGS and any(one is not None and not cell for one, cell in zip(found, cells, strict=True)):
        texts.append("empty means no")
    return ", ".join([*texts, *([f"others {rest}"] if rest else [])])
