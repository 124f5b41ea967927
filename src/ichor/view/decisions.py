"""A person's decisions on a result, stored next to it in decisions.json (private, written atomically)."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from ichor.atomic import reporting_disk_errors, sync, write_whole
from ichor.errors import IchorError, UnreadableInput
from ichor.findings.schema import NOTICE
from ichor.locks import one_at_a_time
from ichor.write.findings_json import FINDINGS
from ichor.write.folder import DECISIONS

Decision = Literal["accept", "reject", "correct"]
Who = Annotated[
    str, StringConstraints(min_length=1, max_length=100, strip_whitespace=True, pattern=r"^[^\x00-\x1f\x7f]+$")
]
Comment = Annotated[str, StringConstraints(min_length=1, max_length=1000, strip_whitespace=True)]
Number = Annotated[int, Field(ge=1, le=200)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Decided(_Part):
    """One decision: who made it, when (UTC, ISO 8601), and what they say about it."""

    decision: Decision
    who: Who
    when: str
    comment: Comment | None = None


class Shift(_Part):
    """A person's correction of the midline shift in mm, positive towards the patient's left."""

    mm: Annotated[float, Field(ge=-50, le=50)]
    who: Who
    when: str


class Decisions(_Part):
    """All decisions of one result.

    Attributes:
        of: SHA-256 of the findings.json that they refer to.
        scan: the decision on the whole scan.
        lesions: the decisions on lesions, by their number in the findings, from 1.
        midline_shift: the corrected midline shift.
    """

    schema_version: Literal[1] = 1
    notice: str = NOTICE
    of: str
    scan: Decided | None = None
    lesions: dict[Number, Decided] = {}
    midline_shift: Shift | None = None


class Asked(_Part):
    """A decision to store, on the scan, a lesion or the midline shift; without `decision` or `mm` it is withdrawn.

    With `seen`, the decision so far as the person knows it (null: there is none), it is stored only if that is so.
    """

    about: Literal["scan", "midline_shift"] | Number
    decision: Decision | None = None
    mm: Annotated[float, Field(ge=-50, le=50)] | None = None
    who: Who
    comment: Comment | None = None
    seen: Decided | None = None


class Changed(IchorError):
    """Somebody else has decided in the meantime."""


def read_decisions(folder: Path) -> Decisions:
    """Read the decisions on the result in a folder; decisions on an earlier result of the same scan are ignored.

    Raises UnreadableInput if decisions.json is not valid; such a file is never overwritten.
    """
    of = sha256((folder / FINDINGS).read_bytes()).hexdigest()
    file = folder / DECISIONS
    try:
        found = Decisions.model_validate_json(file.read_bytes())
    except FileNotFoundError:
        return Decisions(of=of)
    except (OSError, ValidationError) as error:
        raise UnreadableInput(f"{file}: expected decisions on a result, found something else; it is kept") from error
    return found if found.of == of else Decisions(of=of)


def decide(folder: Path, asked: Asked) -> Decisions:
    """Store a decision, and return all decisions.

    Raises as `read_decisions`, Changed if the decision so far is not the one that the person has seen, and OutputFailed
    on disk errors.
    """
    file = folder / DECISIONS
    with reporting_disk_errors(file), one_at_a_time(file):
        before = read_decisions(folder)
        _require_seen(before, asked)
        decided = _with(before, asked)
        _put_aside_earlier(file, decided.of)
        write_whole(file, _text(decided), private=True)
        sync(file)
    return decided


def _text(decisions: Decisions) -> str:
    """The text of decisions.json. An earlier Ichor reads it, too, as long as there are no comments."""
    content = decisions.model_dump(mode="json")
    for one in (content["scan"], *content["lesions"].values()):
        if one is not None and one["comment"] is None:
            del one["comment"]
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def _require_seen(before: Decisions, asked: Asked) -> None:
    if "seen" not in asked.model_fields_set or asked.about == "midline_shift":
        return
    now = before.scan if asked.about == "scan" else before.lesions.get(asked.about)
    if now != asked.seen:
        what = "withdrawn the decision" if now is None else f"decided: {now.decision}"
        who = "somebody has" if now is None else f"{now.who} has"
        raise Changed(f"{who} {what} in the meantime; nothing was stored")


def _put_aside_earlier(file: Path, of: str) -> None:
    """Rename the file with decisions on an earlier result, for example to decisions-1a2b3c4d.json, to keep it."""
    if file.exists():
        earlier = Decisions.model_validate_json(file.read_bytes()).of
        if earlier != of:
            file.rename(file.with_stem(f"{file.stem}-{earlier[:8]}"))


def _with(before: Decisions, asked: Asked) -> Decisions:
    when = datetime.now(UTC).isoformat(timespec="seconds")
    if asked.about == "midline_shift":
        shift = None if asked.mm is None else Shift(mm=asked.mm, who=asked.who, when=when)
        return before.model_copy(update={"midline_shift": shift})
    one = (
        None
        if asked.decision is None
        else Decided(decision=asked.decision, who=asked.who, when=when, comment=asked.comment)
    )
    if asked.about == "scan":
        return before.model_copy(update={"scan": one})
    others = {number: each for number, each in before.lesions.items() if number != asked.about}
    return before.model_copy(update={"lesions": others if one is None else {**others, asked.about: one}})
