"""The queue of the node: what it keeps through a restart, and that each revision of a study is analysed once."""

from __future__ import annotations

import os
import signal
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from ichor.errors import OutputFailed, UnreadableInput
from ichor.node.queue import schema
from ichor.node.queue.analyses import MOST_ATTEMPTS, MOST_DEATHS
from ichor.node.queue.database import DATABASE, Database
from ichor.node.queue.queue import Queue
from ichor.node.queue.retries import Retries
from ichor.node.queue.studies import Instance, StudyState

STUDY, OTHER = "a" * 64, "b" * 64
RETRIES = Retries(first_s=0, most_s=0, give_up_s=1000)


def image(number: int = 1, *, study: str = STUDY, content: str = "c") -> Instance:
    return Instance(study, f"{number:024d}{chr(48) * 40}", content * 64, "1.2.840.10008.5.1.4.1.1.2", 100)


def received(queue: Queue, *images: Instance, priority: int = 0) -> None:
    for one in images:
        queue.studies.receive(one, priority)
    queue.studies.complete_quiet(0)


def state(queue: Queue) -> str:
    (one,) = queue.studies.counts()
    return one


@pytest.fixture
def queue(tmp_path: Path) -> Iterator[Queue]:
    with Queue(tmp_path) as opened:
        yield opened


def test_a_study_passes_through_all_states(queue: Queue) -> None:
    queue.studies.receive(image(), 0)
    assert queue.analyses.next() is None and state(queue) == StudyState.RECEIVING
    assert queue.studies.complete_quiet(1000) == [] and queue.studies.complete_quiet(0) == [STUDY]
    analysis = queue.analyses.next()
    assert analysis is not None and state(queue) == StudyState.ANALYSING
    assert (analysis.number, analysis.replaces, analysis.files) == (1, None, (image().file,))
    assert queue.analyses.next() is None
    queue.analyses.done(analysis, "positive", ["pacs", "archive"])
    assert state(queue) == StudyState.DELIVERING and queue.deliveries.due("other") is None
    for destination in ("pacs", "archive"):
        assert state(queue) == StudyState.DELIVERING
        delivery = queue.deliveries.due(destination)
        assert delivery is not None and delivery.name == analysis.name and not delivery.replaces
        queue.deliveries.delivered(delivery)
    assert state(queue) == StudyState.DELIVERED


def test_without_destinations_a_result_is_delivered_at_once(queue: Queue) -> None:
    received(queue, image())
    queue.analyses.done(queue.analyses.next(), "negative", [])  # type: ignore[arg-type]
    assert state(queue) == StudyState.DELIVERED


def test_a_duplicate_changes_nothing(queue: Queue) -> None:
    received(queue, image())
    queue.analyses.done(queue.analyses.next(), "negative", [])  # type: ignore[arg-type]
    assert queue.studies.is_held(image()) and not queue.studies.receive(image(), 0)
    queue.studies.complete_quiet(0)
    assert state(queue) == StudyState.DELIVERED and queue.analyses.next() is None


@pytest.mark.parametrize("late", [image(2), image(1, content="d")], ids=["another image", "changed content"])
def test_a_late_image_leads_to_an_analysis_that_replaces_the_first(queue: Queue, late: Instance) -> None:
    received(queue, image())
    first = queue.analyses.next()
    assert first is not None
    queue.analyses.done(first, "negative", ["pacs"])
    received(queue, late)
    second = queue.analyses.next()
    assert second is not None and (second.number, second.replaces) == (2, 1)
    assert late.file in second.files
    queue.analyses.done(second, "positive", ["pacs"])
    assert [one.state for one in queue.deliveries.listed("pending", "replaced")] == ["replaced", "pending"]
    delivery = queue.deliveries.due("pacs")
    assert delivery is not None and delivery.number == 2 and delivery.replaces


