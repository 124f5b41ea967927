"""Requests of all kinds to an operation of a described interface, by schemathesis, with a fixed seed."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode


def ask_in_all_ways(operation: Any, mode: GenerationMode, ask: Callable[[schemathesis.Case], None], n: int) -> None:
    """Call `ask` with up to `n` requests that the description allows, or does not allow."""

    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(max_examples=n, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    def asked(case: schemathesis.Case) -> None:
        ask(case)

    with suppress(Unsatisfiable):  # nothing can be wrong with a request without parameters
        asked()
