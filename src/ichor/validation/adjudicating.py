"""A validation as the viewer shows it: `ichor.view.ruling.Truths`. The report is written again after each ruling."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ichor.errors import IchorError, UnreadableInput
from ichor.validation.adjudication import ADJUDICATION, Adjudications, adjudicate, read_adjudications
from ichor.validation.cases import ScanCase, Validated
from ichor.validation.differences import kind_of, ruled_words, words_of
from ichor.validation.figures import rates
from ichor.validation.results import SCANS, VALIDATION, read_validated, write_results
from ichor.validation.scored import CALLS, scored
from ichor.view.results import Listed, read_result
from ichor.view.ruling import AskedRuling

log = logging.getLogger(__name__)


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
        self._known: tuple[float, Adjudications] | None = None
        self._ruled()  # raises now what would be raised at every request
        self._report = _Report(folder)

    def summary(self) -> dict[str, Any]:
        """As `Truths.summary`."""
        ruled, cases = self._ruled(), self._validated.cases
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
        return _described(self._validated.cases[number], self._ruled())

    def rule(self, number: int, asked: AskedRuling) -> dict[str, Any]:
        """As `Truths.rule`."""
        case = self._validated.cases[number]
        after = adjudicate(self._folder, case.scan, asked)
        self._report.write_soon()
        return _described(case, after)

    def close(self) -> None:
        """Write the report if it is not up to date."""
        self._report.close()

    def _ruled(self) -> Adjudications:
        """The adjudications, read again if the file has changed: a list asks for those of every scan."""
        file = self._folder / ADJUDICATION
        changed = file.stat().st_mtime_ns if file.exists() else 0
        if self._known is None or self._known[0] != changed:
            self._known = changed, read_adjudications(self._folder)
        return self._known[1]


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
    """Writes the report in a thread of its own: after the last ruling for sure, and never twice at a time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._changed = threading.Condition()
        self._ended, self._rulings, self._written = False, int(_is_stale(folder)), 0
        self._thread = threading.Thread(target=self._work, name="ichor-report", daemon=True)
        self._thread.start()

    def write_soon(self) -> None:
        with self._changed:
            self._rulings += 1
            self._changed.notify()

    def close(self) -> None:
        with self._changed:
            self._ended = True
            self._changed.notify()
        self._thread.join()

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._ended or self._rulings > self._written)
                if self._rulings == self._written:
                    return
                rulings = self._rulings  # a ruling that comes while the report is written needs another one
            try:
                write_results(self._folder, read_validated(self._folder))
            except IchorError:  # for example, the disk is full; the rulings are stored
                log.error("the report could not be written; ichor validate writes it")
            self._written = rulings


def _is_stale(folder: Path) -> bool:
    """Whether there are rulings that are not in the report, since an earlier process was killed."""
    rulings, written = folder / ADJUDICATION, folder / VALIDATION
    return rulings.exists() and rulings.stat().st_mtime_ns >= written.stat().st_mtime_ns


def open_validation(folder: Path) -> tuple[Validated, list[Listed]]:
    """A validation and the results of its scans. Raises UnreadableInput if there is none in the folder."""
    validated = read_validated(folder)
    results = listed(folder, validated)
    if not any(one.findings is not None for one in results):
        raise UnreadableInput(f"{folder / SCANS}: expected the results of the scans of the validation, found none")
    return validated, results
