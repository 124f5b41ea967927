"""Projects made by an earlier Ichor (tests/data/version-06608c8): opened, shown, gone on with, exported."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import nibabel
import numpy as np
import pytest

from annotated import PORT, Browser
from ichor.annotate.export.run import export
from ichor.annotate.project import CONSENSUS, Labels, Project, open_project
from ichor.annotate.project.runs import encode
from ichor.annotate.server.app import create_app
from ichor.annotate.server.context import Context
from ichor.serving.address import loopback
from ichor.serving.session import Sessions
from ichor.subtypes import Subtype
from paths import EARLIER_VERSION

SIZE = 48
IPH, SDH = 2, 5


@pytest.fixture(params=["project", "killed"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A copy of the project as it was closed, or as a killed server left it."""
    folder = tmp_path / "study"
    shutil.copytree(EARLIER_VERSION / request.param, folder)
    shutil.copytree(EARLIER_VERSION / "project" / "scans", folder / "scans", dirs_exist_ok=True)
    return folder


@contextmanager
def served(project: Project) -> Iterator[tuple[Browser, Browser]]:
    context = Context.of(project, Sessions(PORT))
    app = create_app(context, loopback(PORT))
    try:
        yield Browser(app, context, "ann"), Browser(app, context, "bea")
    finally:
        context.close()


def squares(**places: tuple[int, int, int]) -> np.ndarray:
    """(6, 48, 48): on slice k a square of a label from one pixel to another."""
    result = np.zeros((6, SIZE, SIZE), np.uint8)
    for k, (label, start, stop) in places.items():
        result[int(k[1:]), start:stop, start:stop] = label
    return result


def test_every_reading_is_there(folder: Path) -> None:
    with open_project(folder) as project:
        assert project.readers() == ["ann", "bea"]
        assert project.states() == {
            1: {"ann": "done", "bea": "done", CONSENSUS: "done"},
            2: {"ann": "done", "bea": "in progress", CONSENSUS: "new"},
        }
        np.testing.assert_array_equal(project.label_map(1, "ann"), squares(k2=(IPH, 10, 20), k3=(SDH, 10, 20)))
        np.testing.assert_array_equal(project.label_map(1, "bea"), squares(k2=(IPH, 12, 22), k3=(SDH, 10, 22)))
        union = squares(k2=(IPH, 10, 20), k3=(SDH, 10, 21))
        union[2, 12:22, 12:22] = IPH
        np.testing.assert_array_equal(project.label_map(1, CONSENSUS), union)
        assert project.labels(1, "bea", 1) == Labels(fracture=True, note="by bea")
        assert project.labels(1, CONSENSUS, None).subtypes == (Subtype.IPH, Subtype.SDH)
        assert project.labels(2, "ann", None).quality == ("motion",)
        assert project.layer(2, "bea").maps[1].origins == {1: "ai"}
        assert project.subject(1).age == 61.5
        assert project.seconds(1, "ann") == 25
        assert len(project.history(1)) == 27
        assert project.scan(1).pixel_mm is not None and project.scan(2).gray_window is not None
        assert project.scan(1).voxels.max() == 1000


def test_the_page_shows_it_and_readers_continue(folder: Path) -> None:
    with open_project(folder) as project, served(project) as (ann, bea):
        first, second = ann.get("/api/scans")
        assert (first["state"], second["state"]) == ("done", "in progress")
        assert ann.get("/api/scans/1/consensus")["agreement"]["dice"] < 1
        assert ann.get("/api/scans/1/voxels?k=0").content
        ann.get("/api/scans/2/layers/bea", 403)
        runs = encode(squares(k1=(IPH, 5, 9))[1])
        bea.put("/api/scans/2/layers/mine/slices/1", {"base_revision": 1, "runs": runs})
        bea.set("done", scan=2)
        assert bea.get("/api/scans/2/consensus")["agreement"]["dice"] == 0
    with open_project(folder) as project:
        assert project.layer(2, "bea").maps[1].runs == tuple(runs)
        assert [one.revision for one in project.history(2) if (one.layer, one.kind) == ("bea", "map")] == [1, 2]


def test_it_is_exported(folder: Path, tmp_path: Path) -> None:
    with open_project(folder) as project:
        outcomes = list(export(project, "nifti", tmp_path / "out"))
        # It was taken by every target but ct-ich, which refused it.
        assert [one.reason for one in outcomes] == ["", "slice 1 has a region but no subtype"]
        labels = Labels(subtypes=(Subtype.SAH,), quality=("motion",))
        project.put_labels(2, "ann", 0, labels, by="ann")
        outcomes = list(export(project, "nifti", tmp_path / "again"))
        assert [one.reason for one in outcomes] == ["", ""]
    for case, label, n in (("001", IPH, 136), ("002", 6, 25)):
        drawn = np.asarray(nibabel.load(tmp_path / "again" / case / "labels.nii.gz").dataobj)
        assert (drawn == label).sum() == n
    said = json.loads((tmp_path / "out" / "001" / "labels.json").read_text())
    assert said["scan"]["subtypes"] == ["IPH", "SDH"]