def test_an_image_that_arrives_during_the_analysis_is_analyzed_after_it(queue: Queue) -> None:
    received(queue, image())
    first = queue.analyses.next()
    assert first is not None
    received(queue, image(2))
    assert queue.analyses.next() is None, "two analyses of one study at once"
    queue.analyses.done(first, "negative", ["pacs"])
    assert state(queue) == StudyState.WAITING
    second = queue.analyses.next()
    assert second is not None and second.number == 2
    delivery = queue.deliveries.due("pacs")
    assert delivery is not None and delivery.number == 1, "the first result is not delivered in the meantime"


def test_the_same_image_in_two_studies_is_two_images(queue: Queue) -> None:
    assert queue.studies.receive(image(), 0) and queue.studies.receive(image(study=OTHER), 0)
    assert queue.studies.files() == {STUDY: {image().file}, OTHER: {image().file}}


def test_priority_comes_first_and_then_age(queue: Queue) -> None:
    studies = [digit * 64 for digit in "123"]
    for study, priority in zip(studies, (0, 5, 0), strict=True):
        queue.studies.receive(image(study=study), priority)
    queue.studies.complete_quiet(0)
    order = [queue.analyses.next() for _ in studies]
    assert [one.study[0] for one in order if one is not None] == ["2", "1", "3"]


def test_a_study_whose_process_repeatedly_dies_is_given_up(queue: Queue) -> None:
    received(queue, image())
    for death in range(1, MOST_DEATHS + 1):
        analysis = queue.analyses.next()
        assert analysis is not None and analysis.number == 1
        assert queue.analyses.died(analysis, "it died") == (death < MOST_DEATHS)
    assert state(queue) == StudyState.FAILED
    assert queue.analyses.retry_failed() == 1 and queue.analyses.next() is not None


def test_a_repeatedly_interrupted_study_comes_last(queue: Queue) -> None:
    received(queue, image(), priority=9)
    for _ in range(2):
        queue.analyses.next()
        assert queue.analyses.recover() == 1
    received(queue, image(study=OTHER))
    first = queue.analyses.next()
    assert first is not None and first.study == OTHER


def test_a_study_that_repeatedly_ends_the_node_is_given_up(queue: Queue) -> None:
    received(queue, image())
    for _ in range(MOST_ATTEMPTS):
        assert queue.analyses.next() is not None
        queue.analyses.recover()
    assert queue.analyses.next() is None and state(queue) == StudyState.FAILED


def test_attempts_that_ended_with_the_node_do_not_count_as_deaths_of_the_process(queue: Queue) -> None:
    received(queue, image())
    for _ in range(MOST_DEATHS):
        assert queue.analyses.next() is not None
        queue.analyses.recover()
    analysis = queue.analyses.next()
    assert analysis is not None
    assert queue.analyses.died(analysis, "it died")


def test_a_study_that_had_to_wait_is_not_given_up(queue: Queue) -> None:
    received(queue, image())
    for _ in range(MOST_ATTEMPTS + 1):  # as with a full disk
        analysis = queue.analyses.next()
        assert analysis is not None
        queue.analyses.postpone(analysis)
    assert queue.analyses.next() is not None
    queue.analyses.recover()  # the node restarts
    assert state(queue) == StudyState.WAITING


def test_an_analysis_that_ended_cannot_end_again(queue: Queue) -> None:
    received(queue, image())
    analysis = queue.analyses.next()
    assert analysis is not None
    queue.analyses.done(analysis, "positive", ["pacs"])
    queue.analyses.done(analysis, "positive", ["pacs"])
    queue.analyses.failed(analysis, "late")
    assert len(queue.deliveries.listed("pending")) == 1 and state(queue) == StudyState.DELIVERING


