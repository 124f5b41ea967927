"""Interruption by Ctrl-C, SIGTERM or SIGHUP, handled in one way so that commands can clean up."""

from __future__ import annotations

import _thread
import signal
import sys
import threading
from collections.abc import Callable, Iterator
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
    lost: int = 0  # exceptions that could not propagate and are about to be raised again


_signals = _Signals()

_AGAIN_S = 0.01  # until an exception that was lost is raised again; the destructor it met has ended by then


@contextmanager
def listening() -> Iterator[None]:
    """A block in which each of these signals raises Interrupted in the main thread instead of ending the process.

    Signals that were ignored when the process started, as with nohup, remain ignored. A signal that arrives in a
    destructor or a weak reference's callback, where an exception cannot propagate, raises Interrupted shortly after.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    _signals.heard.clear()
    _signals.lost = 0
    before = {one: signal.getsignal(one) for one in SIGNALS if signal.getsignal(one) is not signal.SIG_IGN}
    for one in before:
        signal.signal(one, _hear)
    hook_before, sys.unraisablehook = sys.unraisablehook, _raise_again_or(sys.unraisablehook)
    try:
        yield
    finally:
        sys.unraisablehook = hook_before
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

    For long loops, which may begin while an exception that was lost in a destructor is not yet raised again.
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
    if _signals.lost:
        _signals.lost -= 1
    else:
        _signals.heard.append(number)
    if not _signals.undisturbed:
        raise Interrupted


def _raise_again_or(hook: Callable[[sys.UnraisableHookArgs], object]) -> Callable[[sys.UnraisableHookArgs], None]:
    """A hook for exceptions that cannot propagate: it raises Interrupted again soon, and passes all others on."""

    def unraisable(lost: sys.UnraisableHookArgs) -> None:
        if not isinstance(lost.exc_value, Interrupted):
            hook(lost)
            return
        _signals.lost += 1
        again = threading.Timer(_AGAIN_S, _thread.interrupt_main, (_signals.heard[-1],))
        again.daemon = True
        again.start()

    return unraisable
