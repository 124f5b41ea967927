"""The exchange with a reading process, from a request to its reply."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ichor.errors import Code, UnreadableInput
from ichor.read import refusals, wire
from ichor.read.budget import BASE_S
from ichor.read.deadline import Deadline
from ichor.read.process import ReadingProcess

Watch = Callable[[wire.Message], None]

SIGALRM = 14  # ends a reading process that takes too long; not defined on Windows
SIGKILL = 9  # likewise not defined there


class RemoteTraceback(Exception):
    """The traceback of an error in the reading process, which may quote content of the file."""

    def __str__(self) -> str:
        return f"in the reading process\n\n{self.args[0].rstrip()}\n"


class Conversation:
    """One request, about the input at `path`, to a process that handles no other at the same time.

    `spent_s` is the part of the allowed time that was already used by another process.

    Attributes:
        process: the reading process.
        is_reusable: whether the process can handle another request after this one.
    """

    def __init__(self, process: ReadingProcess, path: Path, spent_s: float = 0.0) -> None:
        self.process = process
        self.is_reusable = True
        self._path = path
        self._deadline = Deadline(process.kill, spent_s)
        self._memory = 0
        self._decoding: Path | None = None
        self._one_of_several = False

    def ask(self, request: wire.Message) -> None:
        """Send the request. Raises OSError if the process has ended."""
        self._deadline.set(BASE_S)
        self.process.ask(request)

    def is_received(self) -> bool:
        """Whether the process has received the request, which it confirms before it opens the input."""
        try:
            return "received" in wire.receive(self.process.read_into)
        except (EOFError, OSError):
            return self._deadline.passed

    def answer(self, watch: Watch | None) -> wire.Message:
        """The reply; large content follows it in the pipe.

        `watch` is called with each message before it. Raises UnreadableInput if the input cannot be read, EOFError or
        InvalidReply if there is no valid reply.
        """
        while True:
            message = wire.receive(self.process.read_into)
            if "budget" in message:
                self._memory = int(message["budget"]["memory"])
                self._deadline.set(float(message["budget"]["seconds"]))
            elif "decoding" in message:
                self._decoding, self._one_of_several = Path(message["decoding"]), bool(message["one_of_several"])
            elif "unreadable" in message:
                code = _code(message)
                raise UnreadableInput(str(message["unreadable"]), code) from RemoteTraceback(message["traceback"])
            elif "failed" in message:
                self.is_reusable = False
                raise self._failed(str(message["failed"])) from RemoteTraceback(message["traceback"])
            else:
                return message
            if watch is not None:
                watch(message)

    def end(self) -> None:
        """End the exchange; the process can be used again, or is ended by its owner."""
        self._deadline.lift()

    def _failed(self, error: str) -> UnreadableInput:
        if error == "MemoryError":
            return refusals.too_large(self._path, self._decoding, self._memory)
        return refusals.undecodable(self._path, self._decoding, error)

    @property
    def was_killed(self) -> bool:
        """Whether the process, which has ended, was killed by something other than its deadline."""
        return self.process.ended_by == SIGKILL and not self._deadline.passed

    def broken_off(self) -> UnreadableInput:
        """The error to report if the process ended without a reply."""
        if self._deadline.passed or self.process.ended_by == SIGALRM:
            return refusals.too_slow(self._path, self._decoding, self._deadline.seconds)
        return refusals.crashing(self._path, self._decoding)

    def crashed_on(self) -> Path | None:
        """The file that crashed the process, if the input can be read without it; the process has ended.

        None for a file of an archive, whose name changes when it is unpacked again.
        """
        file = self._decoding
        if file is None or not self._one_of_several or self._deadline.passed or not file.is_relative_to(self._path):
            return None
        return file


def _code(message: wire.Message) -> Code:
    """The code in a message. Raises InvalidReply if it is none."""
    try:
        return Code(message["code"])
    except ValueError as error:
        raise wire.InvalidReply("not an error code") from error