def test_deleted_images_are_needed_again(queue: Queue) -> None:
    received(queue, image(1), image(2))
    queue.analyses.done(queue.analyses.next(), "negative", [])  # type: ignore[arg-type]
    assert queue.studies.deletable(1000) == [] and queue.studies.deletable(0) == [STUDY]
    assert queue.studies.mark_images_deleted(STUDY) and queue.studies.files() == {} and queue.studies.deletable(0) == []
    received(queue, image(3))
    analysis = queue.analyses.next()
    assert analysis is not None and analysis.missing == 2
    assert not queue.analyses.unusable(analysis, "2 images were deleted")
    received(queue, image(1), image(2))
    again = queue.analyses.next()
    assert again is not None and again.missing == 0 and len(again.files) == 3 and again.replaces == 1


def test_the_last_deleted_image_may_arrive_while_its_absence_is_recorded(queue: Queue) -> None:
    received(queue, image(1))
    queue.analyses.done(queue.analyses.next(), "negative", [])  # type: ignore[arg-type]
    assert queue.studies.mark_images_deleted(STUDY)
    received(queue, image(2))
    analysis = queue.analyses.next()
    assert analysis is not None and analysis.missing == 1
    queue.studies.receive(image(1), 0)
    assert queue.analyses.unusable(analysis, "1 image was deleted")
    again = queue.analyses.next()
    assert again is not None and again.missing == 0 and len(again.files) == 2


def test_images_are_not_deleted_while_a_study_is_received(queue: Queue) -> None:
    queue.studies.receive(image(), 0)
    assert not queue.studies.mark_images_deleted(STUDY) and queue.studies.holds(image().key)


def test_a_delivery_is_postponed_given_up_and_retried(queue: Queue) -> None:
    received(queue, image())
    queue.analyses.done(queue.analyses.next(), "negative", ["pacs"])  # type: ignore[arg-type]
    delivery = queue.deliveries.due("pacs")
    assert delivery is not None and queue.deliveries.postpone(delivery, "refused", RETRIES)
    delivery = queue.deliveries.due("pacs")
    assert delivery is not None and (delivery.attempts, delivery.reason) == (1, "refused")
    assert queue.deliveries.postpone(delivery, "refused", Retries(first_s=1000, most_s=1000, give_up_s=1000))
    assert queue.deliveries.due("pacs") is None
    assert not queue.deliveries.postpone(delivery, "refused", Retries(first_s=0, most_s=0, give_up_s=0))
    assert [one.state for one in queue.deliveries.listed("dead")] == ["dead"] and state(queue) == StudyState.UNDELIVERED
    assert queue.deliveries.retry(99) == 0 and queue.deliveries.retry() == 1
    assert queue.deliveries.due("pacs") is not None and state(queue) == StudyState.DELIVERING


def test_deliveries_to_removed_destinations_are_given_up(queue: Queue) -> None:
    received(queue, image())
    queue.analyses.done(queue.analyses.next(), "negative", ["pacs", "old"])  # type: ignore[arg-type]
    assert queue.deliveries.give_up_unconfigured(["pacs"]) == 1
    assert [one.destination for one in queue.deliveries.listed("dead")] == ["old"]


def test_the_time_between_attempts_doubles_up_to_a_bound() -> None:
    retries = Retries(first_s=10, most_s=100, give_up_s=0)
    assert [retries.wait_s(n) for n in (1, 2, 3, 4, 5, 999)] == [10, 20, 40, 80, 100, 100]


def test_a_commitment_waits_for_its_answer(queue: Queue) -> None:
    assert queue.commitments.due() is None
    queue.commitments.receive("CT", "1.2.3", [("1.2", "3.4")])
    asked = queue.commitments.due()
    assert asked is not None and asked.references == (("1.2", "3.4"),)
    assert queue.commitments.postpone(asked, RETRIES)
    queue.commitments.answered(asked)
    assert queue.commitments.due() is None
    queue.commitments.receive("CT", "1.2.3", [("1.2", "3.4")])
    asked = queue.commitments.due()
    assert asked is not None and not queue.commitments.postpone(asked, Retries(0, 0, 0))
    assert queue.commitments.due() is None


