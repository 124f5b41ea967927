"""What the retention rule deletes, and above all what it does not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from ichor.node.config import Retention
from ichor.node.intake import Intake
from ichor.node.keeping import Keeping
from ichor.node.queue.analysis import Analysis
from ichor.node.queue.queue import Queue
from ichor.node.queue.retries import Retries
from ichor.node.store import Store
from node_parts import Pacs, RunningNode, as_bytes, send, small_study, to_pacs
from signals import until
from synthetic_dicom import ct_slices

AT_ONCE = {"keep_images_h": 0, "keep_results_h": 0}
NO_RETRY = Retries(first_s=0, most_s=0, give_up_s=0)


@dataclass
class Kept:
    """A node's folder without a node, in which a test says what happens."""

    folder: Path
    queue: Queue
    store: Store

    def study(self, uid: str) -> Analysis:
        """A study that was received and is being analysed; its result is written."""
        intake = Intake(self.store, self.queue, 2**30)
        for one in ct_slices(study_uid=uid)[:2]:
            intake.take(as_bytes(one))
        self.queue.studies.complete_quiet(0)
        analysis = self.queue.analyses.next()
        assert analysis is not None
        (self.folder / "results" / analysis.name).mkdir(parents=True)
        (self.folder / "results" / analysis.name / "findings.json").write_text("{}")
        return analysis

    def delete(self, **retention: Any) -> None:
        """What the node does from time to time."""
        keeping = Keeping(self.folder, self.folder / "results", self.store, self.queue)
        keeping.delete_old(Retention(**(retention or AT_ONCE)))

    def results(self) -> set[str]:
        """The names of the results that are there."""
        return {one.name for one in (self.folder / "results").iterdir()}


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Kept]:
    with Queue(tmp_path) as queue:
        yield Kept(tmp_path, queue, Store(tmp_path / "images"))


def test_a_delivered_study_is_forgotten_with_its_result(kept: Kept) -> None:
    kept.queue.analyses.done(kept.study("1.2.1"), "negative", [])
    kept.delete()
    assert kept.results() == set() and kept.queue.studies.counts() == {} and kept.queue.studies.files() == {}
    again = kept.study("1.2.1")
    assert (again.number, again.replaces) == (1, None)


def test_by_default_nothing_is_forgotten(kept: Kept) -> None:
    analysis = kept.study("1.2.1")
    kept.queue.analyses.done(analysis, "negative", [])
    kept.delete(keep_images_h=0)
    assert Retention().keep_results_h is None
    assert kept.results() == {analysis.name} and kept.queue.studies.counts() == {"delivered": 1}


def test_what_is_not_delivered_stays(kept: Kept) -> None:
    pending, dead, failed, received = (kept.study(f"1.2.{number}") for number in range(4))
    for one in (pending, dead):
        kept.queue.analyses.done(one, "positive", ["pacs"])
    until_dead = [kept.queue.deliveries.due("pacs"), kept.queue.deliveries.due("pacs")]
    assert until_dead[0] is not None
    (given_up,) = [one for one in kept.queue.deliveries.listed("pending") if one.study == dead.study]
    kept.queue.deliveries.postpone(given_up, "down", NO_RETRY)
    kept.queue.analyses.failed(failed, "crashed")
    kept.queue.analyses.postpone(received)
    kept.delete()
    assert kept.queue.studies.counts() == {"delivering": 1, "undelivered": 1, "failed": 1, "waiting": 1}
    assert kept.results() == {one.name for one in (pending, dead, failed, received)}


def test_a_study_with_one_destination_given_up_stays_whatever_the_others_have(kept: Kept) -> None:
    analysis = kept.study("1.2.1")
    kept.queue.analyses.done(analysis, "positive", ["pacs", "archive"])
    first, second = (kept.queue.deliveries.due(name) for name in ("pacs", "archive"))
    assert first is not None and second is not None
    kept.queue.deliveries.delivered(first)
    kept.queue.deliveries.postpone(second, "down", NO_RETRY)
    kept.delete()
    assert kept.results() == {analysis.name}
    kept.queue.deliveries.retry()
    again = kept.queue.deliveries.due("archive")
    assert again is not None
    kept.queue.deliveries.delivered(again)
    kept.delete()
    assert kept.results() == set() and kept.queue.deliveries.listed("pending", "delivered", "dead") == []


def test_results_that_were_replaced_go_with_the_study(kept: Kept) -> None:
    first = kept.study("1.2.1")
    kept.queue.analyses.done(first, "negative", ["pacs"])
    second = kept.study("1.2.1")
    assert second.replaces == first.number
    kept.queue.analyses.done(second, "positive", ["pacs"])
    kept.delete()
    assert kept.results() == {first.name, second.name}
    delivery = kept.queue.deliveries.due("pacs")
    assert delivery is not None
    kept.queue.deliveries.delivered(delivery)
    kept.delete()
    assert kept.results() == set() and kept.queue.studies.counts() == {}


def test_a_study_is_kept_as_long_as_the_configuration_says(kept: Kept) -> None:
    kept.queue.analyses.done(kept.study("1.2.1"), "negative", [])
    kept.delete(keep_images_h=0, keep_results_h=1)
    assert kept.queue.studies.counts() == {"delivered": 1} and len(kept.results()) == 1


def test_requests_of_storage_commitment_are_forgotten_when_answered(kept: Kept) -> None:
    kept.queue.commitments.receive("SCANNER", "1.2.3", [("1.2", "1.2.3.4")])
    kept.queue.finished.delete_commitments(0)
    asked = kept.queue.commitments.due()
    assert asked is not None
    kept.queue.commitments.answered(asked)
    kept.queue.finished.delete_commitments(3600)
    kept.queue.finished.delete_commitments(0)
    kept.queue.commitments.receive("SCANNER", "1.2.3", [("1.2", "1.2.3.4")])
    again = kept.queue.commitments.due()
    assert again is not None and again.attempts == 0


@pytest.mark.parametrize("retention", [{"keep_images_h": None, "keep_results_h": 1}, {"keep_results_h": 23}])
def test_results_go_after_their_images(retention: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="expected keep_results_h to be at least keep_images_h"):
        Retention(**retention)


@pytest.mark.long
def test_a_node_forgets_what_is_delivered_and_analyses_it_again_when_it_comes_again(tmp_path: Path) -> None:
    study = small_study()
    with Pacs() as pacs, RunningNode(tmp_path / "node", destinations=to_pacs(pacs), retention=AT_ONCE) as node:
        for times in (1, 2):
            assert send(node.port, study) == [0] * len(study)
            until(lambda n=times: pacs.n_received == n and node.counts() == {})  # type: ignore[misc]
            assert list((node.folder / "results").iterdir()) == list((node.folder / "images").iterdir()) == []
        assert json.dumps(node.log.read_text()).count("deleted, with its results") == 2
