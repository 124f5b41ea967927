"""Reading in another process, which hostile files may crash, fill or hold up without harm to this one.

Decoders of compressed images and of archives are large, old and written in C++: a damaged file makes them abort, loop
or ask for gigabytes. So each question (`open_scan`, `inspect`) is put to a process that does nothing but read
(`ichor.read.worker`), is held to a budget of memory and time (`ichor.read.budget`), and is put to another where that
one dies. Threads that ask at the same time get a process each (`ichor.read.pool`).
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from ichor.errors import IchorError, UnreadableInput
from ichor.read import content, wire
from ichor.read.base import Inspection, ReadOptions, ScanPath
from ichor.read.conversation import Conversation, Watch
from ichor.read.pool import SHARED, Pool
from ichor.read.process import ReadingProcess, asking_folder
from ichor.scan import Scan, Source

Received = TypeVar("Received")

MOST_CRASHES = 1  # files that an input is read without; where a second one crashes its decoder, most of them will


def begin(path: Path, options: ReadOptions, pool: Pool = SHARED) -> Reading:
    """Begin to read the scan at `path` and return at once; `scan()` of what is returned waits for it."""
    return Reading(path, {"do": "read", "options": content.options_as_json(options)}, pool)


def inspect(path: Path, options: ReadOptions) -> Inspection:
    """What is at `path`, as `ichor.read.open.inspect` describes it."""
    return Reading(path, {"do": "inspect", "options": content.options_as_json(options)}).inspection()


def scans(path: Path, out: Path | None, series_uid: str | None) -> list[ScanPath]:
    """The scans at `path`, as `ichor.read.find.scans_here` tells them."""
    options = content.options_as_json(ReadOptions(series_uid=series_uid))
    question = {"do": "find", "out": None if out is None else str(out), "options": options}
    return Reading(path, question).scans()


def headers(path: Path, instance_uids: list[str]) -> dict[str, bytes]:
    """Of each of these DICOM instances that is at `path`, its header, as a DICOM file without pixels."""
    question = {"do": "headers", "instance_uids": instance_uids, "options": content.options_as_json(ReadOptions())}
    return Reading(path, question).headers()


def patient(source: Source, files: Sequence[str]) -> dict[str, str | None]:
    """Whose the scan is that was read from there, as `ichor.read.dicom.patient` tells it."""
    question = {
        "do": "patient",
        "study_uid": source.study_uid,
        "series_uids": source.series_uids,
        "instance_uids": source.instance_uids,
        "options": content.options_as_json(ReadOptions(files=tuple(files))),
    }
    return Reading(source.path, question).patient()


class Reading:
    """One question under way, of which the answer is fetched once.

    `watch` is called with each message that comes before the answer: the budget, and the files that are decoded.
    What fetches the answer raises UnreadableInput where there is none.
    """

    def __init__(self, path: Path, question: wire.Message, pool: Pool = SHARED) -> None:
        self._conversation: Conversation | None = None
        self._path = path
        self._pool = pool
        self._left_out: list[str] = []
        self._begun = time.monotonic()
        self._question = {
            **question,
            "path": str(path),
            "folder": asking_folder(),
            "temporary": tempfile.gettempdir(),
            "left_out": self._left_out,
        }
        self._conversation = Conversation(pool.take(), path)
        try:
            self._conversation.ask(self._question)
        except OSError:
            self._ask_another()

    def _ask_another(self) -> Conversation:
        """Replace a process that has died, before it could hear the question or since a file crashed it."""
        self.cancel()
        self._conversation = another = Conversation(ReadingProcess(), self._path, time.monotonic() - self._begun)
        another.ask(self._question)
        return another

    @property
    def pid(self) -> int | None:
        """The process that works on it; None once the answer is there."""
        return None if self._conversation is None else self._conversation.process.pid

    def scan(self, watch: Watch | None = None) -> Scan:
        """The scan that was read."""
        return self._fetch(watch, lambda read_into, said: content.receive_scan(read_into, said["scan"]))

    def inspection(self, watch: Watch | None = None) -> Inspection:
        """What was found."""
        return self._fetch(watch, lambda _, said: content.inspection_from_json(said["inspection"]))

    def scans(self) -> list[ScanPath]:
        """Where the scans lie."""
        return self._fetch(None, lambda _, said: content.scans_from_json(said))

    def headers(self) -> dict[str, bytes]:
        """The headers asked for, by their instance's UID."""

        def received(read_into: wire.ReadInto, said: wire.Message) -> dict[str, bytes]:
            return {uid: wire.receive_bytes(read_into, int(length)) for uid, length in said["headers"].items()}

        return self._fetch(None, received)

    def patient(self) -> dict[str, str | None]:
        """Whose the scan is."""

        def received(_: wire.ReadInto, said: wire.Message) -> dict[str, str | None]:
            return {str(key): None if one is None else str(one) for key, one in dict(said["patient"]).items()}

        return self._fetch(None, received)

    def cancel(self) -> None:
        """Let go of a question whose answer is not wanted any more: whoever works on it ends."""
        conversation, self._conversation = self._conversation, None
        if conversation is not None:
            conversation.end()
            conversation.process.end()

    def _fetch(self, watch: Watch | None, receive: Callable[[wire.ReadInto, wire.Message], Received]) -> Received:
        conversation = self._conversation
        assert conversation is not None, "each answer is fetched once"
        try:
            if not conversation.is_heard():
                conversation = self._ask_another()
                if not conversation.is_heard():
                    raise IchorError("expected the process that reads to start, found that it ends at once")
            received = receive(conversation.process.read_into, conversation.answer(watch))
        except UnreadableInput:
            self._give_back(conversation)
            raise
        except (EOFError, OSError, KeyError, wire.BrokenAnswer) as error:
            self.cancel()
            crashed_on = conversation.crashed_on()
            if crashed_on is None or len(self._left_out) == MOST_CRASHES:
                raise conversation.broken_off() from error
            self._left_out.append(str(crashed_on))
        except BaseException:  # Ctrl-C among them
            self.cancel()
            raise
        else:
            self._give_back(conversation)
            return received
        self._ask_another()
        return self._fetch(watch, receive)

    def _give_back(self, conversation: Conversation) -> None:
        if not conversation.can_go_on:
            self.cancel()
            return
        conversation.end()
        self._conversation = None
        self._pool.give_back(conversation.process)

    def __del__(self) -> None:
        self.cancel()
