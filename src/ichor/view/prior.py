"""Finds the prior scan of the same patient among the results.

Patients are compared by a keyed hash of the DICOM patient, computed by the reading process. Each viewer has a new
random key; neither the key nor the hash is ever written or shown.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Sequence
from dataclasses import dataclass

from ichor.errors import IchorError
from ichor.findings.schema import Findings
from ichor.read import ScanPath
from ichor.read.dicom.patient import patient_key
from ichor.view.place import place_of
from ichor.view.results import Results


@dataclass(frozen=True, slots=True)
class Whose:
    """A hash of the patient, and the date and time of the study in DICOM's format; None if unknown."""

    patient: str | None = None
    when: str | None = None


class Priors:
    """Finds prior scans among the results; the headers of each scan are read only once."""

    def __init__(self, results: Results, given: Sequence[ScanPath]) -> None:
        self._results, self._given = results, given
        self._secret = secrets.token_hex(32)
        self._mutex = threading.Lock()
        self._whose: dict[int, Whose] = {}

    def prior(self, number: int) -> int | None:
        """The number of the latest earlier scan of the same DICOM patient; None if there is none."""
        with self._mutex:
            own = self._of(number)
            if own.patient is None or own.when is None:
                return None
            others = ((self._of(k), k) for k in self._results.numbers() if k != number)
            earlier = [
                (one.when, k) for one, k in others if one.patient == own.patient and one.when and one.when < own.when
            ]
        return max(earlier)[1] if earlier else None

    def _of(self, number: int) -> Whose:
        if number not in self._whose:
            listed = self._results.get(number)
            findings = None if listed is None else listed.findings
            self._whose[number] = Whose() if findings is None else self._read(findings)
        return self._whose[number]

    def _read(self, findings: Findings) -> Whose:
        if findings.scan.source_kind != "dicom" or findings.scan.study_uid is None:
            return Whose()
        try:
            place = place_of(findings, self._given)
            return Whose(*patient_key(place, findings.scan.study_uid, findings.scan.series_uids, self._secret))
        except IchorError:  # the scan is missing; opening it reports that
            return Whose()
