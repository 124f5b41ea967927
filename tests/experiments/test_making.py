"""How long a training took, from what it recorded of its epochs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from ichor.experiments.making import fit_seconds


def write_history(file: Path, seconds: Sequence[float]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(json.dumps({"epoch": k + 1, "seconds": s}) + "\n" for k, s in enumerate(seconds)))


def test_the_epochs_of_all_members_count(tmp_path: Path) -> None:
    write_history(tmp_path / "0" / "history.jsonl", [10, 11, 12])
    write_history(tmp_path / "1" / "history.jsonl", [5, 5])
    assert fit_seconds(tmp_path, elapsed=7) == 43


def test_a_suspended_epoch_counts_as_a_long_one(tmp_path: Path) -> None:
    write_history(tmp_path / "history.jsonl", [10, 10, 20, 7200, 10])
    assert fit_seconds(tmp_path, elapsed=7) == pytest.approx(10 + 10 + 20 + 30 + 10)


@pytest.mark.parametrize("seconds", [None, ()])
def test_without_epochs_it_is_the_elapsed_time(seconds: Sequence[float] | None, tmp_path: Path) -> None:
    if seconds is not None:
        write_history(tmp_path / "history.jsonl", seconds)
    assert fit_seconds(tmp_path, elapsed=7) == 7
