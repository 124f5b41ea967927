"""What is open in a reading that is called done, and what finishing it says of every slice, to the exports too."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest

from annotated import SCANS, Browser, served
from ichor.annotate.export.run import export
from ichor.annotate.project import CONSENSUS, Labels, Person, Project, open_project
from ichor.annotate.project.findings import slice_findings
from ichor.annotate.project.finishing import finish, open_points
from ichor.errors import IchorError
from ichor.read import open_scan
from ichor.subtypes import Subtype
from phantom import head
from synthetic_dicom import synthetic_series
from synthetic_projects import edh_map, put
from synthetic_scans import synthetic_head

STATE = f"{SCANS}/1/state"


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[tuple[Project, Browser, Browser]]:
    with served(tmp_path) as (project, (ann, bea)):
        yield project, ann, bea


def done(one: Browser, confirmed: Any = None, layer: str = "mine", status: int = 200) -> Any:
    """Say that a layer is done, and confirm what is given."""
    more = {} if confirmed is None else {"confirmed": confirmed}
    return one.post(STATE, {"state": "done", "layer": layer, "base": one.base(layer), **more}, status)


class TestReading:
    def test_an_unseen_scan_is_not_negative(self, serving: tuple[Project, Browser, Browser]) -> None:
        project, ann, _ = serving
        points = done(ann, status=409)["open"]
        assert (points["not_looked_at"], points["no_hemorrhage"]) == ([0, 1, 2, 3], True)
        assert project.state(1, "ann") == "new" and project.final_layer(1) is None
        # What is confirmed is what is open, and nothing less or else.
        for wrong in ({}, {**points, "not_looked_at": [0, 1]}, {**points, "no_hemorrhage": False}):
            assert done(ann, wrong, status=409)["open"] == points
        ann.look(1)
        assert done(ann, points, status=409)["open"]["not_looked_at"] == [0, 2, 3]
        ann.look()
        points = done(ann, status=409)["open"]
        assert [name for name, value in points.items() if value] == ["no_hemorrhage"]
        answer = done(ann, points)
        assert answer["findings"] == {"no hemorrhage": 4}
        assert answer["layer"]["labels"]["scan"]["no_hemorrhage"]
        said = [(one["who"], one["text"]) for one in reversed(ann.get(f"{SCANS}/1/history"))]
        assert said[0] == ("ann", "labeled no hemorrhage") and said[-1] == ("ann", "set to done")

    def test_nothing_is_asked_about_a_complete_reading(self, serving: tuple[Project, Browser, Browser]) -> None:
        _, ann, bea = serving
        ann.draw("mine", 1, 5)
        ann.look()
        assert done(ann)["findings"] == {"hemorrhage": 1, "no hemorrhage": 3}
        bea.say("mine", "scan", {"no_hemorrhage": True})
        bea.look()
        assert done(bea)["findings"] == {"no hemorrhage": 4}

    def test_ai_outlines_are_accepted_or_stay_open(self, serving: tuple[Project, Browser, Browser]) -> None:
        project, ann, _ = serving
        ann.look()
        ann.draw("mine", 1, 5, origins={5: "ai"})
        ann.draw("mine", 2, 5, 2, origins={5: "ai", 2: "drawn"})
        points = done(ann, status=409)["open"]
        assert points["not_accepted"] == [1, 2]
        answer = done(ann, points)["layer"]["slices"]
        assert [one["origins"] for one in answer.values()] == [{"5": "ai accepted"}, {"2": "drawn", "5": "ai accepted"}]
        texts = [one["text"] for one in ann.get(f"{SCANS}/1/history")]
        assert "drew SDH (AI outline, accepted)" in texts
        assert not open_points(project, 1, "ann")

    def test_contradictions_are_listed(self, serving: tuple[Project, Browser, Browser]) -> None:
        _, ann, _ = serving
        ann.look()
        ann.draw("mine", 1, 6)
        ann.say("mine", 2, {"subtypes": ["IVH"]})
        points = done(ann, status=409)["open"]
        assert points["contradictions"] == [
            "slice 2 has a region but no subtype",
            "slice 3 is labeled IVH but has no region",
        ]
        assert done(ann, points)["state"] == "done"

    def test_looks_are_the_readers_own(self, serving: tuple[Project, Browser, Browser]) -> None:
        _, ann, bea = serving
        ann.look(0, 1)
        ann.look(1, 2)
        assert ann.get(f"{SCANS}/1/layers/mine")["looked"] == [0, 1, 2]
        assert bea.get(f"{SCANS}/1/layers/mine")["looked"] == []
        for body, status in (({"slices": [4]}, 404), ({"slices": [-1]}, 422), ({"slices": "0"}, 422), ({}, 422)):
            ann.post(f"{SCANS}/1/looks", body, status)
        for layer in ("bea", CONSENSUS):
            ann.post(f"{SCANS}/1/looks", {"slices": [0], "layer": layer}, 403)
        ann.set("done")
        ann.post(f"{SCANS}/1/looks", {"slices": [3]}, 403)


class TestConsensus:
    @pytest.fixture
    def both(self, serving: tuple[Project, Browser, Browser]) -> tuple[Project, Browser, Browser]:
        """ann drew on slices 1 and 2, bea on 2; both looked at all."""
        project, ann, bea = serving
        for one, slices in ((ann, (1, 2)), (bea, (2,))):
            for k in slices:
                one.draw("mine", k, 5)
            one.look()
            assert done(one)
        return project, ann, bea

    def test_an_empty_reading_is_not_automatically_negative(self, both: tuple[Project, Browser, Browser]) -> None:
        project, ann, _ = both
        points = done(ann, layer=CONSENSUS, status=409)["open"]
        assert (points["undecided"], points["no_hemorrhage"], points["drawn_by"]) == ([1, 2], True, ["ann", "bea"])
        assert points["not_looked_at"] == []
        assert done(ann, points, CONSENSUS)["findings"] == {"no hemorrhage": 4}
        assert project.labels(1, CONSENSUS, None).no_hemorrhage

    def test_applied_slices_are_decided(self, both: tuple[Project, Browser, Browser]) -> None:
        _, ann, bea = both
        ann.take("bea", [2])
        points = done(ann, layer=CONSENSUS, status=409)["open"]
        assert (points["undecided"], points["no_hemorrhage"]) == ([1], False)
        bea.take("intersection", [1])  # nothing: that is decided, too
        assert done(ann, layer=CONSENSUS)["findings"] == {"hemorrhage": 1, "no hemorrhage": 3}

    def test_taken_empty_it_is_confirmed_all_the_same(self, both: tuple[Project, Browser, Browser]) -> None:
        _, ann, _ = both
        ann.take("bea")
        ann.draw(CONSENSUS, 2, base=1)
        points = done(ann, layer=CONSENSUS, status=409)["open"]
        assert (points["undecided"], points["no_hemorrhage"], points["drawn_by"]) == ([], True, ["ann", "bea"])


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """Slice 1 has hemorrhage, 2 and 5 were viewed, 3 was not, 4 is labeled negative; the series is DICOM."""
    folder = tmp_path_factory.mktemp("study")
    with open_project(folder / "project", create=True) as project:
        scan = open_scan(synthetic_series(folder / "ct", head(5, 64, 56)))
        project.add_reader("ann")
        project.add_scan(scan, "001", "first")
        project.put_subject(1, Person(age=50, sex="Female"), by="ann")
        put(project, 1, "ann", np.where(np.arange(5)[:, None, None] == 0, edh_map(scan)[1], 0).astype(np.uint8))
        project.put_labels(1, "ann", 3, Labels(no_hemorrhage=True), by="ann")
        project.add_looks(1, "ann", [0, 1, 4], by="ann")
        finish(project, 1, "ann", open_points(project, 1, "ann"), by="ann")
        yield project


class TestExport:
    FINDINGS = ("hemorrhage", "no hemorrhage", "unread", "no hemorrhage", "no hemorrhage")

    def test_nifti_says_it_of_each_slice(self, project: Project, tmp_path: Path) -> None:
        (outcome,) = export(project, "nifti", tmp_path / "out")
        assert outcome.notes[0] == "slice 3 was not viewed"
        said = json.loads((tmp_path / "out" / "001" / "labels.json").read_text())["slices"]
        assert tuple(one["finding"] for one in said.values()) == self.FINDINGS
        assert [one["no_hemorrhage"] for one in said.values()] == [False, True, False, True, True]
        record = json.loads((tmp_path / "out" / "export.json").read_text())
        assert record["cases"]["001"]["unread_slices"] == [3]

    def test_coco_says_it_of_each_image(self, project: Project, tmp_path: Path) -> None:
        list(export(project, "coco", tmp_path / "out"))
        images = json.loads((tmp_path / "out" / "annotations.json").read_text())["images"]
        assert tuple(one["finding"] for one in images) == self.FINDINGS

    def test_nnunet_ignores_what_is_unread(self, project: Project, tmp_path: Path) -> None:
        list(export(project, "nnunet", tmp_path / "out"))
        raw = tmp_path / "out" / "nnUNet_raw" / "Dataset502_Annotated"
        description = json.loads((raw / "dataset.json").read_text())
        assert description["labels"] == {"background": 0, "hemorrhage": 1, "ignore": 2}
        labels = np.asarray(nib.load(raw / "labelsTr" / "case_001.nii.gz").dataobj)
        assert [set(np.unique(labels[..., k])) for k in range(5)] == [{0, 1}, {0}, {2}, {0}, {0}]

    @pytest.mark.parametrize("target", ["ct-ich", "dicom-seg"])
    def test_layouts_that_cannot_represent_it_omit_the_scan(
        self, project: Project, tmp_path: Path, target: str
    ) -> None:
        outcomes = []
        with pytest.raises(IchorError, match="found none of 1"):
            for one in export(project, target, tmp_path / "out"):
                outcomes.append(one)
        assert outcomes[0].reason == "slice 3 was not viewed, and this layout cannot mark unread slices"

    def test_an_empty_reading_without_a_statement_is_not_exported(self, tmp_path: Path) -> None:
        """As versions before did it: the key that means done, on a scan that nobody has looked at."""
        with open_project(tmp_path / "project", create=True) as project:
            project.add_reader("ann")
            project.add_scan(synthetic_head(n=2, size=32, pixel_mm=(6, 6)), "001", "first")
            project.set_state(1, "ann", "done", by="ann")
            for target in ("nifti", "ct-ich", "nnunet", "coco", "dicom-seg"):
                outcomes = []
                with pytest.raises(IchorError, match="found none of 1"):
                    for one in export(project, target, tmp_path / target):
                        outcomes.append(one)
                assert "no reader has confirmed that there is no hemorrhage" in outcomes[0].reason

    def test_readings_finished_before_views_were_recorded_are_noted(self, tmp_path: Path) -> None:
        scan = synthetic_head(n=4, size=32, pixel_mm=(6, 6))
        with open_project(tmp_path / "project", create=True) as project:
            project.add_reader("ann")
            project.add_scan(scan, "001", "first")
            put(project, 1, "ann", edh_map(scan))
            project.put_labels(1, "ann", 0, Labels(no_hemorrhage=True), by="ann")
            project.set_state(1, "ann", "done", by="ann")
            project.database.write("UPDATE project SET last_change_before_looks = 1000")
            assert project.looked(1, "ann") is None
            (outcome,) = export(project, "nifti", tmp_path / "out")
            findings = slice_findings(project.layer(1, "ann"), 4, None)
            assert findings == ("no hemorrhage", "hemorrhage", "hemorrhage", "unknown")
            assert any("earlier version" in note for note in outcome.notes)
            project.put_labels(1, "ann", 3, Labels(subtypes=(Subtype.IVH,)), by="ann")
            # Opened again and finished now, it is known what was looked at.
            project.set_state(1, "ann", "in progress", by="ann")
            assert project.looked(1, "ann") == frozenset()
