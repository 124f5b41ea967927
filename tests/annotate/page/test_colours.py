"""The subtypes' colours: the same on the slice, in the consensus, in exports and in the viewer, over a dark halo."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from annotate.page.conftest import Enter, open_scan
from annotate.page.hands import Hands, asked
from annotate.page.served import Served
from ichor.annotate.export.run import export
from ichor.annotate.project import open_project
from ichor.read import open_scan as read_scan
from ichor.subtypes import HEMORRHAGE_COLOUR, Subtype
from phantom import head
from synthetic_dicom import synthetic_series

N, ROWS, COLUMNS = 6, 96, 96
SLICE = 3
COLOURS = [*(one.colour for one in Subtype), HEMORRHAGE_COLOUR]
# Opaque pixels of the lines drawn over the slice, by their colour; "halo" are dark ones, at least half opaque.
LINES = """() => {
  const canvas = document.querySelector('.overlay');
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  const found = {};
  for (let at = 0; at < data.length; at += 4) {
    if (data[at + 3] > 127 && Math.max(data[at], data[at + 1], data[at + 2]) < 64) found.halo = (found.halo ?? 0) + 1;
    if (data[at + 3] < 255) continue;
    const colour = '#' + [0, 1, 2].map((i) => data[at + i].toString(16).padStart(2, '0')).join('');
    found[colour] = (found[colour] ?? 0) + 1;
  }
  return found;
}"""


def blocks(shift: int = 0) -> np.ndarray:
    """A block of each label, apart from one another."""
    label_map = np.zeros((ROWS, COLUMNS), np.uint8)
    for label in range(1, 7):
        row, column = 10 + 28 * ((label - 1) // 3), 8 + 28 * ((label - 1) % 3) + shift
        label_map[row : row + 16, column : column + 16] = label
    return label_map


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Scan 1, which Ada is reading, and scan 2, of which two readings are done: Bert took the IVH for EDH."""
    folder = tmp_path_factory.mktemp("colours")
    one = Served(folder / "project")
    scan = read_scan(synthetic_series(folder / "head", head(N, ROWS, COLUMNS)))
    with open_project(one.project, create=True) as project:
        for number in (1, 2):
            project.add_scan(scan, f"00{number}", f"scan {number}")
        for reader in one.readers:
            project.add_reader(reader)
        project.put_label_map(1, "Ada", SLICE - 1, blocks(), by="Ada")
        others = blocks(4)
        others[others == 1] = 4
        for reader, label_map in (("Ada", blocks()), ("Bert", others)):
            project.put_label_map(2, reader, SLICE - 1, label_map, by=reader)
            project.set_state(2, reader, "done", by=reader)
    yield one.start()
    one.stop()


def lines(page: Page) -> dict[str, int]:
    found: dict[str, int] = page.evaluate(LINES)
    return {colour: n for colour, n in found.items() if n > 20}


def test_outlines_are_in_the_subtypes_colors_over_a_halo(made: Served, enter: Enter) -> None:
    page = enter(made)
    open_scan(page, 1)
    hands = Hands(page, ROWS, COLUMNS)
    hands.to_slice(SLICE)
    hands.point(2, 2)
    assert [one["colour"] for one in asked(page, "me").json()["subtypes"]] == COLOURS
    assert set(lines(page)) >= {*COLOURS, "halo"}
    buttons = page.get_by_role("group", name="Subtype to draw").locator(".dot")
    shown = [f"rgb({', '.join(str(one) for one in bytes.fromhex(colour[1:]))})" for colour in COLOURS]
    assert buttons.evaluate_all("(all) => all.map((one) => getComputedStyle(one).backgroundColor)") == shown


def test_the_consensus_shows_each_readers_subtypes_in_the_same_colors(made: Served, enter: Enter) -> None:
    page = enter(made)
    open_scan(page, 2, consensus=True)
    hands = Hands(page, ROWS, COLUMNS)
    hands.to_slice(SLICE)
    hands.point(2, 2)
    both = lines(page)
    assert set(both) >= {*COLOURS, "halo"}
    # One reader's alone: Bert has no IVH, and Ada's is told from his EDH; readers differ by their dashes.
    page.get_by_label("Ada", exact=True).uncheck()
    berts = lines(page)
    assert Subtype.IVH.colour not in berts and berts[Subtype.EDH.colour] > 0.7 * both[Subtype.EDH.colour] / 2
    page.get_by_label("Ada", exact=True).check()
    page.get_by_label("Bert", exact=True).uncheck()
    assert lines(page)[Subtype.IVH.colour] == pytest.approx(both[Subtype.IVH.colour], rel=0.3)
    keys = page.locator(".legend .line-key path")
    dashes = keys.evaluate_all("(all) => all.map((one) => one.getAttribute('stroke-dasharray'))")
    assert len(dashes) == len(set(dashes)) == 2
    expect(page.get_by_text("other subtype")).to_be_visible()


def test_exports_name_the_same_colors(made: Served, tmp_path: Path) -> None:
    made.stop()
    with open_project(made.project) as project:
        project.set_state(1, "Ada", "done", by="Ada")
        list(export(project, "coco", tmp_path / "coco"))
    categories = json.loads((tmp_path / "coco" / "annotations.json").read_text())["categories"]
    assert [f"#{bytes(one['color']).hex()}" for one in categories] == COLOURS
