"""More than two readers: assignment, a third reading in the consensus, an adjudicator, and projects from before."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from annotated import PORT, SCANS, Browser, drawn, served
from ichor.annotate.consensus import combine
from ichor.annotate.project import NotInProject, Project, open_project
from ichor.annotate.project.assignments import HasBegun, distribute
from ichor.annotate.project.people import People, Role
from ichor.annotate.project.records import CONSENSUS, Labels, State
from ichor.annotate.project.rules import may_see, why_not_change, why_not_set
from ichor.annotate.project.runs import decode
from ichor.annotate.server.app import create_app
from ichor.annotate.server.context import Context
from ichor.serving.access import Access
from ichor.serving.accounts import Accounts
from ichor.serving.address import loopback
from ichor.serving.session import Sessions
from ichor.subtypes import Subtype
from paths import EARLIER_VERSION
from synthetic_scans import synthetic_head

READERS = ("ann", "bea", "cia")
ONE = f"{SCANS}/1"


@contextmanager
def with_roles(folder: Path, **roles: str) -> Iterator[tuple[Project, dict[str, Browser]]]:
    """A project of two scans of 4 slices, three readers, and accounts of these roles; a browser for each."""
    access = Access()
    accounts = Accounts(access)
    for name, role in roles.items():
        accounts.add(name, role, "a password long enough")
    with open_project(folder, create=True) as project:
        for number in (1, 2):
            project.add_scan(synthetic_head(n=4, size=32), f"{number:03}", f"scan {number}")
        for reader in READERS:
            project.add_reader(reader)
        context = Context.of(project, Sessions(PORT, "", access), accounts)
        app = create_app(context, loopback(PORT))
        try:
            yield project, {name: Browser(app, context, name) for name in (*READERS, *roles)}
        finally:
            context.close()


def finish(browser: Browser, *labels: int, at: int = 5) -> None:
    browser.put(f"{ONE}/layers/mine/slices/1", {"base_revision": 0, "runs": drawn(*labels, at=at)})
    browser.set("done")


class TestAssignment:
    def test_a_reader_lists_and_reads_what_is_assigned_and_everything_where_nothing_is(self, tmp_path: Path) -> None:
        with with_roles(tmp_path) as (project, of):
            assert [one["id"] for one in of["cia"].get(SCANS)] == [1, 2]
            project.assign(1, ["ann", "bea"], by="ann")
            assert [one["id"] for one in of["cia"].get(SCANS)] == [2]
            assert [one["id"] for one in of["ann"].get(SCANS)] == [1, 2]
            (row, _) = of["ann"].get(SCANS)
            assert [one["name"] for one in row["readers"]] == ["ann", "bea"]
            refused = of["cia"].draw("mine", 0, 1, status=403)
            assert refused["error"] == "this scan is not assigned to you"
            of["cia"].say("mine", 0, {"note": "x"}, status=403)
            of["cia"].set("in progress", status=403)
            assert not of["cia"].get(f"{ONE}/layers/mine")["writable"]
            assert project.history(1) == []
            of["ann"].draw("mine", 0, 1)
            project.assign(1, [], by="ann")
            of["cia"].draw("mine", 0, 1)

    def test_a_scan_is_done_when_its_own_readers_are(self, tmp_path: Path) -> None:
        with with_roles(tmp_path) as (project, of):
            project.assign(1, ["ann"], by="ann")
            finish(of["ann"], 1)
            (row, _) = of["ann"].get(SCANS)
            assert row["state"] == "done"
            assert project.final_layer(1) == "ann"

    def test_a_started_reading_is_not_taken_away(self, tmp_path: Path) -> None:
        with with_roles(tmp_path) as (project, of):
            of["ann"].draw("mine", 0, 1)
            with pytest.raises(HasBegun, match="expected ann among the readers"):
                project.assign(1, ["bea"], by="dora")
            assert project.assigned() == {}
            project.assign(1, ["ann", "bea"], by="dora")
            with pytest.raises(HasBegun):
                project.assign(1, ["bea"], by="dora")
            project.assign(1, ["ann"], by="dora")
            assert project.assigned() == {1: ["ann"]}
            for wrong in (["zoe"], [CONSENSUS + "x"]):
                with pytest.raises(NotInProject):
                    project.assign(1, wrong, by="dora")

    def test_it_outlasts_closing(self, tmp_path: Path) -> None:
        with with_roles(tmp_path) as (project, _):
            project.assign(2, ["bea", "cia"], by="dora")
        with open_project(tmp_path) as project:
            assert project.assigned() == {2: ["bea", "cia"]}
            assert list(project.states()[2]) == ["bea", "cia", CONSENSUS]

    def test_scans_are_distributed_evenly(self) -> None:
        shared = distribute(range(1, 7), READERS, 2, {"ann": 2})
        assert all(len(names) == 2 for names in shared.values())
        counts = {name: sum(name in one for one in shared.values()) + 2 * (name == "ann") for name in READERS}
        assert max(counts.values()) - min(counts.values()) <= 1
        for each in (0, 4):
            with pytest.raises(ValueError, match="expected 1 to 3 readers"):
                distribute([1], READERS, each, {})


class TestThirdReading:
    def test_every_way_counts_it(self, tmp_path: Path) -> None:
        with with_roles(tmp_path) as (project, of):
            finish(of["ann"], 5, at=5)
            finish(of["bea"], 5, at=5)
            found = of["ann"].get(f"{ONE}/consensus")
            assert (found["readers"], found["unfinished"]) == (["ann", "bea"], ["cia"])
            finish(of["cia"], 5, at=7)
            maps = [project.label_map(1, name) for name in READERS]
            for choice in ("union", "intersection", "majority", "staple"):
                layer = of["cia"].take(choice)
                taken = decode(layer["slices"]["1"]["runs"], 32, 32)
                np.testing.assert_array_equal(project.label_map(1, CONSENSUS), combine(choice, maps))
                assert taken.any()
            assert (of["ann"].take("majority")["labels"]["slices"]["1"]["subtypes"]) == ["SDH"]
            np.testing.assert_array_equal(project.label_map(1, CONSENSUS), maps[0])
            of["ann"].take("cia")
            np.testing.assert_array_equal(project.label_map(1, CONSENSUS), maps[2])

    def test_the_agreement_of_any_two_of_them(self, tmp_path: Path) -> None:
        with with_roles(tmp_path) as (_, of):
            for name, at in (("ann", 5), ("bea", 5), ("cia", 7)):
                finish(of[name], 5, at=at)
            assert of["ann"].get(f"{ONE}/consensus")["agreement"]["dice"] == 1
            assert of["ann"].get(f"{ONE}/consensus?of=cia&of=ann")["agreement"]["dice"] == 0.5
            for wrong in ("of=ann", "of=ann&of=ann", "of=ann&of=zoe", "of=ann&of=bea&of=cia", f"of=ann&of={CONSENSUS}"):
                of["ann"].get(f"{ONE}/consensus?{wrong}", 422)

    def test_labels_of_a_majority(self, tmp_path: Path) -> None:
        with with_roles(tmp_path) as (_, of):
            for name, subtypes in (("ann", ["SAH"]), ("bea", ["SAH", "IVH"]), ("cia", [])):
                of[name].say("mine", 2, {"subtypes": subtypes, "fracture": name != "cia", "note": name})
                of[name].set("done")
            for choice, subtypes, fracture in (("majority", ["SAH"], True), ("union", [], False)):
                labels = of["ann"].take(choice)["labels"]["slices"].get("2", {"subtypes": [], "fracture": False})
                assert (labels["subtypes"], labels["fracture"]) == (subtypes, fracture)

    def test_a_third_reader_stays_blinded_until_done(self, tmp_path: Path) -> None:
        with with_roles(tmp_path) as (_, of):
            finish(of["ann"], 1)
            finish(of["bea"], 2)
            for layer in ("ann", "bea", CONSENSUS):
                of["cia"].get(f"{ONE}/layers/{layer}", 403)
            assert of["cia"].get(f"{ONE}/history") == []
            (row, _) = of["cia"].get(SCANS)
            assert row["state"] == "in progress"


def states(**of: State) -> dict[str, State]:
    return {"ann": "new", "bea": "new", CONSENSUS: "new", **of}


class TestRoles:
    people = People({"carl": Role.ADJUDICATOR, "dora": Role.ADMIN, "ann": Role.READER})

    def test_an_adjudicator_sees_finished_readings_and_settles_when_two_are(self) -> None:
        for now, layers in (
            (states(), set()),
            (states(ann="done", bea="in progress"), {"ann"}),
            (states(ann="done", bea="done"), {"ann", "bea", CONSENSUS}),
        ):
            seen = {one for one in ("ann", "bea", CONSENSUS, "carl") if may_see("carl", one, now, self.people)}
            assert seen == layers
            settles = why_not_change("carl", CONSENSUS, now, self.people) is None
            assert settles == (CONSENSUS in layers) == (why_not_set("carl", CONSENSUS, now, self.people) is None)
            assert why_not_change("carl", "ann", now, self.people) and why_not_set("carl", "ann", now, self.people)

    def test_where_there_is_one_readers_do_not_settle(self) -> None:
        now = states(ann="done", bea="done")
        assert may_see("ann", CONSENSUS, now, self.people)
        line = "an adjudicator settles the consensus of this project"
        assert why_not_change("ann", CONSENSUS, now, self.people) == line
        assert why_not_set("ann", CONSENSUS, now, self.people) == line
        assert why_not_change("ann", CONSENSUS, now) is None

    def test_an_admin_sees_and_changes_no_layer(self) -> None:
        now = states(ann="done", bea="done")
        for layer in ("ann", "bea", CONSENSUS, "dora"):
            assert not may_see("dora", layer, now, self.people)
            assert why_not_change("dora", layer, now, self.people) is not None

    def test_who_manages_and_who_sees_the_project(self) -> None:
        network = People(self.people.roles, on_loopback=False)
        assert [self.people.manages(name) for name in ("ann", "carl", "dora")] == [False, False, True]
        assert [network.sees_project(name) for name in ("ann", "carl", "dora")] == [False, True, True]
        assert People().manages("ann") and People().sees_project("ann")
        assert not People(on_loopback=False).manages("ann")

    def test_the_server_keeps_to_them(self, tmp_path: Path) -> None:
        with with_roles(tmp_path, carl="adjudicator", dora="admin") as (project, of):
            carl, dora, ann = of["carl"], of["dora"], of["ann"]
            assert (carl.get("/api/me")["role"], dora.get("/api/me")["role"]) == ("adjudicator", "admin")
            assert project.readers() == list(READERS)
            carl.get(f"{ONE}/layers/mine", 403)
            carl.draw("mine", 0, 1, status=403)
            finish(ann, 5)
            carl.get(f"{ONE}/layers/ann")
            carl.get(f"{ONE}/layers/bea", 403)
            carl.draw("ann", 0, 1, status=403)
            carl.get(f"{ONE}/layers/carl", 403)
            carl.draw("carl", 0, 1, status=403)
            finish(of["bea"], 2)
            ann.take("union", status=403)
            ann.draw(CONSENSUS, 0, 1, status=403)
            carl.take("ann")
            carl.draw("mine", 0, 1, base=1)
            carl.post(f"{ONE}/seconds", {"seconds": 5})
            carl.look(*range(4))
            carl.set("done")
            assert project.state(1, CONSENSUS) == "done" and project.final_layer(1) == CONSENSUS
            assert project.seconds(1, CONSENSUS) == 6.5
            assert {one.who for one in project.history(1) if one.layer == CONSENSUS} == {"carl"}
            (row, _) = carl.get(SCANS)
            assert row["mine"]["state"] == "done" and row["mine"]["slices_drawn"] == 2
            for path in (ONE, f"{ONE}/voxels?k=0", f"{ONE}/layers/ann", f"{ONE}/history", f"{ONE}/consensus"):
                dora.get(path, 403)
            dora.draw("mine", 0, 1, status=403)
            dora.put(f"{ONE}/person", {"age": 4}, 403)
            assert len(dora.get(SCANS)) == 2


class TestFromBefore:
    """Projects of earlier versions are migrated and lose nothing."""

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        folder = tmp_path / "study"
        shutil.copytree(EARLIER_VERSION / "project", folder)
        return folder

    def test_all_scans_are_read_by_all_and_nothing_is_lost(self, folder: Path) -> None:
        import sqlite3

        with sqlite3.connect(folder / "project.sqlite") as before:
            rows = before.execute(
                "SELECT id, at, who, scan_id, layer, slice, kind, revision, payload FROM change"
            ).fetchall()
            assert before.execute("PRAGMA user_version").fetchone()[0] < 6
        before.close()
        with open_project(folder) as project:
            assert project.assigned() == {}
            scans = [one.id for one in project.scans()]
            kept = [change for scan_id in scans for change in project.history(scan_id)]
            assert sorted((one.id, one.at, one.who, one.payload) for one in kept) == sorted(
                (row[0], row[1], row[2], row[8]) for row in rows
            )
            assert all(list(project.states()[scan_id]) == ["ann", "bea", CONSENSUS] for scan_id in scans)
            project.add_reader("cia")
            project.put_labels(scans[0], "cia", 0, Labels(subtypes=(Subtype.SAH,)), by="cia")
            project.assign(scans[0], ["ann", "bea", "cia"], by="cia")
        with open_project(folder) as project:
            assert project.assigned() == {scans[0]: ["ann", "bea", "cia"]}

    def test_a_reader_with_a_reserved_name_can_continue(self, folder: Path) -> None:
        import sqlite3

        with open_project(folder) as project:
            pass
        with sqlite3.connect(folder / "project.sqlite") as database:
            database.execute("INSERT INTO reader VALUES ('majority', '2020-01-01')")
        database.close()
        with open_project(folder) as project:
            assert project.add_reader("majority") == "majority"


def test_two_readers_get_the_same_choices_as_before(tmp_path: Path) -> None:
    with served(tmp_path) as (_, (ann, bea)):
        for one in (ann, bea):
            one.draw("mine", 1, 5)
            one.set("done")
        found = ann.get(f"{ONE}/consensus")
        assert (found["readers"], found["unfinished"]) == (["ann", "bea"], [])
