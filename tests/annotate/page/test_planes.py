"""Coronal and sagittal views in the annotation page: true to mm, with one cross-hair, and showing what is drawn."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from annotate.page.conftest import Enter, open_scan
from annotate.page.hands import Hands
from annotate.page.served import Served
from ichor.annotate.project import open_project
from ichor.scan import Scan
from synthetic_scans import synthetic_head

N, SIZE, PIXEL_MM = 20, 64, 3.2
BLOOD_AT_MM, RADII_MM = (38.0, 10.0, 60.0), (16.0, 24.0, 20.0)
# Slices that are thin below and thick above, as series of emergency heads have them.
UNEVEN_MM = (3.0,) * 8 + (9.0,) * (N - 9)
HEADS: dict[str, dict[str, Any]] = {
    "uneven": {"distances_mm": UNEVEN_MM},
    "tilted": {"distances_mm": 6.0, "tilt_deg": 18.0},
}
SDH = 5
# The extent of what is filled in a subtype's colour, in pixels of the canvas.
COLOURED = """(canvas) => {
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  const found = [];
  for (let at = 0; at < data.length; at += 4)
    if (data[at] - data[at + 2] > 25) found.push([(at / 4) % canvas.width, Math.floor(at / 4 / canvas.width)]);
  const ends = (axis) => {
    const all = found.map((one) => one[axis]).sort((a, b) => a - b);
    return [all[Math.floor(all.length * 0.01)], all[Math.floor(all.length * 0.99)]];
  };
  return { n: found.length, x: ends(0), y: ends(1), width: canvas.width, height: canvas.height };
}"""


def scan_of(name: str) -> Scan:
    scan: Scan = synthetic_head(
        n=N, size=SIZE, pixel_mm=(PIXEL_MM, PIXEL_MM), blood_at_mm=BLOOD_AT_MM, blood_radii_mm=RADII_MM, **HEADS[name]
    )
    return scan


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Heads of uneven spacing and of a tilted gantry, on which Ada has drawn all blood."""
    one = Served(tmp_path_factory.mktemp("planes") / "project", readers=("Ada",))
    with open_project(one.project, create=True) as project:
        project.add_reader("Ada")
        for name in HEADS:
            scan = scan_of(name)
            record = project.add_scan(scan, name, name)
            for k, hu in enumerate(np.asarray(scan.hu)):
                drawn = np.where((hu > 55) & (hu < 80), SDH, 0).astype(np.uint8)
                if drawn.any():
                    project.put_label_map(record.id, "Ada", k, drawn, by="Ada")
    yield one.start()
    one.stop()


def planes_of(page: Page, number: int) -> tuple[Hands, Locator, Locator]:
    open_scan(page, number)
    coronal, sagittal = (page.get_by_role("img", name=f"{kind} view") for kind in ("coronal", "sagittal"))
    expect(coronal).to_be_hidden()
    page.keyboard.press("v")
    for one in (coronal, sagittal):
        expect(one).to_be_visible()
    return Hands(page, SIZE, SIZE, (PIXEL_MM, PIXEL_MM)), coronal, sagittal


def settle(page: Page) -> None:
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


def go_to_blood(page: Page, hands: Hands, scan: Scan) -> tuple[int, int, int]:
    """Put the cross-hair into the middle of the blood, with the mouse on the slice; gives that voxel."""
    blood = np.argwhere((np.asarray(scan.hu) > 55) & (np.asarray(scan.hu) < 80))
    k, i, j = (int(one) for one in np.rint(blood.mean(axis=0)))
    hands.to_slice(k + 1)
    page.mouse.click(*hands.place(j + 0.5, i + 0.5))
    settle(page)
    return k, i, j


def number_shown(page: Page) -> int:
    return int(page.locator("[data-hud=slice] b").inner_text())


