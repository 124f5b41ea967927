"""What a server that shows results knows of whoever looks at them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Protocol

from starlette.requests import Request

from ichor.view.decisions import Asked, Decisions
from ichor.view.decisions import decide as store
from ichor.view.results import Listed


class Readers(Protocol):
    """Checks and notes what people see and do. `number` is the result's; methods may raise HTTPException."""

    def sees_findings(self, request: Request, number: int) -> str | None:
        """Note that somebody sees the findings; returns whose they are, for this person's eyes, or None."""
        ...

    def sees_images(self, request: Request, number: int) -> None:
        """Note that somebody sees the images."""
        ...

    def corrects(self, request: Request, number: int, said: str) -> str:
        """The name of whoever corrects a result; `said` is the name that they give."""
        ...

    def decide(self, request: Request, number: int, listed: Listed, asked: Asked) -> Decisions:
        """Store a decision, as `ichor.view.decisions.decide`."""
        ...


@dataclass(frozen=True, slots=True)
class Me:
    """What the page needs to know of whoever looks at it.

    Attributes:
        name: whose name goes with decisions; None if the page has to ask.
        decides: whether they may decide.
        corrects: whether the annotation tool can be opened.
        home: the address of the list that results were opened from; None if it is the viewer's own.
        rules: whether they adjudicate the truth of scans (`ichor.view.ruling`), instead of deciding on findings.
    """

    name: str | None = None
    decides: bool = True
    corrects: bool = True
    home: str | None = None
    rules: bool = False

    def as_json(self) -> dict[str, Any]:
        """The same as a dictionary."""
        return asdict(self)


class OnThisMachine:
    """Whoever has the link on this machine: they see and decide everything, under the name that they give."""

    def sees_findings(self, request: Request, number: int) -> str | None:  # noqa: ARG002
        """As `Readers.sees_findings`: patients are not named."""
        return None

    def sees_images(self, request: Request, number: int) -> None:
        """As `Readers.sees_images`."""

    def corrects(self, request: Request, number: int, said: str) -> str:  # noqa: ARG002
        """As `Readers.corrects`."""
        return said

    def decide(self, request: Request, number: int, listed: Listed, asked: Asked) -> Decisions:  # noqa: ARG002
        """As `Readers.decide`."""
        return store(listed.folder, asked)
