"""Request bodies, with their types and limits."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field, StrictBool, StrictInt, StringConstraints

from ichor.annotate.project import UNSTATED, Labels, Origin, Person, Ruler
from ichor.annotate.project.finishing import OpenPoints
from ichor.annotate.server.grid import Grid
from ichor.subtypes import Subtype

# 100,000 runs, each a label and a length: a slice of 2048 x 2048, the largest that CT makes, with 48 runs a row.
# Hand-drawn regions have a few hundred, and region growing gives some thousands.
MOST_RUN_NUMBERS = 200_000
Runs = Annotated[list[StrictInt], Field(max_length=MOST_RUN_NUMBERS)]
Revision = Annotated[int, Field(strict=True, ge=0, le=2**31)]
Seconds = Annotated[float, Field(ge=0, le=3600, allow_inf_nan=False)]
Index = Annotated[int, Field(strict=True, ge=0, le=2**31)]


class Base(BaseModel):
    """The page's revisions of a layer, by slice, and for labels by slice or "scan"; absent ones are 0."""

    slices: dict[Annotated[str, StringConstraints(pattern=r"^\d{1,9}$")], Revision] = {}
    labels: dict[Annotated[str, StringConstraints(pattern=r"^(scan|\d{1,9})$")], Revision] = {}


class Operation(BaseModel):
    """An operation on a layer, with the page's revisions of the layer."""

    layer: Annotated[str, StringConstraints(max_length=60)] = "mine"
    base: Base = Base()


class SlicePut(BaseModel):
    """The new label map of a slice; `seconds` is the reader's active time since the last report.

    `origins` gives the origin of labels; absent ones were drawn by hand.
    """

    base_revision: Revision
    runs: Runs
    seconds: Seconds = 0
    origins: dict[Annotated[int, Field(ge=1, le=UNSTATED)], Origin] = {}


Pixels = Annotated[float, Field(ge=-10_000, le=10_000, allow_inf_nan=False)]


class LabelsAsked(BaseModel):
    """The labels of a slice or of the scan; rulers are (x, y) of both ends, in pixels of the shown slice."""

    subtypes: Annotated[list[Subtype], Field(max_length=5)] = []
    fracture: StrictBool = False
    no_hemorrhage: StrictBool = False
    quality: Annotated[list[Annotated[str, StringConstraints(max_length=200)]], Field(max_length=20)] = []
    note: Annotated[str, StringConstraints(max_length=10_000)] = ""
    rulers: Annotated[list[tuple[Pixels, Pixels, Pixels, Pixels]], Field(max_length=50)] = []
    ai_rejected: StrictBool = False

    def labels(self, grid: Grid) -> Labels:
        """The labels for the project, each remark once."""
        return Labels(
            tuple(one for one in Subtype if one in self.subtypes),
            self.fracture,
            self.no_hemorrhage,
            tuple(dict.fromkeys(self.quality)),
            self.note,
            tuple(Ruler(grid.stored_point(x0, y0), grid.stored_point(x1, y1)) for x0, y0, x1, y1 in self.rulers),
            ai_rejected=self.ai_rejected,
        )


class LabelsPut(BaseModel):
    """New labels."""

    base_revision: Revision
    labels: LabelsAsked


class StatePost(Operation):
    """The new state of a reading or the consensus; `confirmed` holds the open points that the reader confirmed."""

    state: Literal["new", "in progress", "done"]
    confirmed: OpenPoints = OpenPoints()


class LooksPost(BaseModel):
    """Slices that the reader has viewed."""

    slices: Annotated[list[Index], Field(max_length=10_000)]
    layer: Annotated[str, StringConstraints(max_length=60)] = "mine"


class SecondsPost(BaseModel):
    """The reader's active time since the last report."""

    seconds: Seconds
    layer: Annotated[str, StringConstraints(max_length=60)] = "mine"


class PersonPut(BaseModel):
    """The scan's subject."""

    age: Annotated[float, Field(ge=0, le=130, allow_inf_nan=False)] | None = None
    sex: Literal["F", "M"] | None = None
    condition: Annotated[str, StringConstraints(max_length=1000)] | None = None
    note: Annotated[str, StringConstraints(max_length=10_000)] | None = None

    def person(self) -> Person:
        """The subject for the project, in the terms of ct-ich's table."""
        words: dict[str, Literal["Female", "Male"]] = {"F": "Female", "M": "Male"}
        return Person(self.age, words[self.sex] if self.sex else None, self.condition or "", self.note or "")


class Drawn(BaseModel):
    """A slice of the scan and what is drawn on it."""

    k: Index
    runs: Runs


class SmoothPost(Operation):
    """A slice of the scan to smooth."""

    k: Index
    runs: Runs


class InterpolatePost(Operation):
    """Two drawn slices of the scan, between which to interpolate."""

    from_: Annotated[Drawn, Field(alias="from")]
    to: Drawn


ReaderNames = Annotated[list[Annotated[str, StringConstraints(max_length=60)]], Field(max_length=100)]


class AssignPut(BaseModel):
    """The readers to whom scans are assigned; none means all readers."""

    scans: Annotated[list[Index], Field(max_length=10_000)]
    readers: ReaderNames


class DistributePost(BaseModel):
    """Readers among whom scans are distributed, `each` of them per scan."""

    readers: ReaderNames
    each: Annotated[int, Field(strict=True, ge=1, le=100)]


class ExportPost(BaseModel):
    """The layout to export, one of ichor.annotate.export.run.TARGETS."""

    target: Annotated[str, StringConstraints(max_length=20)]


class TakePost(Operation):
    """What to apply to the consensus: a reader's outlines or a combination, on these slices or on all."""

    choice: Annotated[str, StringConstraints(max_length=60)]
    slices: Annotated[list[Index], Field(max_length=10_000)] | None = None
