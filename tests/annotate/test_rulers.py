"""Rulers: kept with the labels of a slice on the scan's own grid, whatever way the page shows it, and exported."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from annotated import SCANS, served
from ichor.annotate.export.run import export
from ichor.annotate.project import Labels, Ruler, open_project
from ichor.subtypes import Subtype
from synthetic_projects import add_done, edh_map
from synthetic_scans import FEET_FIRST, PRONE, SUPINE, TRANSPOSED, synthetic_head

LABELS = f"{SCANS}/1/layers/mine/labels"
NOTHING = {"subtypes": [], "fracture": False, "no_hemorrhage": False, "quality": [], "note": ""}
RULER = [3.25, 4.5, 20.75, 9.0]
SIZE = 32


@pytest.mark.parametrize("orientation", [SUPINE, PRONE, FEET_FIRST, TRANSPOSED])
def test_a_ruler_is_where_it_was_drawn_and_as_long(tmp_path: Path, orientation: np.ndarray) -> None:
    scan = synthetic_head(n=4, size=SIZE, orientation=orientation, pixel_mm=(0.5, 1.5))
    with served(tmp_path, scan) as (project, (ann, bea)):
        shown = ann.get(f"{SCANS}/1")["pixel_mm"]
        answer = ann.put(f"{LABELS}/2", {"base_revision": 0, "labels": {**NOTHING, "rulers": [RULER]}})
        assert answer["labels"]["rulers"] == [RULER]
        assert ann.get(f"{SCANS}/1/layers/mine")["labels"]["slices"]["2"]["rulers"] == [RULER]
        assert ann.get(f"{SCANS}/1/history")[-1]["text"] == "labeled a ruler"
        assert bea.get(f"{SCANS}/1/layers/mine")["labels"]["slices"] == {}
        (ruler,) = project.labels(1, "ann", 2).rulers
        assert scan.pixel_mm is not None
        across, down = RULER[2] - RULER[0], RULER[3] - RULER[1]
        assert ruler.mm(scan.pixel_mm[2]) == pytest.approx(np.hypot(across * shown[1], down * shown[0]))
        # What is drawn at its start lies at its start.
        runs = [0, 4 * SIZE + 3, 5, 1, 0, SIZE * SIZE - 4 * SIZE - 4]
        ann.put(f"{SCANS}/1/layers/mine/slices/2", {"base_revision": 0, "runs": runs})
        (place,) = np.argwhere(project.label_map(1, "ann")[2])
        assert (int(ruler.start[1]), int(ruler.start[0])) == tuple(place)


def test_other_labels_keep_rulers_and_taking_them_away_is_a_change(tmp_path: Path) -> None:
    with served(tmp_path) as (project, (ann, _)):
        ann.say("mine", 1, {**NOTHING, "rulers": [RULER]})
        ann.say("mine", 1, {**NOTHING, "rulers": [RULER], "subtypes": ["IPH"]}, base=1)
        assert project.labels(1, "ann", 1).rulers and project.labels(1, "ann", 1).subtypes == (Subtype.IPH,)
        ann.say("mine", 1, {**NOTHING, "subtypes": ["IPH"]}, base=2)
        assert project.labels(1, "ann", 1).rulers == ()
        assert len([one for one in project.history(1) if one.kind == "labels"]) == 3


@pytest.mark.parametrize(
    "rulers", [[[1, 2, 3]], [[1, 2, 3, 1e6]], [["a", 2, 3, 4]], [[1, 2, 3, None]], [RULER] * 51, RULER]
)
def test_malformed_rulers_are_refused(tmp_path: Path, rulers: object) -> None:
    with served(tmp_path) as (_, (ann, _)):
        assert "rulers" in ann.say("mine", 1, {**NOTHING, "rulers": rulers}, status=422)["error"]
        assert "on a slice" in ann.say("mine", "scan", {**NOTHING, "rulers": [RULER]}, status=422)["error"]


def test_an_export_has_them_in_a_table_and_with_the_labels(tmp_path: Path) -> None:
    scan = synthetic_head(n=4, size=SIZE, pixel_mm=(0.5, 1.5))
    bare = replace(scan, pixel_mm=None, positions_mm=None)
    with open_project(tmp_path / "project", create=True) as project:
        for number, one in enumerate((scan, bare, scan), 1):
            add_done(project, one, edh_map(one), subject=f"{number:03}")
        for number in (1, 2):
            project.set_state(number, "ann", "in progress", by="ann")
            kept = replace(project.labels(number, "ann", 2), rulers=(Ruler((3, 4), (9, 12)), Ruler((1, 1), (1, 5))))
            project.put_labels(number, "ann", 2, kept, by="ann")
            project.set_state(number, "ann", "done", by="ann")
        list(export(project, "nifti", tmp_path / "out"))
        list(export(project, "coco", tmp_path / "coco"))
    rows = list(csv.DictReader((tmp_path / "out" / "measurements.csv").open(encoding="utf-8")))
    assert [(one["case"], one["slice"], one["mm"]) for one in rows] == [
        ("001", "3", "9.85"),
        ("001", "3", "2.0"),
        ("002", "3", ""),
        ("002", "3", ""),
    ]
    assert [float(rows[0][name]) for name in ("start_x", "start_y", "end_x", "end_y")] == [3, 4, 9, 12]
    labels = json.loads((tmp_path / "out" / "001" / "labels.json").read_text())
    assert labels["slices"]["3"]["rulers"][0] == {"start": [3, 4], "end": [9, 12]}
    assert (tmp_path / "coco" / "measurements.csv").exists()


def test_an_export_without_rulers_has_no_table(tmp_path: Path) -> None:
    scan = synthetic_head(n=4, size=SIZE)
    with open_project(tmp_path / "project", create=True) as project:
        add_done(project, scan, edh_map(scan))
        list(export(project, "nifti", tmp_path / "out"))
    assert not (tmp_path / "out" / "measurements.csv").exists()


def test_labels_of_earlier_versions_have_none() -> None:
    from ichor.annotate.project.labels import as_json, from_json

    assert "rulers" not in as_json(Labels(note="x"))
    assert from_json(as_json(Labels(note="x"))).rulers == ()
