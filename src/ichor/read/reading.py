"""Reading in a separate process, so that hostile files cannot crash this one, fill its memory or block it.

Decoders of compressed images and archives are large, old and written in C++: a damaged file can make them abort,
loop forever or allocate gigabytes. Each request (`open_scan`, `inspect`) is therefore sent to a process that only
reads (`ichor.read.worker`) with limited memory and time (`ichor.read.budget`), and is repeated in a new process if
that one dies. Concurrent threads use one process each (`ichor.read.pool`).
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from ichor.errors import IchorError, UnreadableInput
from ichor.read import content, refusals, wire
from ichor.read.base import Inspection, ReadOptions, ScanPath
from ichor.read.conversation import Conversation, Watch
from ichor.read.pool import SHARED, Pool
from ichor.read.process import ReadingProcess, working_folder
from ichor.scan import Scan, Source

Received = TypeVar("Received")

MAX_CRASHES = 1  # files that are skipped; if a second one crashes its decoder, most of them probably will
MAX_KILLS = 3  # by the system, where memory runs out, or by a person: nothing is wrong with the input


def begin(path: Path, options: ReadOptions, pool: Pool = SHARED) -> Reading:
    """Start reading the scan at `path` and return at once; `scan()` of the returned object waits for it."""
    return Reading(path, {"do": "read", "options": content.options_as_json(options)}, pool)


def inspect(path: Path, options: ReadOptions) -> Inspection:
    """What is at `path`, as described in `ichor.read.open.inspect`."""
    return Reading(path, {"do": "inspect", "options": content.options_as_json(options)}).inspection()


def scans(path: Path, out: Path | None, series_uid: str | None) -> list[ScanPath]:
    """The scans at `path`, as found by `ichor.read.find.scans_here`."""
    options = content.options_as_json(ReadOptions(series_uid=series_uid))
    request = {"do": "find", "out": None if out is None else str(out), "options": options}
    return Reading(path, request).scans()


def headers(path: Path, instance_uids: list[str]) -> dict[str, bytes]:
    """The headers of these DICOM instances, as far as they are at `path`, each as a DICOM file without pixels."""
    request = {"do": "headers", "instance_uids": instance_uids, "options": content.options_as_json(ReadOptions())}
    return Reading(path, request).headers()


def patient(source: Source, files: Sequence[str]) -> dict[str, str | None]:
    """The patient whose scan was read from `source`, as returned by `ichor.read.dicom.patient`."""
    request = {
        "do": "patient",
        "study_uid": source.study_uid,
        "series_uids": source.series_uids,
        "instance_uids": source.instance_uids,
        "options": content.options_as_json(ReadOptions(files=tuple(files))),
    }
    return Reading(source.path, request).patient()


def patient_key(place: ScanPath, study_uid: str, series_uids: Sequence[str], secret: str) -> dict[str, str | None]:
    """A hash of the patient and the time of the study, as returned by `ichor.read.dicom.patient.patient_key_here`."""
    request = {
        "do": "patient_key",
        "study_uid": study_uid,
        "series_uids": list(series_uids),
        "secret": secret,
        "options": content.options_as_json(ReadOptions(files=place.files)),
    }
    return Reading(place.path, request).patient()


def acquisition(place: ScanPath, series_uids: Sequence[str]) -> dict[str, str | None]:
    """What names a study and how it was acquired, as returned by `ichor.read.dicom.acquisition.acquisition_here`."""
    request = {
        "do": "acquisition",
        "series_uids": list(series_uids),
        "options": content.options_as_json(ReadOptions(files=place.files)),
    }
    return Reading(place.path, request).patient()


class Reading:
    """A request in progress, whose result can be fetched once.

    `watch` is called with each message before the reply: the budget, and the files being decoded. The methods that
    fetch the result raise UnreadableInput if there is none, and IchorError if the process was repeatedly killed.
    """

    def __init__(self, path: Path, request: wire.Message, pool: Pool = SHARED) -> None:
        self._conversation: Conversation | None = None
        self._path = path
        self._pool = pool
        self._excluded: list[str] = []
        self._kills = 0
        self._begun = time.monotonic()
        self._request = {
            **request,
            "path": str(path),
            "folder": working_folder(),
            "temporary": tempfile.gettempdir(),
            "excluded": self._excluded,
        }
        self._conversation = Conversation(pool.take(), path)
        try:
            self._conversation.ask(self._request)
        except OSError:
            self._ask_another()

    def _ask_another(self) -> Conversation:
        """Repeat the request in a new process, after the first one died or crashed on a file."""
        self.cancel()
        self._conversation = another = Conversation(ReadingProcess(), self._path, time.monotonic() - self._begun)
        another.ask(self._request)
        return another

    @property
    def pid(self) -> int | None:
        """The ID of the process that handles the request; None once the result has been fetched."""
        return None if self._conversation is None else self._conversation.process.pid

    def scan(self, watch: Watch | None = None) -> Scan:
        """The scan that was read."""
        return self._fetch(watch, lambda read_into, reply: content.receive_scan(read_into, reply["scan"]))

    def inspection(self, watch: Watch | None = None) -> Inspection:
        """What was found at the path."""
        return self._fetch(watch, lambda _, reply: content.inspection_from_json(reply["inspection"]))

    def scans(self) -> list[ScanPath]:
        """Where the scans are stored."""
        return self._fetch(None, lambda _, reply: content.scans_from_json(reply))

    def headers(self) -> dict[str, bytes]:
        """The requested headers, by SOP Instance UID."""

        def received(read_into: wire.ReadInto, reply: wire.Message) -> dict[str, bytes]:
            return {uid: wire.receive_bytes(read_into, int(length)) for uid, length in reply["headers"].items()}

        return self._fetch(None, received)

    def patient(self) -> dict[str, str | None]:
        """The patient's name and dates."""

        def received(_: wire.ReadInto, reply: wire.Message) -> dict[str, str | None]:
            return {str(key): None if one is None else str(one) for key, one in dict(reply["patient"]).items()}

        return self._fetch(None, received)

    def cancel(self) -> None:
        """Drop a request whose result is no longer needed: its process ends."""
        conversation, self._conversation = self._conversation, None
        if conversation is not None:
            conversation.end()
            conversation.process.end()

    def _fetch(self, watch: Watch | None, receive: Callable[[wire.ReadInto, wire.Message], Received]) -> Received:
        conversation = self._conversation
        assert conversation is not None, "each result is fetched once"
        try:
            if not conversation.is_received():
                conversation = self._ask_another()
                if not conversation.is_received():
                    raise IchorError("expected the reading process to start, found that it ended at once")
            received = receive(conversation.process.read_into, conversation.answer(watch))
        except UnreadableInput:
            self._give_back(conversation)
            raise
        except (EOFError, OSError, KeyError, wire.InvalidReply) as error:
            ended = isinstance(error, EOFError | OSError)
            self.cancel()
            if ended and conversation.was_killed:
                self._note_kill()
            else:
                self._exclude_crashing(conversation, error)
        except BaseException:  # Ctrl-C among them
            self.cancel()
            raise
        else:
            self._give_back(conversation)
            return received
        self._ask_another()
        return self._fetch(watch, receive)

    def _note_kill(self) -> None:
        self._kills += 1
        if self._kills == MAX_KILLS:
            raise refusals.killed(self._path, self._kills)

    def _exclude_crashing(self, conversation: Conversation, error: Exception) -> None:
        crashed_on = conversation.crashed_on()
        if crashed_on is None or len(self._excluded) == MAX_CRASHES:
            raise conversation.broken_off() from error
        self._excluded.append(str(crashed_on))

    def _give_back(self, conversation: Conversation) -> None:
        if not conversation.is_reusable:
            self.cancel()
            return
        conversation.end()
        self._conversation = None
        self._pool.give_back(conversation.process)

    def __del__(self) -> None:
        self.cancel()
