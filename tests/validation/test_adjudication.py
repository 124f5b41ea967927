"""Adjudications on disk: all are kept, the last one counts, and the table is never changed."""

from __future__ import annotations

import json
import stat
import threading
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from ichor.errors import UnreadableInput
from ichor.findings.verdict import Tier
from ichor.subtypes import Subtype
from ichor.validation import adjudicating
from ichor.validation.adjudication import ADJUDICATION, adjudicate, read_adjudications, truth_of
from ichor.validation.cases import Said, Validated
from ichor.validation.differences import differences, kind_of, words_of
from ichor.validation.results import read_validated, results_of, write_results
from ichor.view.decisions import Changed
from ichor.view.ruling import AskedRuling
from synthetic_truth import made_cases, made_validation

CASES = made_cases(40, seed=4)
YES = Said(hemorrhage=True, subtypes={one: one is Subtype.SDH for one in Subtype})


def ask(ruling: str = "wrong", seen: int = 0, **more: Any) -> AskedRuling:
    return AskedRuling.model_validate({"ruling": ruling, "who": "Ada", "seen": seen, **more})


def test_every_ruling_is_kept_and_the_last_one_counts(tmp_path: Path) -> None:
    out = tmp_path / "out"
    adjudicate(out, "a", ask(hemorrhage=False, comment="calcification"))
    adjudicate(out, "a", ask("right", seen=1))
    adjudicate(out, "b", ask(hemorrhage=True, subtypes=["SAH"]))
    after = adjudicate(out, "b", ask("withdrawn", seen=1))
    assert after == read_adjudications(out)
    stored = json.loads((out / ADJUDICATION).read_text())
    assert stored["notice"] == "Research use only; not a medical device."
    assert [(one["ruling"], one["who"], one["comment"]) for one in stored["scans"]["a"]] == [
        ("wrong", "Ada", "calcification"),
        ("right", "Ada", None),
    ]
    assert datetime.fromisoformat(stored["scans"]["a"][0]["when"]).tzinfo is not None
    one = after.of("a")
    assert one is not None and one.ruling == "right" and after.of("b") is None and after.of("c") is None
    assert stat.S_IMODE((out / ADJUDICATION).stat().st_mode) == 0o600


def test_a_ruling_on_a_scan_ruled_on_in_the_meantime_is_not_stored(tmp_path: Path) -> None:
    adjudicate(tmp_path, "a", ask("right"))
    with pytest.raises(Changed, match="Ada has adjudicated this scan in the meantime"):
        adjudicate(tmp_path, "a", ask(hemorrhage=False))
    assert len(read_adjudications(tmp_path).scans["a"]) == 1


def test_a_file_without_adjudications_is_kept(tmp_path: Path) -> None:
    (tmp_path / ADJUDICATION).write_text("notes of mine")
    for act in (lambda: read_adjudications(tmp_path), lambda: adjudicate(tmp_path, "a", ask("right"))):
        with pytest.raises(UnreadableInput, match="expected adjudications, found something else; it is kept"):
            act()
    assert (tmp_path / ADJUDICATION).read_text() == "notes of mine"


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (None, YES),
        (ask("right"), YES),
        (ask(hemorrhage=None), Said(hemorrhage=None)),
        (ask(hemorrhage=False), Said(hemorrhage=False, subtypes=dict.fromkeys(Subtype, False))),
        (ask(hemorrhage=True), YES),
        (
            ask(hemorrhage=True, subtypes=["IVH"]),
            Said(hemorrhage=True, subtypes={s: s is Subtype.IVH for s in Subtype}),
        ),
    ],
    ids=["nothing", "right", "cannot be determined", "none", "there is some", "another subtype"],
)
def test_a_ruling_determines_the_truth(asked: AskedRuling | None, expected: Said, tmp_path: Path) -> None:
    ruled = None if asked is None else adjudicate(tmp_path, "a", asked).of("a")
    assert truth_of(YES, ruled) == expected


