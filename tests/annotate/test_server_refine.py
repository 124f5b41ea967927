"""Clicks as the page sends them, and the model's probabilities that the project keeps for them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from annotated import SCANS, Browser, served
from ichor.annotate.project import Project
from ichor.annotate.project.runs import decode, encode
from ichor.errors import UnreadableInput
from ichor.orientation import to_radiological
from synthetic_scans import TRANSPOSED, synthetic_head

SIZE = 64
SCAN = synthetic_head(n=4, size=SIZE)
BLOCK = (slice(26, 38), slice(20, 34))
VOXELS = np.full(SCAN.voxels.shape, 33, np.int16)
VOXELS[1][BLOCK] = 65
VOXELS[:, :3] = 1000
NOTHING = [0, SIZE * SIZE]
PATH = f"{SCANS}/1/tools/refine"


@pytest.fixture
def both(tmp_path: Path) -> Iterator[tuple[Project, Browser, Browser]]:
    with served(tmp_path, replace(SCAN, voxels=VOXELS)) as (project, (ann, bea)):
        yield project, ann, bea


def click(x: float, y: float, *, add: bool = True, runs: Any = NOTHING, k: int = 1, **more: Any) -> dict[str, Any]:
    return {"k": k, "runs": runs, "label": 5, "add": add, "points": [[x, y]], **more}


def test_a_click_is_answered_by_the_whole_slice(both: tuple[Project, Browser, Browser]) -> None:
    _, ann, _ = both
    assert ann.get(PATH) == {"probability": False}
    answer = ann.post(PATH, click(27.5, 32.5))
    found = decode(answer["runs"], SIZE, SIZE)
    expected = np.zeros((SIZE, SIZE), bool)
    expected[BLOCK] = True
    expected = to_radiological(np.tile(expected, (4, 1, 1)), SCAN)[1]
    assert (found == 5)[expected].mean() > 0.9 and (found[~expected] > 0).sum() <= 8
    assert ann.get(f"{SCANS}/1/layers/mine")["slices"] == {}  # the page saves it
    assert decode(ann.post(PATH, click(27.5, 32.5, add=False, runs=answer["runs"]))["runs"], SIZE, SIZE).max() == 0


def test_a_turned_scan_is_clicked_as_it_is_shown(tmp_path: Path) -> None:
    turned = replace(SCAN, voxels=VOXELS, orientation=np.tile(TRANSPOSED, (4, 1, 1)))
    shown = to_radiological(turned.voxels, turned)[1]
    y, x = np.argwhere(shown == 65).mean(axis=0) + 0.5
    with served(tmp_path, turned) as (_, (ann, _)):
        found = decode(ann.post(PATH, click(x, y))["runs"], SIZE, SIZE)
    assert (found == 5)[shown == 65].mean() > 0.9


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (click(1, 1, k=4), "slices 0 to 3"),
        (click(1, 1, runs=[0, 5]), "runs"),
        (click(-3, 1), "on the slice"),
        (click(1, 1, label=7), "label"),
        (click(1, 1, points=[]), "points"),
        (click(1, 1, points=[[1, 1]] * 2001), "points"),
        (click(1, 1, points=[["a", 1]]), "points"),
        (click(1e9, 1), "points"),
    ],
)
def test_bad_clicks_are_refused_in_one_line(both: tuple[Project, Browser, Browser], body: Any, said: str) -> None:
    assert said in both[1].post(PATH, body, 422)["error"]


def test_readers_correct_only_their_own_open_reading(both: tuple[Project, Browser, Browser]) -> None:
    _, ann, bea = both
    bea.post(PATH, click(27.5, 32.5, layer="ann"), 403)
    ann.set("done")
    ann.post(PATH, click(27.5, 32.5), 403)
    ann.another(stranger=True).post(PATH, click(27.5, 32.5), 401)


def test_the_probability_counts_where_it_is_stored(both: tuple[Project, Browser, Browser]) -> None:
    project, ann, _ = both
    probability = np.zeros(VOXELS.shape, np.float32)
    probability[2][BLOCK] = 0.4
    before = decode(ann.post(PATH, click(27.5, 32.5, k=2))["runs"], SIZE, SIZE)
    project.put_probability(1, probability)
    stored = project.probability(1, 2)
    assert stored is not None and np.abs(stored - probability[2]).max() <= 0.5 / 255
    assert ann.get(PATH) == {"probability": True}
    after = decode(ann.post(PATH, click(27.5, 32.5, k=2))["runs"], SIZE, SIZE)
    assert (after > 0).sum() > 2 * (before > 0).sum()


def test_probabilities_of_another_shape_and_damaged_files_are_refused(both: tuple[Project, Browser, Browser]) -> None:
    project, ann, _ = both
    with pytest.raises(ValueError, match="probabilities of shape"):
        project.put_probability(1, np.zeros((3, SIZE, SIZE)))
    (project.folder / "scans" / "1.probability.npz").write_bytes(b"PK no")
    with pytest.raises(UnreadableInput, match="damaged"):
        project.probability(1, 0)
    assert "damaged" in ann.post(PATH, click(27.5, 32.5), 500)["error"]


def test_drawings_stay(both: tuple[Project, Browser, Browser]) -> None:
    drawn = np.zeros((SIZE, SIZE), np.uint8)
    drawn[50:55, 5:15] = 2
    found = decode(both[1].post(PATH, click(27.5, 32.5, runs=encode(drawn)))["runs"], SIZE, SIZE)
    assert np.array_equal(found == 2, drawn == 2) and (found == 5).any()