def test_the_queue_is_its_owners_and_synced(tmp_path: Path) -> None:
    with Queue(tmp_path) as queue:
        received(queue, image())
        assert {stat.S_IMODE(one.stat().st_mode) for one in tmp_path.iterdir()} == {0o600}
    with closing(Database(tmp_path)) as database:
        (mode,), (synchronous,) = (
            tuple(database.rows(f"PRAGMA {name}")[0]) for name in ("journal_mode", "synchronous")
        )
    assert (mode, synchronous) == ("wal", 2)


KILLED = """
import os, sys
from pathlib import Path
from ichor.node.queue.queue import Queue
from ichor.node.queue.studies import Instance
queue = Queue(Path(sys.argv[1]))
for number in range(10**6):
    queue.studies.receive(Instance("a" * 64, f"{number:024d}{chr(48) * 40}", "c" * 64, "1.2", 1), 0)
    print(number, flush=True)
"""


def test_acknowledged_changes_survive_a_kill(tmp_path: Path) -> None:
    command = [sys.executable, "-c", KILLED, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if int(line) >= 50:
                os.kill(process.pid, signal.SIGKILL)
                break
        said = 50 + len(process.stdout.read().split())
    with Queue(tmp_path) as queue:
        assert len(queue.studies.files()["a" * 64]) >= said


def test_a_transaction_is_all_or_nothing(tmp_path: Path) -> None:
    with closing(Database(tmp_path)) as database:
        with pytest.raises(RuntimeError), database.transaction():
            database.write(
                "INSERT INTO commitment (sender, transaction_uid, request, state, since, next_at) "
                "VALUES ('', '', '', 'pending', 0, 0)"
            )
            raise RuntimeError
        assert database.rows("SELECT * FROM commitment") == []


def test_another_database_is_refused(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / DATABASE)) as other:
        other.execute("CREATE TABLE it (a)")
    with pytest.raises(UnreadableInput, match="expected the queue of a node, found another database"):
        Database(tmp_path)


def test_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / DATABASE).write_bytes(b"not a database, but long enough to be looked at" * 40)
    with pytest.raises(UnreadableInput, match="expected the queue of a node, found file is not a database"):
        Database(tmp_path)


def test_a_newer_queue_is_refused_and_stays_as_it_is(tmp_path: Path) -> None:
    Database(tmp_path).close()
    newer = len(schema.MIGRATIONS) + 1
    with closing(sqlite3.connect(tmp_path / DATABASE)) as other:
        other.execute(f"PRAGMA user_version = {newer}")
    with pytest.raises(UnreadableInput, match=f"found version {newer}; run the node with a newer Ichor"):
        Database(tmp_path)


def test_an_upgrade_keeps_the_queue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Queue(tmp_path) as queue:
        received(queue, image())
    added = ("ALTER TABLE study ADD COLUMN note TEXT NOT NULL DEFAULT 'none'",)
    monkeypatch.setattr("ichor.node.queue.database.MIGRATIONS", (*schema.MIGRATIONS, added))
    with closing(Database(tmp_path)) as database:
        assert [tuple(one) for one in database.rows("SELECT key, note FROM study")] == [(STUDY, "none")]
    with Queue(tmp_path) as queue:
        assert queue.analyses.next() is not None


def test_a_folder_that_cannot_be_written_is_reported(tmp_path: Path) -> None:
    with pytest.raises(OutputFailed, match="could not be written"):
        Database(tmp_path / "gone")


def alerted(queue: Queue, alerts: list[str], *, new_image: int) -> None:
    """Another result of the study, above the threshold of these alerts."""
    received(queue, image(new_image))
    queue.analyses.done(queue.analyses.next(), "suspected", ["pacs"], alerts)  # type: ignore[arg-type]


def sent(queue: Queue, destination: str) -> bool:
    """Send what is due; returns whether anything was."""
    delivery = queue.deliveries.due(destination)
    if delivery is not None:
        queue.deliveries.delivered(delivery)
    return delivery is not None


