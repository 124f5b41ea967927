"""Finds results of `ichor screen` at the user's paths, and sorts them by urgency."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from pydantic import ValidationError

from ichor.errors import UnreadableInput
from ichor.findings.schema import Findings
from ichor.screening.out_folder import SUMMARY
from ichor.screening.summary import read_summary
from ichor.write.findings_json import FINDINGS

MOST_BYTES = 64 * 1024**2  # of findings.json; for a scan of 2,000 slices and 200 lesions it has 2 MB


@dataclass(frozen=True, slots=True, eq=False)
class Listed:
    """One scan in the list.

    Attributes:
        folder: the folder of its result; for a failed scan, the folder that it would have.
        findings: None if screening failed or findings.json is damaged.
        reason: why there are no findings, in one line.
    """

    folder: Path
    findings: Findings | None
    reason: str = ""

    @property
    def name(self) -> str:
        """The name of the scan."""
        return self.folder.name if self.findings is None else self.findings.scan.name


class Results(Protocol):
    """The results that a server shows, each with a number."""

    def get(self, number: int) -> Listed | None:
        """The result of that number; None if there is none."""
        ...

    def numbers(self) -> Sequence[int]:
        """The numbers among which an earlier scan of the same patient is sought."""
        ...


class FoundResults:
    """The results of a list, numbered in its order from 0."""

    def __init__(self, listed: Sequence[Listed]) -> None:
        self.listed = listed

    def get(self, number: int) -> Listed | None:
        """As `Results.get`."""
        return self.listed[number] if 0 <= number < len(self.listed) else None

    def numbers(self) -> Sequence[int]:
        """As `Results.numbers`: all of them."""
        return range(len(self.listed))


def existing(results: Results, number: int) -> Listed:
    """The result of that number. Raises UnreadableInput if there is none."""
    if (found := results.get(number)) is None:
        raise UnreadableInput(f"expected the number of a result, found {number}")
    return found


def find_results(paths: Sequence[Path]) -> list[Listed]:
    """The results at the paths without duplicates, the most urgent first and failed scans last.

    Raises UnreadableInput if there is no result at a path.
    """
    found: dict[Path, Listed] = {}
    for path in paths:
        here = {one.folder.resolve(): one for one in _results_at(path)}
        if not here:
            raise UnreadableInput(
                f"{path}: expected results of ichor screen (a folder with {FINDINGS}, or a folder of such folders), "
                f"found {'none' if path.is_dir() else 'a file' if path.exists() else 'nothing at that path'}"
            )
        found |= here
    return sorted(found.values(), key=_urgency)


def holds_results(path: Path) -> bool:
    """Whether there are results at a path."""
    return next(_results_at(path), None) is not None


def _results_at(path: Path) -> Iterator[Listed]:
    if (path / FINDINGS).is_file():
        yield read_result(path.absolute())
        return
    try:
        folders = sorted(one for one in path.iterdir() if not one.name.startswith(".") and (one / FINDINGS).is_file())
    except OSError:
        return
    yield from map(read_result, folders)
    yield from _failed(path, {one.name for one in folders})


def read_result(folder: Path) -> Listed:
    """Read a result; if that fails, it has a reason instead of findings."""
    file = folder / FINDINGS
    try:
        if file.stat().st_size > MOST_BYTES:
            return Listed(folder, None, f"{file}: expected findings of less than {MOST_BYTES} bytes, found more")
        return Listed(folder, Findings.from_json(file.read_bytes()))
    except OSError as error:
        return Listed(folder, None, f"{file}: could not be read ({error.strerror})")
    except ValidationError as error:
        # Pydantic's message quotes the file, which may contain patient data; the position is enough.
        place = ".".join(map(str, error.errors()[0]["loc"])) or "the whole file"
        return Listed(folder, None, f"{file}: expected findings of Ichor, found something else at {place}")


def _failed(out: Path, there: Iterable[str]) -> Iterator[Listed]:
    """The scans that could not be screened, according to summary.csv."""
    for name, row in read_summary(out / SUMMARY).items():
        if row["status"] == "failed" and name not in there:
            yield Listed(out / Path(name).name, None, row["reason"] or "it could not be screened")


def _urgency(one: Listed) -> tuple[float, ...]:
    """Sort key: highest probability (two decimals), then largest volume, then most warnings; failed scans last."""
    if one.findings is None:
        return (1.0,)
    hemorrhage, scan = one.findings.hemorrhage, one.findings.scan
    warnings = len(scan.input_checks) + len(scan.warnings)
    return (0.0, -round(hemorrhage.probability, 2), -(hemorrhage.volume_ml or 0.0), -warnings)
