"""QIDO-RS (PS3.18 10.6): the studies, series and instances of the results that match a query, as DICOM JSON."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from ichor.node.web.dicomweb.attributes import (
    AVAILABILITY,
    MODALITIES,
    N_INSTANCES,
    N_OF_SERIES,
    N_SERIES,
    RETRIEVE_URL,
    RETURNED,
    Level,
)
from ichor.node.web.dicomweb.matching import Query, matches, returned
from ichor.node.web.dicomweb.objects import Objects, Served


@dataclass(frozen=True, slots=True)
class Answer:
    """What a query found.

    Attributes:
        rows: as DICOM JSON.
        studies: the keys of the studies that they are of.
        more: whether there are matches beyond the limit.
    """

    rows: list[dict[str, Any]]
    studies: tuple[str, ...]
    more: bool


class Querying:
    """Answers queries."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects

    def answer(self, level: Level, query: Query, url: str, study: str | None, series: str | None) -> Answer:
        """The matches at a level, of all studies or of those that the path names. `url` is the address of DICOMweb."""
        found = self._matching(level, query, study, series)
        window = list(islice(found, query.offset, query.offset + query.limit + 1))
        above = [one for one in Level if one < level and (study, series)[one] is None]
        rows = [self._row(level, query, above, url, *match) for match in window[: query.limit]]
        studies = dict.fromkeys(objects[0].key for objects, _ in window[: query.limit])
        return Answer(rows, tuple(studies), len(window) > query.limit)

    def _matching(
        self, level: Level, query: Query, study: str | None, series: str | None
    ) -> Iterator[tuple[tuple[Served, ...], tuple[Served, ...]]]:
        """All objects of a study, and those of one match among them."""
        named = query.filters.get("StudyInstanceUID", "") if study is None else study
        one_study = bool(named) and "," not in named and "\\" not in named
        of_studies = iter([self._objects.of(named)]) if one_study else self._objects.all()
        for objects in of_studies:
            modalities = sorted({one.uid("Modality") for one in objects})
            if not objects or not matches(objects[0].header, query.of_level(Level.STUDY), modalities):
                continue
            for match in _grouped(objects, level):
                first = match[0]
                if series is not None and first.uid("SeriesInstanceUID") != series:
                    continue
                if all(matches(first.header, query.of_level(one)) for one in (Level.SERIES, Level.INSTANCE)):
                    yield objects, match

    def _row(
        self,
        level: Level,
        query: Query,
        above: list[Level],
        url: str,
        objects: tuple[Served, ...],
        match: tuple[Served, ...],
    ) -> dict[str, Any]:
        from pydicom.dataset import Dataset

        first, row = match[0], Dataset()
        keywords = [keyword for one in (*above, level) for keyword in RETURNED[one]]
        for keyword in returned(query, keywords):
            if keyword in first.header:
                row[keyword] = first.header[keyword]
            elif keyword in RETURNED[level]:
                setattr(row, keyword, None)
        row.SpecificCharacterSet = "ISO_IR 192"  # JSON is in UTF-8
        names = {"studies": "StudyInstanceUID", "series": "SeriesInstanceUID", "instances": "SOPInstanceUID"}
        for keyword in list(names.values())[: level + 1]:
            row[keyword] = first.header[keyword]
        path = "/".join(f"{part}/{first.uid(name)}" for part, name in list(names.items())[: level + 1])
        setattr(row, RETRIEVE_URL, f"{url}/{path}")
        setattr(row, AVAILABILITY, "ONLINE")
        if level is Level.STUDY or Level.STUDY in above:
            setattr(row, MODALITIES, sorted({one.uid("Modality") for one in objects}))
            setattr(row, N_SERIES, len({one.uid("SeriesInstanceUID") for one in objects}))
            setattr(row, N_INSTANCES, len(objects))
        if level is Level.SERIES:
            setattr(row, N_OF_SERIES, len(match))
        found: dict[str, Any] = row.to_json_dict(suppress_invalid_tags=True)
        return found


def _grouped(objects: tuple[Served, ...], level: Level) -> list[tuple[Served, ...]]:
    """The objects of one study by study, by series, or each alone."""
    keyword = {Level.STUDY: "StudyInstanceUID", Level.SERIES: "SeriesInstanceUID", Level.INSTANCE: "SOPInstanceUID"}
    groups: dict[str, list[Served]] = {}
    for one in objects:
        groups.setdefault(one.uid(keyword[level]), []).append(one)
    return [tuple(group) for group in groups.values()]
