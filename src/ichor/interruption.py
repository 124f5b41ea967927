"""What asks a command to end: Ctrl-C, SIGTERM and SIGHUP, heard in one way, and what it has begun is cleaned up."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType

INTERRUPTED = 130  # the exit code that a shell expects of a command that Ctrl-C ended: 128 and the signal's number

# Windows has no SIGHUP, and what asks for SIGTERM there ends a process at once.
SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))


class Interrupted(KeyboardInterrupt):
    """The process was asked to end. What handles Ctrl-C handles the other signals with it."""


@dataclass
class _Signals:
    heard: list[int] = field(default_factory=list)
    undisturbed: int = 0


_signals = _Signals()


@contextmanager
def listening() -> Iterator[None]:
    """A block in which each of these signals raises Interrupted in the main thread, rather than end the process.

    Signals that whoever started the process had it ignore, as nohup does, stay ignored.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    _signals.heard.clear()
    before = {one: signal.getsignal(one) for one in SIGNALS if signal.getsignal(one) is not signal.SIG_IGN}
    for one in before:
        signal.signal(one, _hear)
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


@contextmanager
def undisturbed() -> Iterator[None]:
    """A short block, such as one that cleans up, that no signal interrupts: it is heard at the end of the block."""
    if threading.current_thread() is not threading.main_thread():
        yield  # signals are heard in the main thread alone
        return
    before = len(_signals.heard)
    _signals.undisturbed += 1
    try:
        yield
    finally:
        _signals.undisturbed -= 1
    if not _signals.undisturbed and len(_signals.heard) > before:
        raise Interrupted


def check() -> None:
    """Raise Interrupted if the process has been asked to end.

    For long loops: an exception that arises in code that lets none out, such as a destructor, is lost.
    """
    if _signals.heard:
        raise Interrupted


def at_once() -> bool:
    """Whether the process was asked to end twice, or by something that does not wait: SIGTERM, SIGHUP."""
    return len(_signals.heard) > 1 or any(number != signal.SIGINT for number in _signals.heard)


def exit_code(code: int | str | None) -> int | str | None:
    """The exit code of a command that would leave with `code`: one that was interrupted tells the signal."""
    return 128 + _signals.heard[-1] if code == INTERRUPTED and _signals.heard else code


def _hear(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 (the signal module's form)
    _signals.heard.append(number)
    if not _signals.undisturbed:
        raise Interrupted
