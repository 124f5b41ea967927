"""What the viewer needs of a validation: the truth of each scan, and an adjudicator's ruling on it."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field, model_validator

from ichor.subtypes import Subtype
from ichor.view.decisions import Comment, Who

Ruling = Literal["right", "wrong", "withdrawn"]


class AskedRuling(BaseModel):
    """A ruling to store.

    Attributes:
        ruling: the table is right or wrong about the scan; withdrawn: there is no longer a ruling.
        hemorrhage: the truth, where the table is wrong; None if it cannot be determined.
        subtypes: which ones there are, where the table is wrong and there is hemorrhage; None if nothing is said.
        who: the adjudicator.
        comment: what they say about it.
        seen: how many rulings on the scan the person has seen; if there are others by now, nothing is stored.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    ruling: Ruling
    hemorrhage: bool | None = None
    subtypes: tuple[Subtype, ...] | None = None
    who: Who
    comment: Comment | None = None
    seen: Annotated[int, Field(ge=0)]

    @model_validator(mode="after")
    def _fits(self) -> AskedRuling:
        if self.ruling != "wrong" and (self.hemorrhage is not None or self.subtypes is not None):
            raise ValueError("expected a truth only where the table is wrong")
        if self.subtypes and self.hemorrhage is not True:
            raise ValueError("expected subtypes only where there is hemorrhage")
        return self


class Truths(Protocol):
    """A validation whose scans are shown; `number` is the result's. Methods may be called from any thread."""

    def summary(self) -> dict[str, Any]:
        """The main figures, with the truth of the table and as adjudicated."""
        ...

    def of(self, number: int) -> dict[str, Any] | None:
        """The truth of a scan, how the model differs, and the ruling on it; None if there is no such scan."""
        ...

    def rule(self, number: int, asked: AskedRuling) -> dict[str, Any]:
        """Store a ruling, and return the same as `of`. Raises IchorError if that is not possible."""
        ...