@pytest.mark.parametrize("name", HEADS)
def test_a_region_has_its_true_size_in_both_planes(made: Served, enter: Enter, name: str) -> None:
    page = enter(made)
    scan = scan_of(name)
    hands, coronal, sagittal = planes_of(page, list(HEADS).index(name) + 1)
    go_to_blood(page, hands, scan)
    box_mm = page.evaluate(
        """async (number) => {
          const { Volume } = await import('/js/placed_volume.js');
          const { getJson } = await import('/js/api.js');
          const { geometry } = await getJson(`/api/scans/${number}`);
          return new Volume(geometry, { hu: null }).box().map(([low, high]) => high - low);
        }""",
        list(HEADS).index(name) + 1,
    )
    for view, across in ((coronal, 0), (sagittal, 1)):
        found = view.evaluate(COLOURED)
        per_mm = min(found["width"] / box_mm[across], found["height"] / box_mm[2])
        width, height = ((found[axis][1] - found[axis][0]) / per_mm for axis in ("x", "y"))
        assert width == pytest.approx(2 * RADII_MM[across], abs=7)
        assert height == pytest.approx(2 * RADII_MM[2], abs=10)  # its ends lie within a slice of up to 9 mm


def test_one_crosshair_in_all_views_and_the_outlines_follow_the_drawing(made: Served, enter: Enter) -> None:
    page = enter(made)
    hands, coronal, sagittal = planes_of(page, 1)
    k, i, j = go_to_blood(page, hands, scan_of("uneven"))
    expect(page.locator("[data-action='tool.cross']")).to_have_attribute("aria-pressed", "true")
    assert sagittal.evaluate(COLOURED)["n"] > 200
    # A click higher up in the sagittal view goes to a higher slice, and one below to a lower one.
    box = sagittal.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] * 0.5, box["y"] + box["height"] * 0.38)
    expect(page.locator("[data-hud=slice] b")).not_to_have_text(str(k + 1))
    higher = number_shown(page)
    page.mouse.click(box["x"] + box["width"] * 0.5, box["y"] + box["height"] * 0.62)
    expect(page.locator("[data-hud=slice] b")).not_to_have_text(str(higher))
    assert number_shown(page) < higher
    # The wheel on a plane moves the plane: away from the blood it shows none.
    hands.to_slice(k + 1)
    page.mouse.click(*hands.place(j + 0.5, i + 0.5))
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + box["height"] * 0.5)
    for _ in range(20):
        page.mouse.wheel(0, -120)
        settle(page)
    assert sagittal.evaluate(COLOURED)["n"] == 0
    page.mouse.click(*hands.place(j + 0.5, i + 0.5))
    settle(page)
    before = coronal.evaluate(COLOURED)["n"]

    # What is erased and drawn on the slice is seen in the planes, and so is whether regions are shown at all.
    page.keyboard.press("Delete")
    hands.saved()
    settle(page)
    assert 0 < coronal.evaluate(COLOURED)["n"] < before
    page.keyboard.press("Control+z")
    hands.saved()
    settle(page)
    assert coronal.evaluate(COLOURED)["n"] == before
    page.keyboard.press("x")
    settle(page)
    assert coronal.evaluate(COLOURED)["n"] == 0
    page.keyboard.press("x")

    # The views stay open for the next scan, and give their room back when they are closed.
    open_scan(page, 2)
    expect(coronal).to_be_visible()
    page.keyboard.press("v")
    expect(coronal).to_be_hidden()
    page.reload()
    expect(page.locator(".reading:not(.loading)")).to_be_visible()
    expect(coronal).to_be_hidden()


@pytest.mark.parametrize("size", [(1024, 700), (3840, 2160)])
def test_they_fit_the_screen(made: Served, enter: Enter, size: tuple[int, int]) -> None:
    page = enter(made, size=size)
    _, coronal, sagittal = planes_of(page, 1)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    for view in (coronal, sagittal, page.locator(".stage .overlay").first):
        box = view.bounding_box()
        assert box is not None and min(box["width"], box["height"]) > 150
        assert box["x"] + box["width"] <= size[0] and box["y"] + box["height"] <= size[1]
