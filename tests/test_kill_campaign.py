"""A small slice of the campaign of kills, with the shipped model, and the committed result of the whole one."""

from __future__ import annotations

import itertools
import json
import random
import shutil
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "scripts"))

from disturbed_batches import Place, write_inputs  # noqa: E402
from kill_campaign import FAULTS, SHARED_FAULTS, kill_once, page, share_once  # noqa: E402

RESULT = ROOT / "results" / "kill"


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> tuple[Place, Place]:
    """An undisturbed batch, and one to disturb."""
    root = tmp_path_factory.mktemp("campaign")
    inputs = write_inputs(root / "in")
    usual, place = (Place(inputs, root / name, root / f"{name}-temporary") for name in ("usual", "out"))
    usual.run()
    assert not usual.leftovers() and len(usual.results()) == len(usual.summary()) == len(list(inputs.iterdir()))
    return usual, place


@pytest.mark.parametrize("seed", [1, 4])
@pytest.mark.long
def test_a_killed_batch_that_is_run_again_is_like_one_that_was_not(places: tuple[Place, Place], seed: int) -> None:
    usual, place = places
    tries = (kill_once(place, usual, random.Random(f"{seed}, {number}"), 1.0, number) for number in itertools.count())
    row = next(row for row in tries if row is not None)  # the first that had not ended before it was killed
    assert not any(row[key] for key in FAULTS), row


@pytest.mark.long
def test_commands_that_share_a_folder_make_each_scan_once(places: tuple[Place, Place]) -> None:
    usual, place = places
    row = share_once(place, [usual], 2, False, 0)
    assert row["codes"] == [0, 0] and row["twice"] == 0, row
    assert not any(row[key] for key in SHARED_FAULTS), row


@pytest.mark.long
def test_lost_mixed_and_leftover_files_are_found(places: tuple[Place, Place]) -> None:
    usual, place = places
    place.clear()
    shutil.copytree(usual.out, place.out)
    place.temporary.mkdir()
    assert place.results() == usual.results() and place.summary() == usual.summary() and not place.leftovers()
    (place.out / ".a.ichor-lock").touch()
    (place.temporary / "unpacked").mkdir()
    (place.out / "a" / "mask.nii.gz").write_bytes((place.out / "b" / "mask.nii.gz").read_bytes())
    (place.out / "d" / "report.html").unlink()
    assert place.leftovers() == [".a.ichor-lock", "unpacked"]
    expected = usual.results()
    assert [name for name, files in place.results().items() if files != expected[name]] == ["a", "d"]


def test_the_committed_result_has_no_fault_and_its_page_is_made_of_it() -> None:
    found = json.loads((RESULT / "found.json").read_text())
    assert len(found["kills"]) >= 60
    assert not [row for row in found["kills"] if any(row[key] for key in FAULTS)]
    assert not [row for row in found["rounds"] if any(row["codes"]) or any(row[key] for key in SHARED_FAULTS)]
    assert {(row["commands"], row["others"]) for row in found["rounds"]} == {
        (count, others) for count in (2, 4) for others in (False, True)
    }
    assert (RESULT / "README.md").read_text() == page(found)
