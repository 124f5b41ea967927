"""Progress of a training run on stderr: a progress bar on a terminal, otherwise a line per epoch."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn


class EpochProgress:
    """Shows epochs and the steps within them; `history` contains the completed epochs."""

    def __init__(self, epochs: int, history: list[dict[str, Any]], *, enabled: bool) -> None:
        self._enabled = enabled
        self._epochs = epochs
        self._seconds = [row["seconds"] for row in history]
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.completed:.1f}/{task.total:.0f} epochs"),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            disable=not (enabled and sys.stderr.isatty()),
        )
        self._task = self._bar.add_task("training", total=epochs, completed=len(history))
        self._done = len(history)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def step(self, done: int, steps: int) -> None:
        """Report a completed step of the current epoch."""
        self._bar.update(self._task, completed=self._done + done / steps)

    def epoch(self, row: dict[str, Any]) -> None:
        """Report a completed epoch; `row` is its line of the history."""
        self._done = row["epoch"]
        self._seconds.append(row["seconds"])
        self._bar.update(self._task, completed=self._done)
        if self._enabled and self._bar.disable:
            figures = "  ".join(f"{k} {v:.4g}" for k, v in row.items() if k not in ("epoch", "precision", "seconds"))
            left = (self._epochs - self._done) * sum(self._seconds[-5:]) / len(self._seconds[-5:])
            line = f"epoch {self._done}/{self._epochs}  {figures}  left {left / 60:.1f} min"
            self._bar.console.print(line, highlight=False, soft_wrap=True)
