"""A validation as the viewer shows it: `ichor.view.ruling.Truths`. The report is written again after each ruling."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ichor.errors import UnreadableInput
from ichor.validation.adjudication import Adjudications, adjudicate, read_adjudications
from ichor.validation.cases import ScanCase, Validated
from ichor.validation.differences import kind_of, ruled_words, words_of
from ichor.validation.figures import rates
from ichor.validation.results import SCANS, read_validated, write_results
from ichor.validation.scored import CALLS, scored
from ichor.view.results import Listed, read_result
from ichor.view.ruling import AskedRuling


def listed(folder: Path, validated: Validated) -> list[Listed]:
    """The results of the scans of a validation, in its order."""
    found = []
    for case in validated.cases:
        place = folder / SCANS / case.scan
        found.append(Listed(place, None, case.reason) if case.found is None else read_result(place))
    return found


class Adjudicating:
    """The truth of each scan of a validation in `folder`, by its number there."""

    def __init__(self, folder: Path, validated: Validated) -> None:
        self._folder, self._validated = folder, validated
        self._report = _Report(folder)
        read_adjudications(folder)  # raises now what would be raised at every request

    def summary(self) -> dict[str, Any]:
        """As `Truths.summary`."""
        ruled, cases = read_adjudications(self._folder), self._validated.cases
        rulings = [ruled.of(one.scan) for one in cases]
        differ = [kind_of(one) is not None for one in cases]
        changed = any(rulings)
        return {
            "model": self._validated.model.words,
            "differ": sum(differ),
            "ruled": sum(one is not None and there for one, there in zip(rulings, differ, strict=True)),
            "table": _main_figures(cases),
            "adjudicated": _main_figures(ruled.corrected(cases)) if changed else None,
        }

    def of(self, number: int) -> dict[str, Any] | None:
        """As `Truths.of`."""
        if not 0 <= number < len(self._validated.cases):
            return None
        return _described(self._validated.cases[number], read_adjudications(self._folder))

    def rule(self, number: int, asked: AskedRuling) -> dict[str, Any]:
        """As `Truths.rule`."""
        case = self._validated.cases[number]
        after = adjudicate(self._folder, case.scan, asked)
        self._report.write_soon()
        return _described(case, after)

    def close(self) -> None:
        """Write the report if it is not up to date."""
        self._report.close()


def _main_figures(cases: tuple[ScanCase, ...]) -> Mapping[str, Any]:
    scans = scored(cases)
    found = {}
    for call in CALLS:
        sensitivity, specificity = rates(scans, call)
        found[call.value] = {"sensitivity": sensitivity.as_json(), "specificity": specificity.as_json()}
    return found


def _described(case: ScanCase, ruled: Adjudications) -> dict[str, Any]:
    one = ruled.of(case.scan)
    return {
        "kind": kind_of(case),
        "table": words_of(case.truth),
        "hemorrhage": case.truth.hemorrhage,
        "subtypes": [subtype.value for subtype, there in case.truth.subtypes.items() if there],
        "ruled": None if one is None else {**one.model_dump(mode="json"), "words": ruled_words(one)},
        "seen": len(ruled.scans.get(case.scan, ())),
    }


class _Report:
    """Writes the report in a thread of its own, as often as needed and never twice at a time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._wanted, self._ended = threading.Event(), False
        self._thread = threading.Thread(target=self._work, name="ichor-report", daemon=True)
        self._thread.start()

    def write_soon(self) -> None:
        self._wanted.set()

    def close(self) -> None:
        self._ended = True
        self._wanted.set()
        self._thread.join()

    def _work(self) -> None:
        while True:
            self._wanted.wait()
            ended = self._ended
            self._wanted.clear()
            if not self._is_up_to_date():
                write_results(self._folder, read_validated(self._folder))
            if ended:
                return

    def _is_up_to_date(self) -> bool:
        """Whether the report was written after the last ruling."""
        from ichor.validation.adjudication import ADJUDICATION
        from ichor.validation.results import VALIDATION

        try:
            ruled, written = ((self._folder / name).stat().st_mtime_ns for name in (ADJUDICATION, VALIDATION))
        except FileNotFoundError:
            return not (self._folder / ADJUDICATION).exists()
        return ruled < written


def open_validation(folder: Path) -> tuple[Validated, list[Listed]]:
    """A validation and the results of its scans. Raises UnreadableInput if there is none in the folder."""
    validated = read_validated(folder)
    results = listed(folder, validated)
    if not any(one.findings is not None for one in results):
        raise UnreadableInput(f"{folder / SCANS}: expected the results of the scans of the validation, found none")
    return validated, results
