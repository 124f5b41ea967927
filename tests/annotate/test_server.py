"""The server as the page meets it: one reader's way, two tabs, two readers, blinding and consensus."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from annotated import SCANS, SIZE, Browser, drawn, served
from ichor.annotate.project import CONSENSUS, Project
from ichor.annotate.project.runs import decode, encode
from ichor.orientation import to_radiological
from ichor.scan import Scan
from ichor.windows import BRAIN
from synthetic_scans import FEET_FIRST, PRONE, SUPINE, TRANSPOSED, synthetic_head

ONE = f"{SCANS}/1"


@pytest.fixture
def both(tmp_path: Path) -> Iterator[tuple[Browser, Browser]]:
    with served(tmp_path) as (_, (ann, bea)):
        yield ann, bea


@pytest.fixture
def ann(both: tuple[Browser, Browser]) -> Browser:
    return both[0]


class TestReading:
    def test_who_is_reading_and_with_what(self, ann: Browser) -> None:
        me = ann.get("/api/me")
        assert me["reader"] == "ann"
        assert [(one["label"], one["name"]) for one in me["subtypes"]] == list(
            enumerate(["IVH", "IPH", "SAH", "EDH", "SDH", "ICH"], 1)
        )
        assert len({one["colour"] for one in me["subtypes"]}) == 6
        assert [(one["key"], one["name"]) for one in me["windows"]] == [
            ("1", "brain"),
            ("2", "bone"),
            ("3", "subdural"),
            ("4", "stroke"),
        ]

    def test_a_scan(self, ann: Browser) -> None:
        found = ann.get(ONE)
        assert found["shape"] == [4, SIZE, SIZE]
        assert found["spacing_mm"] == pytest.approx([1.6, 1.6, 10])
        assert (found["gray_window"], found["previous"]) == (None, [])

    def test_a_browser_knows_a_scan_by_a_key_of_its_reader(self, both: tuple[Browser, Browser]) -> None:
        keys = [one.get(ONE)["key"] for one in (*both, *both)]
        assert keys[:2] == keys[2:] and keys[0] != keys[1] and len(keys[0]) == 16

    def test_regions_and_labels_survive_a_reload(self, ann: Browser) -> None:
        answer = ann.draw("mine", 2, 5)
        assert answer["revision"] == 1
        assert answer["labels"]["subtypes"] == answer["labels"]["implied"] == ["SDH"]
        assert answer["scan_labels"]["subtypes"] == ["SDH"]
        said = ann.say("mine", 2, {**answer["labels"], "note": "thin", "quality": ["motion"]})
        assert said["revision"] == said["labels"]["revision"] == 1
        ann.say("mine", "scan", {**said["scan_labels"], "fracture": True})
        found = ann.get(f"{ONE}/layers/mine")
        assert found["slices"] == {"2": {"revision": 1, "runs": drawn(5), "origins": {"5": "drawn"}}}
        assert found["revision_of"] == {"2": 1}
        assert found["labels"]["slices"]["2"] | {"revision": 0} == said["labels"] | {"revision": 0}
        assert found["labels"]["slices"]["2"]["note"] == "thin"
        assert found["labels"]["scan"]["fracture"]
        assert (found["state"], found["seconds"], found["writable"]) == ("in progress", 1.5, True)

    def test_a_layer_has_its_readers_name_too(self, ann: Browser) -> None:
        ann.draw("ann", 0, 1)
        assert ann.get(f"{ONE}/layers/ann") == ann.get(f"{ONE}/layers/mine")

    def test_an_ai_outline_stays_marked(self, ann: Browser) -> None:
        ann.draw("mine", 0, 6, origins={6: "ai"})
        assert ann.get(f"{ONE}/layers/mine")["slices"]["0"]["origins"] == {"6": "ai"}
        ann.draw("mine", 0, 6, 2, base=1, origins={6: "ai edited"})
        assert ann.get(f"{ONE}/layers/mine")["slices"]["0"]["origins"] == {"2": "drawn", "6": "ai edited"}

    def test_time_adds_up_from_the_page_that_is_left_too(self, ann: Browser) -> None:
        ann.draw("mine", 0, 1)
        ann.post(f"{ONE}/seconds", {"seconds": 2})
        left = ann.client.post(
            f"{ONE}/seconds", content='{"seconds": 4, "layer": "ann"}', headers={"content-type": "text/plain"}
        )
        assert left.json() == {"seconds": 7.5}
        (row,) = ann.get(SCANS)
        assert row["mine"] == {"state": "in progress", "seconds": 7.5, "slices_drawn": 1}

    def test_the_person(self, ann: Browser) -> None:
        person = {"age": 61.5, "sex": "F", "condition": "fall", "note": ""}
        assert ann.put(f"{ONE}/person", person) == person
        assert ann.get(ONE)["person"] == person
        empty = ann.put(f"{ONE}/person", {"age": None, "sex": None, "condition": None, "note": None})
        assert empty == {"age": None, "sex": None, "condition": "", "note": ""}

    def test_the_history_in_words_newest_first(self, ann: Browser) -> None:
        ann.draw("mine", 2, 5, 2)
        ann.draw("mine", 2, base=1)
        ann.say("mine", "scan", {"no_hemorrhage": True, "note": "x"})
        ann.set("done")
        rows = ann.get(f"{ONE}/history")
        assert [(one["slice"], one["text"]) for one in rows] == [
            (None, "set to done"),
            (None, "labeled no hemorrhage, a note"),
            (2, "erased all"),
            (None, "set to in progress"),
            (2, "drew IPH, SDH"),
        ]
        assert {(one["who"], one["layer"]) for one in rows} == {("ann", "ann")}


class TestTwoTabs:
    def test_a_stale_slice_gets_the_newer_one(self, ann: Browser) -> None:
        ann.draw("mine", 1, 5)
        stale = ann.draw("mine", 1, 2, status=409)
        assert (stale["revision"], stale["runs"]) == (1, drawn(5))
        assert ann.draw("mine", 1, 2, base=stale["revision"])["revision"] == 2

    def test_stale_labels_get_the_newer_ones(self, ann: Browser) -> None:
        ann.say("mine", "scan", {"note": "first"})
        stale = ann.say("mine", "scan", {"note": "second"}, status=409)
        assert (stale["revision"], stale["labels"]["note"]) == (1, "first")

    def test_a_revision_from_the_future_is_stale_too(self, ann: Browser) -> None:
        stale = ann.draw("mine", 1, 2, base=7, status=409)
        assert (stale["revision"], stale["runs"]) == (0, [0, SIZE * SIZE])


class TestBlinding:
    def test_nothing_of_another_reader_is_seen_until_both_are_done(self, both: tuple[Browser, Browser]) -> None:
        ann, bea = both
        bea.draw("mine", 1, 5)
        bea.say("mine", 1, {"note": "a secret"})
        bea.set("done")
        for step in ("new", "in progress"):
            for path in ("layers/bea", "layers/consensus", "consensus"):
                ann.get(f"{ONE}/{path}", 403)
            assert ann.get(f"{ONE}/history") == [] or step == "in progress"
            seen = [ann.get(path) for path in (SCANS, ONE, f"{ONE}/history", f"{ONE}/layers/mine")]
            assert "secret" not in str(seen) and "SDH" not in str(seen)
            assert all(row["who"] != "bea" for row in seen[2])
            (row,) = seen[0]
            assert (row["state"], row["open_consensus"], row["mine"]["slices_drawn"]) == (
                "in progress",
                False,
                step != "new",
            )
            ann.draw("mine", 3, 2, base=0) if step == "new" else None
        ann.set("done")
        assert ann.get(f"{ONE}/layers/bea")["labels"]["slices"]["1"]["note"] == "a secret"
        (row,) = ann.get(SCANS)
        assert (row["state"], row["open_consensus"]) == ("disagreement", True)
        assert {one["who"] for one in ann.get(f"{ONE}/history")} == {"ann", "bea"}

    def test_one_who_is_done_waits_for_the_other(self, both: tuple[Browser, Browser]) -> None:
        ann, bea = both
        ann.set("done")
        bea.draw("mine", 1, 5)
        ann.get(f"{ONE}/layers/bea", 403)
        ann.get(f"{ONE}/consensus", 403)

    def test_readers_cannot_write_in_other_layers(self, both: tuple[Browser, Browser]) -> None:
        ann, bea = both
        for layer in ("bea", CONSENSUS, "nobody"):
            ann.draw(layer, 0, 1, status=403)
            ann.say(layer, 0, {"note": "x"}, status=403)
            ann.set("done", layer, status=403)
        ann.post(f"{ONE}/seconds", {"seconds": 1, "layer": "bea"}, 403)
        ann.take("bea", status=403)
        assert bea.get(f"{ONE}/layers/mine")["slices"] == {}
        assert bea.get(SCANS)[0]["mine"]["state"] == "new"

    def test_whether_a_reader_exists_is_not_revealed(self, ann: Browser) -> None:
        assert ann.get(f"{ONE}/layers/bea", 403) == ann.get(f"{ONE}/layers/nobody", 403)

    def test_a_reading_is_closed_when_done_and_for_good_when_both_are(self, both: tuple[Browser, Browser]) -> None:
        ann, bea = both
        ann.draw("mine", 0, 1)
        ann.set("done")
        ann.draw("mine", 0, 2, base=1, status=403)
        ann.say("mine", 0, {"note": "x"}, status=403)
        assert not ann.get(f"{ONE}/layers/mine")["writable"]
        ann.set("in progress")
        ann.draw("mine", 0, 2, base=1)
        ann.set("done")
        bea.set("done")
        assert "consensus" in ann.set("in progress", status=403)["error"]
        ann.draw("mine", 0, 3, base=2, status=403)

    def test_a_third_reader_does_not_learn_that_two_disagree(self, tmp_path: Path) -> None:
        with served(tmp_path, readers=("ann", "bea", "cia")) as (_, (ann, bea, cia)):
            ann.draw("mine", 0, 1)
            for one in (ann, bea):
                one.set("done")
            assert ann.get(SCANS)[0]["state"] == "disagreement"
            assert cia.get(SCANS)[0]["state"] == "in progress"
            cia.get(f"{ONE}/layers/ann", 403)

    def test_readers_who_agree_are_done(self, both: tuple[Browser, Browser]) -> None:
        for one in both:
            one.draw("mine", 0, 4)
            one.set("done")
        assert both[0].get(SCANS)[0]["state"] == "done"


class TestConsensus:
    @pytest.fixture
    def disagreeing(self, both: tuple[Browser, Browser]) -> Browser:
        ann, bea = both
        ann.draw("mine", 1, 5)
        ann.say("mine", 1, {"note": "ann's"})
        bea.put(f"{ONE}/layers/mine/slices/1", {"base_revision": 0, "runs": drawn(5, at=7)})
        bea.draw("mine", 2, 2)
        for one in both:
            one.set("done")
        return ann

    def test_it_says_how_far_they_agree(self, disagreeing: Browser) -> None:
        found = disagreeing.get(f"{ONE}/consensus")
        assert found["readers"] == ["ann", "bea"]
        assert 0 < found["agreement"]["dice"] < 1
        assert found["layer"]["slices"] == {}

    def test_one_reading_is_taken_with_its_labels(self, disagreeing: Browser) -> None:
        layer = disagreeing.take("ann")
        assert layer["slices"]["1"]["runs"] == drawn(5)
        assert layer["labels"]["slices"]["1"]["note"] == "ann's"
        assert layer["labels"]["scan"]["subtypes"] == ["SDH"]

    def test_some_slices_of_one_then_drawn_on_and_done(self, disagreeing: Browser) -> None:
        layer = disagreeing.take("bea", [2])
        assert list(layer["slices"]) == ["2"]
        disagreeing.draw(CONSENSUS, 2, 4, base=1)
        disagreeing.set("done", CONSENSUS)
        assert disagreeing.get(SCANS)[0]["state"] == "done"
        disagreeing.draw(CONSENSUS, 2, 1, base=2, status=403)
        disagreeing.take("ann", status=403)
        disagreeing.set("in progress", CONSENSUS)
        disagreeing.draw(CONSENSUS, 2, 1, base=2)

    def test_union_and_intersection(self, disagreeing: Browser) -> None:
        def area(choice: str) -> int:
            layer = disagreeing.take(choice, [1])
            return int((decode(layer["slices"]["1"]["runs"], SIZE, SIZE) > 0).sum())

        assert (area("union"), area("intersection")) == (66, 22)
        assert 22 <= area("staple") <= 66

    def test_what_cannot_be_taken(self, disagreeing: Browser) -> None:
        for body in ({"choice": "cia"}, {"choice": "ann", "slices": [4]}, {"choice": "ann", "slices": [-1]}, {}):
            disagreeing.post(f"{ONE}/consensus/take", body, 422)


class TestTurned:
    """However a file stores its slices, the page gets the radiological convention and the project its own grid back."""

    @pytest.mark.parametrize("orientation", [SUPINE, PRONE, FEET_FIRST, TRANSPOSED])
    def test_volume_and_runs_are_turned_and_turned_back(self, tmp_path: Path, orientation: np.ndarray) -> None:
        scan = synthetic_head(n=3, size=40, orientation=orientation)
        scan = Scan(
            scan.voxels[:, :, :30],
            scan.source,
            pixel_mm=np.tile((1.5, 2.0), (3, 1)),
            positions_mm=scan.positions_mm,
            orientation=scan.orientation,
        )
        expected = to_radiological(scan.voxels, scan)
        with served(tmp_path, scan) as (project, (ann, _)):
            found = ann.get(ONE)
            assert found["shape"] == list(expected.shape)
            assert found["pixel_mm"] == ([2.0, 1.5] if orientation is TRANSPOSED else [1.5, 2.0])
            np.testing.assert_array_equal(ann.voxels(ONE, range(3)), expected)
            assert found["spacing_mm"] == [*found["pixel_mm"], pytest.approx(scan.spacing_mm[2])]
            shown = np.zeros(expected.shape[1:], np.uint8)
            shown[3:9, 2:20] = 5
            shown[4, 2] = 1
            ann.put(f"{ONE}/layers/mine/slices/1", {"base_revision": 0, "runs": encode(shown)})
            assert ann.get(f"{ONE}/layers/mine")["slices"]["1"]["runs"] == encode(shown)
            stored = project.label_map(1, "ann")
            assert stored.shape == scan.voxels.shape
            np.testing.assert_array_equal(to_radiological(stored, scan)[1], shown)
            stale = ann.put(f"{ONE}/layers/mine/slices/1", {"base_revision": 0, "runs": encode(shown)}, 409)
            assert stale["runs"] == encode(shown)


def test_a_scan_in_gray_without_spacing(tmp_path: Path) -> None:
    head = synthetic_head(n=3, size=SIZE, pixel_mm=(7, 7))
    gray = Scan(BRAIN.gray(head.voxels).astype(np.uint8), head.source, gray_window=BRAIN, warnings=("No spacing.",))
    with served(tmp_path, gray) as (_, (ann, _)):
        found = ann.get(ONE)
        assert (found["pixel_mm"], found["spacing_mm"], found["warnings"]) == (None, None, ["No spacing."])
        assert found["gray_window"] == {"level": 40, "width": 120}
        hu = ann.voxels(ONE, range(3))
        assert (hu.min(), hu.max()) == (-20, 100)


def test_the_previous_scans_of_the_subject(tmp_path: Path) -> None:
    with served(tmp_path) as (project, (ann, _)):
        scan: Scan = project.scan(1)
        project.add_scan(scan, "001", "later")
        project.add_scan(scan, "002", "other")
        assert [one["name"] for one in ann.get(f"{SCANS}/2")["previous"]] == ["scan 1"]
        assert ann.get(f"{SCANS}/3")["previous"] == []


def test_600_slices(tmp_path: Path) -> None:
    head = synthetic_head(n=6, size=SIZE)
    long = Scan(np.tile(head.voxels, (100, 1, 1)), head.source)
    with served(tmp_path, long) as (project, (ann, bea)):
        assert ann.get(ONE)["shape"] == [600, SIZE, SIZE]
        assert ann.voxels(ONE, [599, 0]).shape == (2, SIZE, SIZE)
        noise = np.random.default_rng(0).integers(0, 7, (SIZE, SIZE)).astype(np.uint8)
        for k in range(600):
            project.put_label_map(1, "bea", k, noise, by="bea")
        assert ann.draw("mine", 599, 3)["revision"] == 1
        ann.draw("mine", 600, 3, status=404)
        assert len(bea.get(f"{ONE}/layers/mine")["slices"]) == 600
        for one in (ann, bea):
            one.set("done")
        assert ann.get(f"{ONE}/consensus")["agreement"]["dice"] < 0.01
        assert ann.get(SCANS)[0]["state"] == "disagreement"


def test_a_damaged_scan_is_reported_in_one_clear_line_and_the_others_continue(tmp_path: Path) -> None:
    with served(tmp_path, synthetic_head(n=3, size=SIZE), synthetic_head(n=3, size=SIZE)) as (project, (ann, _)):
        damaged: Project = project
        (damaged.folder / "scans" / "1.npz").write_bytes(b"nothing")
        assert "1.npz: expected a scan of the project, found a damaged file" in ann.get(ONE, 500)["error"]
        ann.get(f"{ONE}/voxels?k=0", 500)
        ann.get(f"{SCANS}/2")
        assert len(ann.get(SCANS)) == 2
