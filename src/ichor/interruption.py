"""Interruption by Ctrl-C, SIGTERM or SIGHUP, handled in one way so that commands can clean up."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType

INTERRUPTED = 130  # the shell's exit code after Ctrl-C: 128 plus the signal's number

# Windows has no SIGHUP, and SIGTERM ends a process there at once.
SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))


class Interrupted(KeyboardInterrupt):
    """The process was asked to end. Code that handles Ctrl-C handles the other signals, too."""


@dataclass
class _Signals:
    heard: list[int] = field(default_factory=list)
    undisturbed: int = 0


_signals = _Signals()


@contextmanager
def listening() -> Iterator[None]:
    """A block in which each of these signals raises Interrupted in the main thread instead of ending the process.

    Signals that were ignored when the process started, as with nohup, remain ignored.
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
    """A short block, such as a cleanup, during which signals are deferred; they take effect when it ends."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread receives signals
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

    For long loops: an exception raised where it cannot propagate, such as in a destructor, is lost.
    """
    if _signals.heard:
        raise Interrupted


def at_once() -> bool:
    """Whether the process was asked to end twice, or by a signal that does not wait: SIGTERM, SIGHUP."""
    return len(_signals.heard) > 1 or any(number != signal.SIGINT for number in _signals.heard)


def exit_code(code: int | str | None) -> int | str | None:
    """The exit code of a command that would end with `code`: for an interrupted one, that of the signal."""
    return 128 + _signals.heard[-1] if code == INTERRUPTED and _signals.heard else code


def _hear(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 (the signature of a signal handler)
    _signals.heard.append(number)
    if not _signals.undisturbed:
        raise Interrupted
