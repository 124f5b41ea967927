"""The forms of what the REST interface returns. Studies are named by the first digits of their keys."""

from __future__ import annotations

from datetime import UTC, datetime
from sqlite3 import Row
from typing import Annotated, Literal, Self

from pydantic import BaseModel, Field

from ichor.findings.verdict import Tier
from ichor.node.queue.analysis import KEY_DIGITS
from ichor.node.queue.studies import StudyState
from ichor.view.decisions import Decided

Id = Annotated[str, Field(pattern=rf"^[0-9a-f]{{{KEY_DIGITS}}}$")]


def when(seconds: float) -> str:
    """A time in the queue as UTC, ISO 8601."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def _when(seconds: float | None) -> str | None:
    return None if seconds is None else when(seconds)


class Result(BaseModel):
    """The last result of a study. The decision is the one on the whole scan."""

    number: int = Field(description="Counts the study's analyses, from 1.")
    viewer: int = Field(description="The number of the result in the viewer.")
    at: str | None = Field(description="When it was made; UTC, ISO 8601.")
    verdict: str = Field(description="none, possible or suspected.")
    words: str = Field(description="The verdict in words.")
    probability: float | None
    volume_ml: float | None
    warnings: int | None = Field(description="How many warnings there are for the reader.")
    decision: Literal["accept", "reject", "correct"] | None
    decided_by: str | None
    decided_at: str | None

    @classmethod
    def of(cls, row: Row) -> Self | None:
        """The result in a row of the worklist; None if there is none."""
        if row["result"] is None:
            return None
        verdict = row["verdict"] or ""
        known = verdict in set(Tier)
        return cls(
            number=row["number"],
            viewer=row["result"],
            at=_when(row["ended_at"]),
            verdict=verdict,
            words=Tier(verdict).words if known else verdict,
            **{name: row[name] for name in cls.model_fields if name in COPIED},
        )


COPIED = ("probability", "volume_ml", "warnings", "decision", "decided_by", "decided_at")


class Study(BaseModel):
    """A study in the list."""

    id: Id
    state: StudyState
    priority: int
    received_at: str = Field(description="When its first image arrived; UTC, ISO 8601.")
    last_image_at: str
    images: int
    images_kept: bool = Field(description="Whether all images are still on disk.")
    problem: str = Field(description="Why the last analysis has no findings; empty if it has.")
    result: Result | None
    deliveries_pending: int
    deliveries_failing: int = Field(description="Pending deliveries that have failed at least once.")
    deliveries_given_up: int

    @classmethod
    def of(cls, row: Row) -> Self:
        """The study in a row of the worklist."""
        return cls(**_study(row))


def _study(row: Row) -> dict[str, object]:
    return {
        "id": row["key"][:KEY_DIGITS],
        "state": row["state"],
        "priority": row["priority"],
        "received_at": when(row["first_at"]),
        "last_image_at": when(row["last_at"]),
        "images": row["images"],
        "images_kept": row["images"] == row["images_kept"],
        "problem": row["problem"] or "",
        "result": Result.of(row),
        "deliveries_pending": row["pending"],
        "deliveries_failing": row["failing"],
        "deliveries_given_up": row["dead"],
    }


class Listed(BaseModel):
    """A page of the list."""

    studies: list[Study]
    total: int = Field(description="How many studies there are on all pages.")
    counts: dict[StudyState, int] = Field(description="How many studies there are in each state.")
    now: str = Field(description="The time on the node; UTC, ISO 8601.")


class AnalysisMade(BaseModel):
    """One analysis of a study."""

    number: int
    state: str
    replaces: int | None
    attempts: int
    started_at: str | None
    ended_at: str | None
    verdict: str | None
    reason: str

    @classmethod
    def of(cls, row: Row) -> Self:
        """The analysis in a row of the queue."""
        times = {name: _when(row[name]) for name in ("started_at", "ended_at")}
        names = ("number", "state", "replaces", "attempts", "verdict", "reason")
        return cls(**{name: row[name] for name in names}, **times)


class DeliveryMade(BaseModel):
    """One delivery of a result to a destination."""

    id: int
    study: Id
    number: int = Field(description="Of the analysis.")
    destination: str
    state: Literal["pending", "delivered", "replaced", "dead"]
    attempts: int
    reason: str = Field(description="Why the last attempt failed.")


class WholeStudy(Study):
    """A study with its analyses, deliveries and the decision on its last result."""

    analyses: list[AnalysisMade]
    deliveries: list[DeliveryMade]
    decision: Decided | None

    @classmethod
    def whole(cls, row: Row, analyses: list[Row], deliveries: list[Row], decision: Decided | None) -> Self:
        """The study of these rows of the queue."""
        return cls(
            **_study(row),
            analyses=[AnalysisMade.of(one) for one in analyses],
            deliveries=[delivery_of(one, row["key"]) for one in deliveries],
            decision=decision,
        )


def delivery_of(row: Row, study: str) -> DeliveryMade:
    """The delivery in a row of the queue."""
    names = ("id", "number", "destination", "state", "attempts", "reason")
    return DeliveryMade(study=study[:KEY_DIGITS], **{name: row[name] for name in names})


class Problem(BaseModel):
    """Why a request failed: problem details (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
