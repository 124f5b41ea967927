"""What is said between this process and one that reads for it, from a question to its answer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ichor.errors import UnreadableInput
from ichor.read import refusals, wire
from ichor.read.budget import BASE_S
from ichor.read.deadline import Deadline
from ichor.read.process import ReadingProcess

Watch = Callable[[wire.Message], None]

SIGALRM = 14  # by which a reading process has itself ended when it is late; Windows has no name for it


class RemoteTraceback(Exception):
    """The traceback of an error in the reading process, which may quote what the file says."""

    def __str__(self) -> str:
        return f"in the reading process\n\n{self.args[0].rstrip()}\n"


class Conversation:
    """One question, about the input at `path`, to a process that has no other.

    `spent_s` is how much of the time that reading may take went by before, in another process.

    Attributes:
        process: the one that is asked.
        can_go_on: whether it is fit for another question once this one is answered.
    """

    def __init__(self, process: ReadingProcess, path: Path, spent_s: float = 0.0) -> None:
        self.process = process
        self.can_go_on = True
        self._path = path
        self._deadline = Deadline(process.kill, spent_s)
        self._memory = 0
        self._decoding: Path | None = None
        self._one_of_several = False

    def ask(self, question: wire.Message) -> None:
        """Put the question. Raises OSError where nobody is there to hear it."""
        self._deadline.set(BASE_S)
        self.process.ask(question)

    def is_heard(self) -> bool:
        """Whether the process has heard the question, which it says before it touches the input."""
        try:
            return "heard" in wire.receive(self.process.read_into)
        except (EOFError, OSError):
            return self._deadline.passed

    def answer(self, watch: Watch | None) -> wire.Message:
        """The next message that is an answer; what is large of it follows it in the pipe.

        `watch` is called with each message before it. Raises UnreadableInput where the answer is that, EOFError or
        BrokenAnswer where none comes.
        """
        while True:
            said = wire.receive(self.process.read_into)
            if "budget" in said:
                self._memory = int(said["budget"]["memory"])
                self._deadline.set(float(said["budget"]["seconds"]))
            elif "decoding" in said:
                self._decoding, self._one_of_several = Path(said["decoding"]), bool(said["one_of_several"])
            elif "unreadable" in said:
                raise UnreadableInput(str(said["unreadable"])) from RemoteTraceback(said["traceback"])
            elif "failed" in said:
                self.can_go_on = False
                raise self._failed(str(said["failed"])) from RemoteTraceback(said["traceback"])
            else:
                return said
            if watch is not None:
                watch(said)

    def end(self) -> None:
        """Nothing more is said; the process is fit for another question, or is ended by whoever has it."""
        self._deadline.lift()

    def _failed(self, error: str) -> UnreadableInput:
        if error == "MemoryError":
            return refusals.too_large(self._path, self._decoding, self._memory)
        return refusals.undecodable(self._path, self._decoding, error)

    def broken_off(self) -> UnreadableInput:
        """What is said of the input where the process ended without an answer."""
        if self._deadline.passed or self.process.ended_by == SIGALRM:
            return refusals.too_slow(self._path, self._decoding, self._deadline.seconds)
        return refusals.crashing(self._path, self._decoding)

    def crashed_on(self) -> Path | None:
        """The file on which the process crashed, where the input can be read without that one; it has ended.

        None for a file of an archive, which is called otherwise when it is unpacked again.
        """
        file = self._decoding
        if file is None or not self._one_of_several or self._deadline.passed or not file.is_relative_to(self._path):
            return None
        return file
