"""Adjudications: whether the table is right about a scan and, if not, what is true; by whom and when.

All of them are kept in adjudication.json next to the report (private, written atomically); the last one for a scan
counts. The table itself is never changed, and all figures are also given with its truth.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from ichor.atomic import make_folder, reporting_disk_errors, sync, write_whole
from ichor.errors import UnreadableInput
from ichor.findings.schema import NOTICE
from ichor.locks import one_at_a_time
from ichor.subtypes import Subtype
from ichor.validation.cases import Part, Said, ScanCase
from ichor.view.decisions import Changed, Comment, Who
from ichor.view.ruling import AskedRuling, Ruling

ADJUDICATION = "adjudication.json"


class Ruled(Part):
    """One adjudication: what was asked for, and when (UTC, ISO 8601)."""

    ruling: Ruling
    hemorrhage: bool | None = None
    subtypes: tuple[Subtype, ...] | None = None
    who: Who
    when: str
    comment: Comment | None = None


class Adjudications(Part):
    """The content of adjudication.json: all adjudications of each scan, the last one last."""

    schema_version: Literal[1] = 1
    notice: str = NOTICE
    scans: dict[str, tuple[Ruled, ...]] = Field(default_factory=dict)

    def of(self, scan: str) -> Ruled | None:
        """The adjudication of a scan that counts; None if there is none or it was withdrawn."""
        ruled = self.scans.get(scan, ())
        return ruled[-1] if ruled and ruled[-1].ruling != "withdrawn" else None

    def corrected(self, cases: Sequence[ScanCase]) -> tuple[ScanCase, ...]:
        """The scans with their truth as adjudicated."""
        return tuple(case.with_truth(truth_of(case.truth, self.of(case.scan))) for case in cases)


def truth_of(table: Said, ruled: Ruled | None) -> Said:
    """What is true of a scan of which the table says `table`."""
    if ruled is None or ruled.ruling != "wrong":
        return table
    if ruled.hemorrhage is not True:
        return Said(
            hemorrhage=ruled.hemorrhage, subtypes=dict.fromkeys(Subtype, False) if ruled.hemorrhage is False else {}
        )
    if ruled.subtypes is None:
        return Said(hemorrhage=True, subtypes=table.subtypes if table.hemorrhage else {})
    return Said(hemorrhage=True, subtypes={one: one in ruled.subtypes for one in Subtype})


def read_adjudications(folder: Path) -> Adjudications:
    """Read adjudication.json in the folder of a validation; empty if there is none.

    Raises UnreadableInput if it is not valid; such a file is never overwritten.
    """
    file = folder / ADJUDICATION
    try:
        return Adjudications.model_validate_json(file.read_bytes())
    except FileNotFoundError:
        return Adjudications()
    except (OSError, ValidationError) as error:
        raise UnreadableInput(f"{file}: expected adjudications, found something else; it is kept") from error


def adjudicate(folder: Path, scan: str, asked: AskedRuling) -> Adjudications:
    """Store an adjudication of a scan, and return all of them.

    Raises as `read_adjudications`, Changed if somebody else has adjudicated the scan in the meantime, and OutputFailed
    on disk errors.
    """
    file = folder / ADJUDICATION
    with reporting_disk_errors(file):
        make_folder(folder, private=True)
        with one_at_a_time(file):
            before = read_adjudications(folder)
            earlier = before.scans.get(scan, ())
            if len(earlier) != asked.seen:
                who = f"{earlier[-1].who} has" if earlier else "somebody has"
                raise Changed(f"{who} adjudicated this scan in the meantime; nothing was stored")
            now = datetime.now(UTC).isoformat(timespec="seconds")
            ruled = Ruled(**asked.model_dump(exclude={"seen"}), when=now)
            after = before.model_copy(update={"scans": {**before.scans, scan: (*earlier, ruled)}})
            text = json.dumps(after.model_dump(mode="json"), indent=1, ensure_ascii=False) + "\n"
            write_whole(file, text, private=True)
            sync(file)
    return after
