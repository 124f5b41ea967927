"""`Screener`: loads a model once to screen many scans."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from time import perf_counter
from typing import Protocol, Self

from ichor.findings.parts import Making
from ichor.models.package import DEFAULT_MODEL, find_package
from ichor.models.verdict import VerdictRule, read_verdict_rule
from ichor.read import open_scan
from ichor.read.base import ReadOptions, ScanPath
from ichor.read.dicom.patient import Patient
from ichor.scan import Scan
from ichor.screening.inputs import content_sha256
from ichor.screening.measure import making_of, result_of
from ichor.screening.names import all_names, full_path
from ichor.segmentation import Segmentation
from ichor.write.result import Result


class Predicts(Protocol):
    """What screening needs from a method."""

    def predict(self, scan: Scan) -> Segmentation:
        """Segment or classify a scan, on its own grid."""
        ...


class Screener:
    """A trained model, ready to screen scans one after another.

    `model` is the name of a shipped one, or the folder of a package; it works at `operating_point`, or at the model's
    default if None, on `threads` processor threads, or on all if None.

    Raises BadConfig if there is no such model or operating point, or if the package is damaged.
    """

    def __init__(
        self, model: str | Path = DEFAULT_MODEL, *, operating_point: str | None = None, threads: int | None = None
    ) -> None:
        from ichor.methods import load_model

        self._package: str | Path | None = model
        self._method: Predicts = load_model(model, threads=threads, operating_point=operating_point)
        self._rule: VerdictRule | None = read_verdict_rule(find_package(model))

    @classmethod
    def of(cls, method: Predicts) -> Self:
        """A screener with a method that is already fitted or loaded."""
        screener = cls.__new__(cls)
        screener._package, screener._method, screener._rule = None, method, None
        return screener

    def screen(self, scan: Scan | ScanPath | str | Path, options: ReadOptions | None = None) -> Result:
        """Segment a scan, measure the hemorrhage, and check whether the scan is within the model's intended input.

        `scan` is a scan that was read, or a path; `options` supply for the latter what its files do not contain.
        Nothing is written; `Result.save` does that.

        Raises UnreadableInput if there is no scan to read.
        """
        begun = perf_counter()
        place = _place(scan)
        options = options or ReadOptions()
        read_with = None if isinstance(scan, Scan) else place.options(options)
        made_by = making_of(place, read_with, method_sha256=self._sha256)
        if not isinstance(scan, Scan):
            scan = open_scan(place, options)
        return self.result(
            scan, name=all_names(place)[0], path=full_path(place), made_by=made_by, read_s=perf_counter() - begun
        )

    def result(
        self,
        scan: Scan,
        *,
        name: str,
        path: str | None,
        made_by: Making,
        read_s: float,
        patient: Patient | None = None,
    ) -> Result:
        """Like `screen`, for a caller who has read the scan and provides the name, path and origin for its findings."""
        begun = perf_counter()
        segmentation = self.segment(scan)
        return result_of(
            scan,
            segmentation,
            name=name,
            path=path,
            made_by=made_by,
            read_s=read_s,
            infer_s=perf_counter() - begun,
            patient=patient,
            rule=self._rule,
        )

    def segment(self, scan: Scan) -> Segmentation:
        """Only run the model, on the scan's own grid, without measurements and input checks."""
        return self._method.predict(scan)

    @cached_property
    def _sha256(self) -> str | None:
        return None if self._package is None else content_sha256(find_package(self._package))


def screen(
    scan: Scan | ScanPath | str | Path,
    options: ReadOptions | None = None,
    *,
    model: str | Path = DEFAULT_MODEL,
    operating_point: str | None = None,
) -> Result:
    """Screen one scan, already read or given by its path; use a `Screener` to load the model once for many.

    Raises UnreadableInput if there is no scan to read, and BadConfig if there is no such model or operating
    point.
    """
    return Screener(model, operating_point=operating_point).screen(scan, options)


def _place(scan: Scan | ScanPath | str | Path) -> ScanPath:
    if isinstance(scan, Scan):
        return ScanPath(scan.source.path)
    return scan if isinstance(scan, ScanPath) else ScanPath(Path(scan))
