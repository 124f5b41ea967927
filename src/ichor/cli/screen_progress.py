"""The progress of `ichor screen`: each scan as it is done, how fast they are done, and the time left."""

from __future__ import annotations

import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from ichor.cli.screen_messages import verdict

if TYPE_CHECKING:
    from ichor.screening.outcome import Outcome

PACE_EVERY_S = 10.0
PACE_OVER = 200  # scans


class Pace:
    """How fast scans are done and how long the rest will take, from the last ones; those done before do not count."""

    def __init__(self, total: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._total, self._number = total, 0
        self._clock = clock
        self._done = deque([clock()], maxlen=PACE_OVER)

    def add(self, *, before: bool) -> None:
        """Another scan is done, or was done before."""
        self._number += 1
        if before and len(self._done) == 1:
            self._done[0] = self._clock()
        elif not before:
            self._done.append(self._clock())

    def __str__(self) -> str:
        text = f"{self._number} of {self._total} scans"
        seconds, n = self._done[-1] - self._done[0], len(self._done) - 1
        if not n or seconds <= 0:
            return text
        rate = n / seconds
        per = f"{rate:.1f} per second" if rate >= 1 else f"{rate * 60:.1f} per minute"
        return f"{text}, {per}, {_in_words((self._total - self._number) / rate)} left"


def _in_words(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 90 * 60 else f"{seconds / 3600:.1f} h"


@contextmanager
def progress(total: int, *, with_pace: bool = False) -> Iterator[Callable[[Outcome], None]]:
    """Show each outcome on stderr: with a bar on a terminal, as plain lines elsewhere; now and then also the pace."""
    number, pace, told = 0, Pace(total), time.monotonic()

    def line(outcome: Outcome) -> str:
        nonlocal number
        number += 1
        pace.add(before=outcome.status == "skipped")
        text = "failed" if outcome.findings is None else verdict(outcome.findings)  # the reason is printed at the end
        before = " (done before)" if outcome.status == "skipped" else ""
        return f"[{number}/{total}] {outcome.job.folder.name}: {text}{before}"

    if sys.stderr.isatty():
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

        console = Console(stderr=True, highlight=False, markup=False)
        with Progress(
            SpinnerColumn(),
            BarColumn(),
            *(() if with_pace else (MofNCompleteColumn(),)),
            TimeElapsedColumn(),
            TextColumn("{task.description}"),
            console=console,
            transient=True,
        ) as bar:
            task = bar.add_task("", total=total)

            def show(outcome: Outcome) -> None:
                if total > 1:
                    console.print(line(outcome), soft_wrap=True)
                bar.update(task, advance=1, description=str(pace) if with_pace else "")

            yield show
    else:

        def say(outcome: Outcome) -> None:
            nonlocal told
            if total > 1:
                typer.echo(line(outcome), err=True)
            if with_pace and time.monotonic() - told >= PACE_EVERY_S:
                told = time.monotonic()
                typer.echo(str(pace), err=True)

        yield say
