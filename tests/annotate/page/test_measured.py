"""Areas, volumes and rulers as a reader sees them, and what survives a reload."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect
from scipy import ndimage

from annotate.page.conftest import Enter, open_scan
from annotate.page.hands import Hands
from annotate.page.served import Served
from ichor.annotate.project import open_project
from phantom import head
from synthetic_dicom import synthetic_series

N, ROWS, COLUMNS = 8, 128, 112
PIXEL_MM, SLICE_MM = 0.5, 5.0  # of synthetic_dicom
HU = head(N, ROWS, COLUMNS)
SQUARE = [(30.0, 50.0), (70.0, 50.0), (70.0, 90.0), (30.0, 90.0)]
SMALL = [(78.0, 60.0), (90.0, 60.0), (90.0, 70.0), (78.0, 70.0)]
LENGTHS = """() => (document.querySelector('.overlay').getAttribute('aria-description') ?? '')
  .split('; ').filter(Boolean).map(parseFloat)"""


@pytest.fixture
def hands(served: Served, enter: Enter, tmp_path: Path) -> Hands:
    """The reading view of the made head, on slice 4."""
    served.start(synthetic_series(tmp_path / "head", HU))
    page = enter(served)
    open_scan(page)
    hands = Hands(page, ROWS, COLUMNS)
    hands.to_slice(4)
    return hands


def rows_of(page: Page) -> Locator:
    return page.get_by_role("region", name="Regions").locator("tbody tr")


def cells(row: Locator) -> list[str]:
    return row.locator("th, td").all_inner_texts()


def reload(page: Page) -> None:
    page.reload()
    expect(page.locator("main[data-ready]")).to_be_attached()
    expect(page.locator(".reading:not(.loading)")).to_be_visible()


def test_regions_are_measured_as_they_are_drawn(hands: Hands) -> None:
    page = hands.page
    expect(page.get_by_role("heading", name="Regions")).to_be_hidden()
    page.keyboard.press("Shift+5")
    hands.outline(SQUARE)
    expect(rows_of(page)).to_have_count(1)
    hands.to_slice(5)
    page.keyboard.press(",")
    page.keyboard.press("Shift+2")
    hands.outline(SMALL)
    hands.to_slice(7)
    hands.outline(SMALL)
    expect(rows_of(page)).to_have_count(3)
    hands.to_slice(5)
    hands.saved()
    maps = np.stack([hands.map_of(number) for number in range(1, N + 1)])
    expected = []
    for label, name in ((5, "SDH"), (2, "IPH")):
        numbers, count = ndimage.label(maps == label, np.ones((3, 3, 3)))
        for number in range(1, count + 1):
            region = numbers == number
            slices = np.flatnonzero(region.any(axis=(1, 2))) + 1
            here = region[4].sum() * PIXEL_MM**2
            ml = region.sum() * PIXEL_MM**2 * SLICE_MM / 1000
            span = f"{slices[0]}–{slices[-1]}" if len(slices) > 1 else f"{slices[0]}"
            expected.append((name, span, f"{here:.0f} mm²" if here else "–", pytest.approx(ml, abs=0.006)))
    shown = [(*words, float(ml.removesuffix(" mL"))) for *words, ml in map(cells, rows_of(page).all())]
    assert sorted(shown) == sorted(expected, key=lambda one: one[:3])
    all_ml = (maps > 0).sum() * PIXEL_MM**2 * SLICE_MM / 1000
    total = cells(page.get_by_role("region", name="Regions").locator("tfoot tr"))[-1]
    assert float(total.removesuffix(" mL")) == pytest.approx(all_ml, abs=0.006)

    # A click on a region goes to it, and what is erased is no longer counted.
    rows_of(page).filter(has_text=re.compile(r"^IPH\s*7")).get_by_role("button").click()
    expect(page.locator("[data-hud=slice] b")).to_have_text("7")
    page.keyboard.press("Delete")
    expect(rows_of(page)).to_have_count(2)


def test_rulers_are_saved_with_the_reading(hands: Hands, served: Served, enter: Enter, tmp_path: Path) -> None:
    page = hands.page
    page.keyboard.press("r")
    hands.drag([(20, 64), (60, 64)])
    hands.drag([(30, 30), (30, 60)])
    hands.saved()
    lengths = [pytest.approx(20.0, abs=0.3), pytest.approx(15.0, abs=0.3)]
    assert page.evaluate(LENGTHS) == lengths
    reload(page)  # at once: the steps of undo are not lost either
    expect(page.locator("[data-hud=slice] b")).to_have_text("4")
    assert page.evaluate(LENGTHS) == lengths
    page.keyboard.press("y")
    expect(page.get_by_role("dialog")).to_contain_text("2 rulers")
    page.keyboard.press("Escape")

    # Undo takes one away, also after the reload; Esc all, while the ruler is the tool, and undo brings them back.
    page.keyboard.press("Control+z")
    assert page.evaluate(LENGTHS) == lengths[:1]
    page.keyboard.press("Control+y")
    page.keyboard.press("Escape")
    assert page.evaluate(LENGTHS) == lengths
    page.keyboard.press("r")
    page.keyboard.press("Escape")
    assert page.evaluate(LENGTHS) == []
    page.keyboard.press("Control+z")
    hands.saved()
    assert page.evaluate(LENGTHS) == lengths
    # No other reader sees them before both are done.
    other = enter(served, "Bert")
    open_scan(other)
    Hands(other, ROWS, COLUMNS).to_slice(4)
    assert other.evaluate(LENGTHS) == []

    served.stop()
    with open_project(served.project) as project:
        rulers = project.labels(1, "Ada", 3).rulers
    assert [one.mm((PIXEL_MM, PIXEL_MM)) for one in rulers] == lengths


def test_a_ruler_on_a_finished_reading_is_not_saved(hands: Hands) -> None:
    page = hands.page
    page.keyboard.press("d")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    for box in dialog.get_by_role("checkbox").all():
        box.check()
    dialog.locator("button[value=done]").click()
    expect(page.get_by_role("button", name="Reopen the reading")).to_be_visible()
    page.keyboard.press("r")
    hands.drag([(20, 64), (60, 64)])
    assert page.evaluate(LENGTHS) == [pytest.approx(20.0, abs=0.3)]
    reload(page)
    assert page.evaluate(LENGTHS) == []


def test_undo_window_and_subtype_survive_a_reload(hands: Hands) -> None:
    page = hands.page
    page.keyboard.press("Shift+5")
    hands.outline(SQUARE)
    hands.outline(SMALL)
    page.keyboard.press("Alt+6")
    page.keyboard.press("Control+z")
    hands.saved()
    page.keyboard.press("3")
    page.locator("#window-width").fill("77")
    page.locator("#window-width").blur()
    both = hands.map_of(4)
    page.wait_for_timeout(600)
    reload(page)
    expect(page.locator("[data-hud=window]")).to_have_text("L 80  W 77 HU")
    expect(page.get_by_role("button", name="Draw as SDH")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("Control+y")
    expect(page.locator("[data-level=slice] [data-what=fracture]")).to_have_attribute("aria-pressed", "true")
    for _ in range(2):
        page.keyboard.press("Control+z")
    hands.saved()
    one = hands.map_of(4)
    assert (one > 0).sum() < (both > 0).sum()
    page.keyboard.press("Control+z")
    hands.saved()
    assert not hands.map_of(4).any()
    expect(page.locator("[data-action=undo]")).to_be_disabled()
    for _ in range(2):
        page.keyboard.press("Control+y")
    hands.saved()
    assert np.array_equal(hands.map_of(4), both)


def test_steps_are_not_kept_over_a_change_made_elsewhere(hands: Hands) -> None:
    page = hands.page
    page.keyboard.press("Shift+5")
    hands.outline(SQUARE)
    hands.saved()
    page.wait_for_timeout(600)
    address = page.url
    other = page.context.new_page()
    other.goto(address)
    expect(other.locator("main[data-ready]")).to_be_attached()
    second = Hands(other, ROWS, COLUMNS)
    second.to_slice(4)
    second.outline(SMALL)
    second.saved()
    both = second.map_of(4)
    reload(page)
    expect(page.locator("[data-action=undo]")).to_be_disabled()
    page.keyboard.press("Control+z")
    hands.saved()
    assert np.array_equal(hands.map_of(4), both)
