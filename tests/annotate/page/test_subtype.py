"""The subtype of a region is what its reader chose: none is assumed, and none changes on the way."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from annotate.page.conftest import Enter, open_scan
from annotate.page.hands import Hands, assert_drawn
from annotate.page.served import Served
from phantom import bleed, head
from synthetic_dicom import synthetic_series

N, ROWS, COLUMNS = 6, 128, 112
HU = head(N, ROWS, COLUMNS)
SQUARE = [(20.0, 30.0), (45.0, 30.0), (45.0, 60.0), (20.0, 60.0)]
OTHER = [(60.0, 80.0), (90.0, 80.0), (90.0, 100.0), (60.0, 100.0)]
STROKE = [(30.0, 20.0), (60.0, 20.0)]
IPH, SAH, EDH, SDH, UNSTATED = 2, 3, 4, 5, 6


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A scan for each test."""
    folder = tmp_path_factory.mktemp("subtype")
    one = Served(folder / "project")
    one.start(*(synthetic_series(folder / f"head-{number}", HU) for number in range(1, 5)))
    yield one
    one.stop()


def hands_on(page: Page, scan: int) -> Hands:
    open_scan(page, scan)
    return Hands(page, ROWS, COLUMNS)


def question(page: Page) -> Locator:
    return page.get_by_role("dialog", name="Which subtype is this hemorrhage?")


def chosen(page: Page) -> list[str]:
    pressed = page.get_by_role("group", name="Subtype to draw").locator("[aria-pressed=true]")
    return [one.get_attribute("aria-label") or "" for one in pressed.all()]


def test_the_first_region_asks_and_the_choice_lasts(made: Served, enter: Enter) -> None:
    page = enter(made)
    hands = hands_on(page, 1)
    assert chosen(page) == []
    hands.to_slice(3)
    hands.outline(SQUARE)
    expect(question(page)).to_be_visible()
    page.keyboard.press("4")
    hands.drawn(3, EDH)
    assert_drawn(hands.map_of(3), SQUARE, EDH)
    assert hands.layer()["labels"]["scan"]["subtypes"] == ["EDH"]
    assert chosen(page) == ["Draw as EDH"]
    page.reload()
    expect(page.locator("main[data-ready^='#/scan/1']")).to_be_attached()
    assert chosen(page) == ["Draw as EDH"]
    hands.to_slice(4)
    hands.outline(OTHER)
    hands.saved()
    expect(question(page)).to_have_count(0)
    assert_drawn(hands.map_of(4), OTHER, EDH)
    # To take an area away needs no subtype, nor does another scan have this one's.
    hands_on(page, 2)
    assert chosen(page) == []
    page.keyboard.press("o")
    page.keyboard.down("Alt")
    hands.drag([*SQUARE, SQUARE[0]])
    page.keyboard.up("Alt")
    expect(question(page)).to_have_count(0)
    bert = enter(made, "Bert")
    hands_on(bert, 1)
    assert chosen(bert) == []


def test_an_unfinished_polygon_keeps_its_subtype(made: Served, enter: Enter) -> None:
    page = enter(made)
    hands = hands_on(page, 2)
    hands.to_slice(3)
    page.keyboard.press("Shift+4")
    page.keyboard.press("p")
    for x, y in SQUARE:
        page.mouse.click(*hands.place(x, y))
    # What is drawn elsewhere before it is closed is of a subtype of its own.
    hands.to_slice(4)
    page.keyboard.press("Shift+5")
    page.keyboard.press("b")
    hands.drag(STROKE)
    hands.saved()
    page.reload()
    expect(page.locator("#notice")).to_contain_text("unfinished outline was restored")
    assert chosen(page) == ["Draw as SDH"]
    page.keyboard.press("Enter")
    hands.saved()
    assert_drawn(hands.map_of(3, 2), SQUARE, EDH)
    assert set(np.unique(hands.map_of(4, 2))) == {0, SDH}
    # Chosen with the polygon in sight, a subtype is the polygon's.
    page.keyboard.press("p")
    for x, y in OTHER:
        page.mouse.click(*hands.place(x, y))
    page.keyboard.press("Shift+3")
    page.reload()
    expect(page.locator("#notice")).to_contain_text("unfinished outline was restored")
    page.keyboard.press("Enter")
    hands.saved()
    assert_drawn(hands.map_of(3, 2), OTHER, SAH)


def test_without_a_choice_a_shape_stays_open(made: Served, enter: Enter) -> None:
    page = enter(made)
    hands = hands_on(page, 3)
    hands.to_slice(2)
    hands.polygon(SQUARE)
    expect(question(page)).to_be_visible()
    page.keyboard.press("Enter")  # pressed once more: no subtype has the focus
    expect(question(page)).to_have_count(0)
    expect(page.locator("#notice")).to_contain_text("still open")
    assert hands.layer(3)["slices"] == {}
    page.reload()
    expect(page.locator("#notice")).to_contain_text("unfinished outline was restored")
    assert chosen(page) == []
    page.keyboard.press("Enter")
    question(page).get_by_role("button", name="Subtype not specified").click()
    hands.drawn(2, UNSTATED, 3)
    assert_drawn(hands.map_of(2, 3), SQUARE, UNSTATED)


def test_brush_growing_and_assigning_also_ask(made: Served, enter: Enter) -> None:
    page = enter(made)
    hands = hands_on(page, 4)
    hands.to_slice(4)
    page.keyboard.press("b")
    hands.drag(STROKE)
    expect(question(page)).to_be_visible()
    page.keyboard.press("Escape")
    assert hands.layer(4)["slices"] == {} and chosen(page) == []

    # A click stands until the answer.
    blood = bleed(N, ROWS, COLUMNS)[3]
    row, column = np.argwhere(blood)[blood.sum() // 2]
    page.keyboard.press("g")
    page.mouse.click(*hands.place(column + 0.5, row + 0.5))
    question(page).get_by_role("button", name="IPH").click()
    hands.drawn(4, IPH, 4)
    grown = hands.map_of(4, 4) == IPH
    assert 2 * (grown & blood).sum() > 0.9 * (grown.sum() + blood.sum())  # its edge is smoothed
    page.keyboard.press("b")
    hands.drag(STROKE)
    hands.saved()
    assert (hands.map_of(4, 4)[19:21, 32:58] == IPH).all()
    page.evaluate("localStorage.clear()")
    page.reload()
    expect(page.locator("main[data-ready^='#/scan/4']")).to_be_attached()
    page.keyboard.press("a")
    page.mouse.click(*hands.place(column + 0.5, row + 0.5))
    page.keyboard.press("Shift+3")
    hands.drawn(4, SAH, 4)
    assert np.array_equal(hands.map_of(4, 4) == SAH, grown)