def test_a_study_alerts_once_and_is_delivered_each_time(queue: Queue) -> None:
    alerted(queue, ["duty"], new_image=1)
    assert sent(queue, "duty") and sent(queue, "pacs") and state(queue) == StudyState.DELIVERED
    alerted(queue, ["duty"], new_image=2)
    assert not sent(queue, "duty") and sent(queue, "pacs") and state(queue) == StudyState.DELIVERED


def test_a_later_result_alerts_if_the_study_has_not(queue: Queue) -> None:
    alerted(queue, [], new_image=1)
    assert not sent(queue, "duty")
    alerted(queue, ["duty"], new_image=2)
    assert sent(queue, "duty") and not sent(queue, "duty")


def test_an_alert_that_was_not_sent_is_that_of_the_latest_result_or_none(queue: Queue) -> None:
    alerted(queue, ["duty", "mail"], new_image=1)
    first = queue.deliveries.due("duty")
    alerted(queue, ["duty"], new_image=2)
    second = queue.deliveries.due("duty")
    assert first is not None and second is not None and (first.number, second.number) == (1, 2)
    assert queue.deliveries.due("mail") is None, "the latest result is below this alert's threshold"


def test_an_alert_that_was_replaced_while_it_was_sent_is_not_sent_again(queue: Queue) -> None:
    alerted(queue, ["duty"], new_image=1)
    sending = queue.deliveries.due("duty")
    assert sending is not None
    alerted(queue, ["duty"], new_image=2)
    queue.deliveries.delivered(sending)
    assert queue.deliveries.due("duty") is None
    assert sent(queue, "pacs") and state(queue) == StudyState.DELIVERED
    alerted(queue, ["duty"], new_image=3)
    assert queue.deliveries.due("duty") is None


def test_a_result_that_was_replaced_while_it_was_sent_leaves_the_study_undelivered(queue: Queue) -> None:
    received(queue, image())
    queue.analyses.done(queue.analyses.next(), "negative", ["pacs"])  # type: ignore[arg-type]
    sending = queue.deliveries.due("pacs")
    assert sending is not None
    received(queue, image(2))
    queue.analyses.done(queue.analyses.next(), "negative", ["pacs"])  # type: ignore[arg-type]
    queue.deliveries.delivered(sending)
    assert state(queue) == StudyState.DELIVERING
    assert sent(queue, "pacs") and state(queue) == StudyState.DELIVERED


def test_an_alert_that_was_given_up_is_retried(queue: Queue) -> None:
    alerted(queue, ["duty"], new_image=1)
    delivery = queue.deliveries.due("duty")
    assert delivery is not None and not queue.deliveries.postpone(delivery, "refused", Retries(0, 0, 0))
    assert sent(queue, "pacs") and state(queue) == StudyState.UNDELIVERED
    assert queue.deliveries.retry() == 1 and sent(queue, "duty") and state(queue) == StudyState.DELIVERED


def test_an_upgrade_from_before_alerts_keeps_deliveries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ichor.node.queue.database.MIGRATIONS", schema.MIGRATIONS[:1])
    with closing(Database(tmp_path)) as database:
        database.write(
            "INSERT INTO study (id, key, state, priority, revision, first_at, last_at, changed_at) "
            "VALUES (1, ?, 'delivering', 0, 1, 1, 1, 1)",
            (STUDY,),
        )
        database.write(
            "INSERT INTO analysis (id, study_id, number, revision, state, started_at, verdict) "
            "VALUES (1, 1, 1, 1, 'done', 1, 'suspected')"
        )
        database.write(
            "INSERT INTO delivery (analysis_id, destination, state, since, next_at) VALUES (1, 'pacs', 'pending', 1, 1)"
        )
    monkeypatch.undo()
    with Queue(tmp_path) as queue:
        delivery = queue.deliveries.due("pacs")
        assert delivery is not None and not delivery.once
        assert sent(queue, "pacs") and state(queue) == StudyState.DELIVERED
        alerted(queue, ["duty"], new_image=7)
        assert sent(queue, "duty") and queue.scores.since(0, "any") == ([], 1)
