"""STOW-RS (PS3.18 10.5): takes in the parts of one request, and says what became of each.

A part that is counted as stored is on disk and in the queue, as with C-STORE.
"""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from ichor.errors import OutputFailed
from ichor.node.intake import About, Intake, Refused, Taken, Why, digest
from ichor.node.logs import log, log_error
from ichor.node.network.guard import Pace
from ichor.node.store import Spool, Store

DICOM = "application/dicom"
# PS3.18 table I.2-2, PS3.4 table B.2-1 and PS3.7 annex C.
OUT_OF_RESOURCES, NOT_UNDERSTOOD, PROCESSING_FAILURE = 0xA700, 0xC000, 0x0110
CODES = {
    Why.NOT_UNDERSTOOD: NOT_UNDERSTOOD,
    Why.TOO_LARGE: OUT_OF_RESOURCES,
    Why.ANOTHER: 0xC001,
    Why.SOP_CLASS: 0x0122,
    Why.TRANSFER_SYNTAX: 0xC122,
}


@dataclass(frozen=True, slots=True)
class Failed:
    """A part that was not stored: the code of the reason, and the image's UIDs if they could be read."""

    code: int
    about: About | None


class Storing:
    """The parts of one request. Its methods are called one after another, by any thread."""

    def __init__(self, store: Store, intake: Intake, pace: Pace, sender: str, study: str | None = None) -> None:
        self._store, self._intake, self._pace, self._sender, self._study = store, intake, pace, sender, study
        self._open = ExitStack()
        self._spool: Spool | None = None
        self._failed: Failed | None = None  # the part under way
        self._new = 0
        self.stored: list[About] = []
        self.failures: list[Failed] = []

    def begin(self, media_type: str) -> None:
        """A part begins."""
        time.sleep(self._pace.wait_s(self._sender))
        self._failed = None if media_type in (DICOM, "") else Failed(NOT_UNDERSTOOD, None)
        if self._failed is None:
            self._guarded(self._begin)

    def data(self, piece: memoryview) -> None:
        """A piece of its content; what follows a failure is skipped."""
        if self._failed is None:
            self._guarded(lambda: self._write(piece))

    def end(self) -> None:
        """The part is complete."""
        if self._failed is None:
            self._guarded(self._take)
        if self._failed is not None:
            self.failures.append(self._failed)
        self.close()

    @property
    def studies(self) -> tuple[str, ...]:
        """The keys of the studies of which images are stored."""
        return tuple(dict.fromkeys(digest(one.study) for one in self.stored))

    def close(self) -> None:
        """Delete what is left of a part that is not complete."""
        self._spool = None
        self._open.close()

    def log(self) -> None:
        """Log what the request brought."""
        known = len(self.stored) - self._new
        log.info(
            "%s sent %d images by STOW-RS, %d of them known; %d parts refused",
            self._sender,
            len(self.stored),
            known,
            len(self.failures),
        )

    def _begin(self) -> None:
        self._spool = self._open.enter_context(self._store.spool())

    def _write(self, piece: memoryview) -> None:
        assert self._spool is not None
        self._intake.check_size(self._spool.n_bytes + len(piece))
        self._spool.write(piece)

    def _take(self) -> None:
        assert self._spool is not None
        taken, about = self._intake.take_spooled(self._spool, study=self._study)
        self._new += taken is Taken.NEW
        self.stored.append(about)

    def _guarded(self, step: Any) -> None:
        """Do a step; if it fails, so does the part, and the next one is not affected."""
        try:
            step()
            return
        except Refused as error:
            log_error(f"image from {self._sender} refused", error)
            self._failed = Failed(CODES[error.why], error.about)
        except (OutputFailed, OSError) as error:
            log_error(f"image from {self._sender} not stored", error)
            self._failed = Failed(OUT_OF_RESOURCES, None)
        except Exception as error:
            log_error(f"image from {self._sender} not stored", error)
            self._failed = Failed(PROCESSING_FAILURE, None)
        self.close()


def status_of(stored: int, failed: int) -> int:
    """The HTTP status (PS3.18 10.5.3): all, some or none of the images are stored."""
    return 200 if not failed else 202 if stored else 409


def response_of(storing: Storing) -> dict[str, Any]:
    """The Store Instances Response Module (PS3.18 annex I), as DICOM JSON.

    There is no Retrieve URL, since the node serves its results and not the images that it received.
    """
    response: dict[str, Any] = {"00081190": {"vr": "UR"}}
    if storing.stored:
        response["00081199"] = {"vr": "SQ", "Value": [_reference(one) for one in storing.stored]}
    named = [one for one in storing.failures if one.about is not None]
    unnamed = [one for one in storing.failures if one.about is None]
    if named:
        failed = [{**_reference(one.about), **_reason(one)} for one in named if one.about is not None]
        response["00081198"] = {"vr": "SQ", "Value": failed}
    if unnamed:  # Other Failures Sequence
        response["0008119A"] = {"vr": "SQ", "Value": [_reason(one) for one in unnamed]}
    return response


def _reference(about: About) -> dict[str, Any]:
    return {
        "00081150": {"vr": "UI", "Value": [about.sop_class]},
        "00081155": {"vr": "UI", "Value": [about.instance]},
    }


def _reason(failed: Failed) -> dict[str, Any]:
    return {"00081197": {"vr": "US", "Value": [failed.code]}}
