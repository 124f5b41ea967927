"""A slice of `make fuzz`: one damaged input for each syntax and kind of damage, and what the campaign would count."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fuzzing.campaign import Outcome, mutated, run
from fuzzing.mutations import KINDS
from fuzzing.page import write_page
from fuzzing.seeds import MAKERS, make_seeds
from ichor.read import open_scan

SLICE = 2 * (len(MAKERS) + 1)


def test_a_part_of_the_campaign_finds_no_fault(tmp_path: Path) -> None:
    outcomes = list(run(tmp_path / "inputs", range(SLICE), seed=16))
    assert len(outcomes) == SLICE
    assert [one for one in outcomes if one.faults] == []
    assert {(one.reader, one.syntax) for one in outcomes} >= set(MAKERS)
    assert sum(one.reached_decoder for one in outcomes) > SLICE / 4
    assert write_page(tmp_path / "page", outcomes, [], 16) == 0
    assert "| tracebacks | 0 | 0 |" in (tmp_path / "page/README.md").read_text()


def test_every_input_is_valid_before_it_is_damaged(tmp_path: Path) -> None:
    for seed in make_seeds(tmp_path):
        assert open_scan(seed.path, seed.options).voxels.shape == (6, 48, 44), seed


@pytest.mark.parametrize("kind", KINDS)
def test_a_seed_makes_the_same_damage_again(tmp_path: Path, kind: str) -> None:
    seed = next(one for one in make_seeds(tmp_path / "seeds") if one.syntax == "JPEG 2000 lossless")

    def damaged(name: str) -> list[bytes | None]:
        mutated(seed, kind, tmp_path / name, np.random.default_rng([1, 2]))
        files = sorted((tmp_path / name).iterdir())
        return [one.read_bytes() if one.is_file() else None for one in files]

    first = damaged("first")
    assert first == damaged("second")
    assert first != [one.read_bytes() for one in sorted(seed.path.iterdir())]


def test_a_fault_is_counted_and_reported(tmp_path: Path) -> None:
    sound = Outcome(0, "dicom", "RLE", "header", "refused", True, 0.1, 10**8)
    faulty = replace(sound, number=7, faults=("traceback",), result="traceback")
    assert write_page(tmp_path, [sound, faulty], [], 1) == 1
    assert "| tracebacks | 1 | 0 |" in (tmp_path / "README.md").read_text()
    command = {"number": 0, "reader": "a", "syntax": "b", "kind": "c", "exit": 134, "seconds": 1.0}
    assert write_page(tmp_path, [sound], [command | {"faults": ["exit code 134"]}], 1) == 1
    assert "| aborts that ended the command | | 1 |" in (tmp_path / "README.md").read_text()
