"""Decisions beside a result: private, whole, with who and when; never over something else."""

from __future__ import annotations

import json
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pydantic import ValidationError

from ichor.errors import OutputFailed, UnreadableInput
from ichor.view.decisions import DECISIONS, Asked, decide, read_decisions
from synthetic_scans import ThresholdMethod
from view.result_files import write_result


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_result(tmp_path / "out", outputs=("json",))


def test_decisions_are_stored_privately_and_can_be_withdrawn(folder: Path) -> None:
    decide(folder, Asked(about="scan", decision="accept", who=" Ada "))
    decide(folder, Asked(about=1, decision="reject", who="Bert"))
    decide(folder, Asked(about="midline_shift", mm=-3.5, who="Bert"))
    file = folder / DECISIONS
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    stored = json.loads(file.read_text())
    assert stored["scan"]["who"] == "Ada" and stored["scan"]["when"].endswith("+00:00")
    assert stored["lesions"]["1"]["decision"] == "reject" and stored["midline_shift"]["mm"] == -3.5
    assert "not a medical device" in stored["notice"]
    decide(folder, Asked(about=1, who="Ada"))
    decide(folder, Asked(about="midline_shift", who="Ada"))
    found = read_decisions(folder)
    assert found.lesions == {} and found.midline_shift is None and found.scan is not None


def test_decisions_at_the_same_time_are_all_kept(folder: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: decide(folder, Asked(about=n, decision="accept", who="Ada")), range(1, 41)))
    assert sorted(read_decisions(folder).lesions) == list(range(1, 41))


def test_decisions_on_an_earlier_result_are_kept_and_do_not_count(folder: Path) -> None:
    decide(folder, Asked(about="scan", decision="accept", who="Ada"))
    earlier = stored_in(folder / DECISIONS)
    write_result(folder.parent, method=ThresholdMethod(), outputs=("json",))
    assert read_decisions(folder).scan is None
    assert stored_in(folder / DECISIONS) == earlier
    decide(folder, Asked(about=1, decision="reject", who="Bert"))
    assert read_decisions(folder).scan is None and read_decisions(folder).lesions[1].who == "Bert"
    (kept,) = folder.glob("decisions-*.json")
    assert stored_in(kept) == earlier
    write_result(folder.parent, method=ThresholdMethod(), outputs=("json",))
    assert kept.is_file()


def stored_in(file: Path) -> object:
    return json.loads(file.read_text())


def test_something_else_under_the_name_is_kept(folder: Path) -> None:
    (folder / DECISIONS).write_text("notes of mine")
    with pytest.raises(UnreadableInput, match="found something else; it is kept"):
        decide(folder, Asked(about="scan", decision="accept", who="Ada"))
    assert (folder / DECISIONS).read_text() == "notes of mine"


def test_a_disk_that_refuses_is_reported(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("ichor.view.decisions.write_whole", refuse)
    with pytest.raises(OutputFailed, match=r"decisions\.json: could not be written"):
        decide(folder, Asked(about="scan", decision="accept", who="Ada"))


@pytest.mark.parametrize(
    "wrong",
    [
        {"about": "scan", "decision": "perhaps", "who": "Ada"},
        {"about": 0, "decision": "accept", "who": "Ada"},
        {"about": 1, "decision": "accept", "who": "  "},
        {"about": 1, "decision": "accept", "who": "A\nda"},
        {"about": 1, "decision": "accept", "who": "A" * 101},
        {"about": "midline_shift", "mm": 500, "who": "Ada"},
        {"about": 1, "decision": "accept", "who": "Ada", "more": 1},
    ],
)
def test_invalid_decisions(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Asked.model_validate(wrong)