@pytest.mark.parametrize(
    "more",
    [
        {"ruling": "right", "hemorrhage": True},
        {"hemorrhage": False, "subtypes": ["SDH"]},
        {"hemorrhage": True, "subtypes": ["tumor"]},
        {"who": ""},
        {"seen": -1},
    ],
)
def test_an_invalid_ruling_is_refused(more: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ask(**more)


def test_both_figures_are_kept(tmp_path: Path) -> None:
    """The truth of one false alarm is corrected: it becomes a true positive in one figure, and stays in the other."""
    validated = made_validation(CASES)
    before = write_results(tmp_path, validated)
    assert before["adjudicated"] is None
    wrong = next(one for one in CASES if kind_of(one) == "false alarm")
    adjudicate(tmp_path, wrong.scan, ask(hemorrhage=True, subtypes=["SAH"]))
    after = write_results(tmp_path, validated)
    assert after["figures"] == before["figures"]
    assert (after["adjudicated"]["scans"], after["adjudicated"]["changed"]) == (1, [wrong.scan])
    was, now = (
        one["detection"]["calls"]["suspected"]["table"] for one in (before["figures"], after["adjudicated"]["figures"])
    )
    assert now == {**was, "true_positive": was["true_positive"] + 1, "false_positive": was["false_positive"] - 1}
    page = (tmp_path / "report.html").read_text()
    assert "With the truth as adjudicated" in page and "With the truth of the table" in page
    assert "hemorrhage: SAH (Ada, " in page
    assert read_validated(tmp_path) == validated  # with the truth of the table


def test_a_ruling_that_the_table_is_right_changes_no_figure(tmp_path: Path) -> None:
    validated = made_validation(CASES)
    wrong = next(one for one in CASES if kind_of(one) == "missed")
    results = results_of(validated, adjudicate(tmp_path, wrong.scan, ask("right")))
    assert results["adjudicated"]["changed"] == [] and results["adjudicated"]["figures"] == results["figures"]


def test_differences_are_sorted_by_how_far_the_model_is_off() -> None:
    from ichor.validation.adjudication import Adjudications

    found = differences(made_validation(CASES), Adjudications())
    kinds = [one.kind for one in found]
    assert kinds == sorted(kinds, reverse=True) and set(kinds) == {"missed", "false alarm"}
    missed = [one.found.probability for one in found if one.kind == "missed"]
    alarms = [one.found.probability for one in found if one.kind == "false alarm"]
    assert missed == sorted(missed) and alarms == sorted(alarms, reverse=True)
    for one in found:
        assert CASES[one.number] is one.case
        assert (one.found.tier is Tier.SUSPECTED) != one.case.truth.hemorrhage


def test_the_truth_is_described_in_words() -> None:
    assert words_of(YES) == "hemorrhage: SDH" and words_of(Said(hemorrhage=True)) == "hemorrhage"
    assert words_of(Said(hemorrhage=False)) == "no hemorrhage" and words_of(Said(hemorrhage=None)) == "not known"


def test_a_ruling_that_comes_while_the_report_is_written_is_in_the_next_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    validated = made_validation(CASES)
    write_results(tmp_path, validated)
    writing, go_on = threading.Event(), threading.Event()

    def slowly(folder: Path, one: Validated) -> None:
        found = results_of(one, read_adjudications(folder))
        writing.set()
        assert go_on.wait(60)
        (folder / "validation.json").write_text(json.dumps(found))

    monkeypatch.setattr(adjudicating, "write_results", slowly)
    truths = adjudicating.Adjudicating(tmp_path, validated)
    truths.rule(0, ask("right"))
    assert writing.wait(60)
    truths.rule(1, ask("right"))  # the first report has been made without it
    go_on.set()
    truths.close()
    assert json.loads((tmp_path / "validation.json").read_text())["adjudicated"]["scans"] == 2


def test_rulings_that_no_report_has_yet_are_written_at_the_next_start(tmp_path: Path) -> None:
    validated = made_validation(CASES)
    write_results(tmp_path, validated)
    adjudicate(tmp_path, CASES[0].scan, ask("right"))
    adjudicating.Adjudicating(tmp_path, validated).close()
    assert json.loads((tmp_path / "validation.json").read_text())["adjudicated"]["scans"] == 1
    before = (tmp_path / "report.html").stat().st_mtime_ns
    adjudicating.Adjudicating(tmp_path, validated).close()
    assert (tmp_path / "report.html").stat().st_mtime_ns == before
