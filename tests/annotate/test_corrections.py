"""The annotation tool as the viewer opens it: one project beside the results, served on loopback."""

from __future__ import annotations

import re
import stat
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest

from ichor.annotate.corrections import Corrections, project_of
from ichor.annotate.project import open_project
from ichor.errors import IchorError
from ichor.view.correction import described
from ichor.view.opened import Opened, open_result
from ichor.view.results import find_results
from synthetic_scans import DetectorMethod, ThresholdMethod
from view.result_files import write_result

LINK = re.compile(r"(http://127\.0\.0\.1:\d+)/enter\?token=[\w-]{43}#/scan/(\d+)\?slice=(\d+)")


@pytest.fixture
def corrections() -> Iterator[Corrections]:
    one = Corrections(0)
    yield one
    one.close()


def opened(folder: Path) -> Opened:
    return open_result(find_results([folder])[0], [])


def test_results_of_a_folder_share_a_project_that_is_private(tmp_path: Path, corrections: Corrections) -> None:
    first, second = write_result(tmp_path / "out"), write_result(tmp_path / "out", "plain", method=ThresholdMethod())
    links = [LINK.fullmatch(corrections.begin(opened(one), "Ada", 4)) for one in (first, second)]
    assert [one and one.groups()[1:] for one in links] == [("1", "5"), ("2", "5")]
    assert links[0] and links[1] and links[0][1] == links[1][1]
    corrections.close()
    with pytest.raises(httpx.ConnectError):
        httpx.get(links[0][1], trust_env=False)
    folder = project_of(first)
    assert folder == project_of(second) == tmp_path / "out" / "annotation"
    for path in [folder, *folder.rglob("*")]:
        assert not path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO)
    with open_project(folder) as project:
        assert [one.name for one in project.scans()] == ["head", "plain"]
    assert len(find_results([tmp_path / "out"])) == 2  # the project is no result


def test_each_reader_has_a_drawing_and_continues_it(tmp_path: Path, corrections: Corrections) -> None:
    one = opened(write_result(tmp_path / "out"))
    for who in ("Ada", "Bert"):
        corrections.begin(one, who, 0)
    assert one.labels is not None
    project = corrections._served[tmp_path / "out" / "annotation"].project
    drawn = project.label_map(1, "Ada")
    assert np.array_equal(np.unique(drawn), np.unique(one.labels)) and (drawn > 0).sum() == (one.labels > 0).sum()
    assert np.array_equal(project.label_map(1, "Bert"), drawn)
    project.put_label_map(1, "Ada", 0, np.ones(drawn.shape[1:], np.uint8), by="Ada")
    corrections.begin(one, "ada", 0)
    assert project.label_map(1, "Ada")[0].all() and project.readers() == ["Ada", "Bert"]


def test_the_outcome_for_each_lesion(tmp_path: Path, corrections: Corrections) -> None:
    one = opened(write_result(tmp_path / "out"))
    assert corrections.found(one.listed) is None
    corrections.begin(one, "Ada", 0)
    found = described(one, corrections.found(one.listed))
    assert found is not None and (found["who"], found["done"]) == ("Ada", False) and "lesions" not in found
    project = corrections._served[tmp_path / "out" / "annotation"].project

    def outcome() -> str:
        project.set_state(1, "Ada", "done", by="Ada")
        found = described(one, corrections.found(one.listed))
        project.set_state(1, "Ada", "in progress", by="Ada")
        assert found is not None and found["volume_px"] == (project.label_map(1, "Ada") > 0).sum()
        assert found["volume_ml"] == pytest.approx(found["volume_px"] * 3.2 * 3.2 * 10 / 1000)
        return str(found["lesions"][1])

    assert outcome() == "unchanged"
    before = project.label_map(1, "Ada")
    index = int(np.flatnonzero(before.any(axis=(1, 2)))[0])
    grown = before[index].copy()
    grown[:, np.flatnonzero(grown.any(axis=0))[0] - 1] = grown.max()
    project.put_label_map(1, "Ada", index, grown, by="Ada")
    assert outcome() == "changed"
    project.put_label_map(1, "Ada", index, np.where(before[index] > 0, np.uint8(4), np.uint8(0)), by="Ada")
    assert outcome() == "changed"  # of another subtype
    for k in range(len(before)):
        project.put_label_map(1, "Ada", k, np.zeros_like(before[k]), by="Ada")
    assert outcome() == "removed"


def test_a_result_without_outlines_is_drawn_from_nothing(tmp_path: Path, corrections: Corrections) -> None:
    one = opened(write_result(tmp_path / "out", method=DetectorMethod(), outputs=None))
    assert corrections.begin(one, "Ada", 2).endswith("#/scan/1?slice=3")
    assert corrections.found(one.listed) is None


def test_what_is_refused_leaves_no_server(tmp_path: Path, corrections: Corrections) -> None:
    one = opened(write_result(tmp_path / "out"))
    for who, index, words in (("a/b", 0, "reader's name"), ("Ada", 12, "slice from 0 to 11"), ("Ada", -1, "slice")):
        with pytest.raises(IchorError, match=words):
            corrections.begin(one, who, index)
    other = opened(write_result(tmp_path / "other", "annotation"))
    with pytest.raises(IchorError, match="expected a free place for an annotation project, found a result"):
        corrections.begin(other, "Ada", 0)
    beside = opened(write_result(tmp_path / "busy"))
    with open_project(project_of(beside.listed.folder), create=True):
        for ask in (lambda: corrections.begin(beside, "Ada", 0), lambda: corrections.found(beside.listed)):
            with pytest.raises(IchorError, match="open in another process"):
                ask()
    assert set(corrections._served) == {tmp_path / "out" / "annotation"}
    corrections.close()
    with pytest.raises(IchorError, match="ending"):
        corrections.begin(one, "Ada", 0)
