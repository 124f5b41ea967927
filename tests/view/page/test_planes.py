"""Coronal and sagittal views: true to mm with tilt and uneven spacing, and one cross-hair in all three."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from view.page.conftest import View
from view.page.hands import Hands, open_result, settle
from view.result_files import write_result

BLOOD_AT_MM, RADII_MM = (38.0, 10.0, 60.0), (16.0, 24.0, 20.0)
GEOMETRIES: dict[str, dict[str, Any]] = {
    "straight": {"distances_mm": 6.0, "n": 20},
    "tilted": {"distances_mm": 6.0, "n": 20, "tilt_deg": 18.0},
}
# Of the coloured pixels of a view: their extent and middle, in pixels of its canvas.
COLOURED = """(place) => {
  const c = document.querySelector(place); const { data } = c.getContext('2d').getImageData(0, 0, c.width, c.height);
  const found = [];
  for (let at = 0; at < data.length; at += 4)
    if (data[at] - data[at + 2] > 40) found.push([(at / 4) % c.width, Math.floor(at / 4 / c.width)]);
  const of = (axis) => found.map((one) => one[axis]).sort((a, b) => a - b);
  const ends = (v) => [v[Math.floor(v.length * 0.005)], v[Math.floor(v.length * 0.995)]];
  return { n: found.length, x: ends(of(0)), y: ends(of(1)), width: c.width, height: c.height };
}"""


def extent_mm(page: Page, place: str, box_mm: tuple[float, float]) -> tuple[float, float]:
    found = page.evaluate(COLOURED, f"{place} canvas")
    per_mm = min(found["width"] / box_mm[0], found["height"] / box_mm[1])
    return (found["x"][1] - found["x"][0]) / per_mm, (found["y"][1] - found["y"][0]) / per_mm


@pytest.mark.parametrize("name", GEOMETRIES)
def test_a_lesion_has_its_true_size_in_both_planes(tmp_path: Path, view: View, name: str) -> None:
    write_result(tmp_path / "out", name, blood_at_mm=BLOOD_AT_MM, blood_radii_mm=RADII_MM, **GEOMETRIES[name])
    page = view(tmp_path / "out")
    open_result(page, name)
    page.get_by_label("Opacity of the outlined area").fill("100")
    page.locator(".lesions .go").first.click()
    settle(page)
    box = page.evaluate(
        """async (number) => {
        const { loadVolume } = await import('/js/load.js');
        return (await loadVolume(number)).volume.box().map(([low, high]) => high - low);
    }""",
        0,
    )
    width, height = extent_mm(page, ".coronal", (box[0], box[2]))
    assert width == pytest.approx(2 * RADII_MM[0], abs=6) and height == pytest.approx(2 * RADII_MM[2], abs=8)
    width, height = extent_mm(page, ".sagittal", (box[1], box[2]))
    assert width == pytest.approx(2 * RADII_MM[1], abs=6) and height == pytest.approx(2 * RADII_MM[2], abs=8)


def test_uneven_slices_are_drawn_at_their_heights(tmp_path: Path, view: View) -> None:
    # NIfTI cannot say uneven spacing: the geometry is given to the page's own module.
    write_result(tmp_path / "out")
    page = view(tmp_path / "out")
    values = page.evaluate("""async () => {
        const { Volume } = await import('/js/placed_volume.js');
        const { sample } = await import('/js/planes.js');
        const heights = [0, 10, 30];
        const geometry = { n: 3, rows: 1, columns: 1, known: true, pixel_mm: [1, 1], along_columns: [1, 0, 0],
          along_rows: [0, 1, 0], origins: heights.map((z) => [0, 0, z]) };
        const volume = new Volume(geometry, { hu: new Int16Array([0, 100, 300]), labels: null, lesions: null });
        return [-6, -5, 0, 5, 10, 20, 30, 40, 41].map((z) => sample(volume, [0, 0, z])?.hu ?? null);
    }""")
    assert values == [None, 0, 0, 50, 100, 200, 300, 300, None]


def test_one_crosshair_in_all_views(tmp_path: Path, view: View) -> None:
    write_result(tmp_path / "out", n=20, distances_mm=6.0)
    page = view(tmp_path / "out")
    open_result(page, "head")
    hands = Hands(page)
    page.mouse.click(*hands.place(36, 44))
    before = int(hands.hud("top-left").split()[1])
    assert hands.hud("bottom-left") == "65 HU"
    # A click higher up in the sagittal view goes to a higher slice.
    box = page.locator(".sagittal canvas").bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] * 0.5, box["y"] + box["height"] * 0.4)
    after = int(hands.hud("top-left").split()[1])
    page.mouse.click(box["x"] + box["width"] * 0.5, box["y"] + box["height"] * 0.6)
    assert int(hands.hud("top-left").split()[1]) < after != before
