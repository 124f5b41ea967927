"""Signals raise one exception wherever they arrive."""

from __future__ import annotations

import subprocess
import sys

import pytest

_IN_A_DESTRUCTOR = """
import signal, sys, time
from ichor.interruption import Interrupted, exit_code, INTERRUPTED, at_once, listening

class Dying:
    def __del__(self):
        signal.raise_signal(signal.{name})
        for _ in range(10):  # the handler runs here
            pass

class Broken:
    def __del__(self):
        raise ValueError("not a signal")

with listening():
    Broken()
    try:
        Dying()
        for _ in range(300):
            time.sleep(0.1)
        print("lost")
    except Interrupted:
        print("interrupted", exit_code(INTERRUPTED), at_once())
"""


@pytest.mark.parametrize(("name", "said"), [("SIGINT", "interrupted 130 False"), ("SIGTERM", "interrupted 143 True")])
def test_a_signal_that_arrives_in_a_destructor_is_not_lost(name: str, said: str) -> None:
    command = [sys.executable, "-c", _IN_A_DESTRUCTOR.format(name=name)]
    ended = subprocess.run(command, capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == said
    assert "Interrupted" not in ended.stderr
    assert "ValueError: not a signal" in ended.stderr  # other exceptions are shown as ever
