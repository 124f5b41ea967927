"""The data types of a project, and its errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import hypot
from typing import Literal

from ichor.errors import IchorError
from ichor.subtypes import Subtype

# The layer that readers agree on. All other layers carry the name of their reader.
CONSENSUS = "consensus"
# Labels in a label map: 0 nothing, 1 to 5 the subtypes in the order of `Subtype`, 6 hemorrhage of no stated subtype.
UNSTATED = 6

State = Literal["new", "in progress", "done"]
ScanState = Literal["new", "in progress", "done", "disagreement"]
# How a region was made: drawn by hand; calculated (region growing, clicks, interpolation, smoothing, a combination
# of readings); an AI outline that is untouched, accepted without changes, or edited.
Origin = Literal["drawn", "calculated", "ai", "ai accepted", "ai edited"]
Origins = Mapping[int, Origin]
Kind = Literal["map", "labels", "state", "person"]


class NotInProject(IchorError):
    """A scan, slice, layer or reader that is not in the project."""


@dataclass(frozen=True, slots=True)
class ScanRecord:
    """A scan of the project; `source_path` is where it was read from, `added_at` UTC in ISO 8601.

    `sha256` is that of its file; '' if the file was not read since the project records hashes.
    """

    id: int
    subject: str
    name: str
    n_slices: int
    rows: int
    columns: int
    source_path: str
    added_at: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Ruler:
    """A measured line from `start` to `end`, each (x, y) in pixels of the scan's own grid, x along columns.

    Pixel (row, column) covers [column, column + 1) x [row, row + 1).
    """

    start: tuple[float, float]
    end: tuple[float, float]

    def mm(self, pixel_mm: Sequence[float]) -> float:
        """Its length in mm; `pixel_mm` is the size of a pixel along rows and columns."""
        across, down = (b - a for a, b in zip(self.start, self.end, strict=True))
        return float(hypot(across * pixel_mm[1], down * pixel_mm[0]))


@dataclass(frozen=True, slots=True)
class Labels:
    """What a reader states about a slice or a scan.

    `rulers` are measured on a slice; `ai_rejected` says that the AI outline on a slice was rejected.
    """

    subtypes: tuple[Subtype, ...] = ()
    fracture: bool = False
    no_hemorrhage: bool = False
    quality: tuple[str, ...] = ()
    note: str = ""
    rulers: tuple[Ruler, ...] = ()
    ai_rejected: bool = False


@dataclass(frozen=True, slots=True)
class StatedLabels:
    """Labels as a person entered them, without those that regions and slices imply; revision 0 means untouched."""

    labels: Labels = field(default_factory=Labels)
    revision: int = 0


@dataclass(frozen=True, slots=True)
class SliceMap:
    """The label map of a slice: runs (ichor.annotate.project.runs), the set of labels in it, the origin of each."""

    revision: int
    runs: tuple[int, ...]
    drawn: frozenset[int]
    origins: Origins


@dataclass(frozen=True, slots=True)
class LayerState:
    """One layer of a scan: the touched slices, and the labels stated for slices and (None) for the scan."""

    maps: dict[int, SliceMap]
    stated: dict[int | None, StatedLabels]


@dataclass(frozen=True, slots=True)
class Person:
    """The subject in the form of ct-ich's demographics; age in years."""

    age: float | None = None
    sex: Literal["Male", "Female"] | None = None
    condition: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """One row of the history: who changed what when (UTC, ISO 8601); `payload` is JSON, `slice` None for the scan.

    `drawn` is the set of labels in a map, and `origins` the origin of each.
    """

    id: int
    at: str
    who: str
    layer: str
    slice: int | None
    kind: Kind
    revision: int
    payload: str
    drawn: frozenset[int]
    origins: Origins


class StaleRevision(IchorError):
    """A change to an older revision than the current one, which is `revision`."""

    def __init__(self, base: int, revision: int) -> None:
        super().__init__(f"expected a change to revision {revision}, found one to revision {base}")
        self.revision = revision
