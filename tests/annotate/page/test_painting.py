"""Region growing on the demonstration scan, and brushes that paint a range of HU or a ball, with a reader's mouse."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Page, expect

from annotate.page.conftest import Enter, open_scan
from annotate.page.hands import Hands
from annotate.page.served import Served
from ichor.anatomy.skull import bone_of
from ichor.dataset.ct_ich import CtIch
from ichor.read import open_scan as read_scan
from paths import CT_ICH_PART, DEMO
from phantom import bleed, head
from synthetic_dicom import synthetic_series

N, ROWS, COLUMNS = 8, 128, 112
HU = head(N, ROWS, COLUMNS)
IPH = 2


@pytest.fixture
def page(served: Served, enter: Enter, tmp_path: Path) -> Page:
    """The reading view of the made head, on slice 6."""
    served.start(synthetic_series(tmp_path / "head", HU))
    page = enter(served)
    open_scan(page)
    Hands(page, ROWS, COLUMNS).to_slice(6)
    page.keyboard.press("Shift+2")
    return page


def click(hands: Hands, x: float, y: float) -> None:
    hands.point(x, y)
    hands.page.mouse.down()
    hands.page.mouse.up()


def test_growing_does_not_run_along_the_inner_table(served: Served, enter: Enter) -> None:
    served.start(DEMO)
    page = enter(served)
    open_scan(page)
    scan = read_scan(DEMO)
    _, rows, columns = scan.voxels.shape
    hands = Hands(page, rows, columns)
    hands.to_slice(7)
    page.keyboard.press("Shift+4")
    page.keyboard.press("g")
    reference = CtIch(CT_ICH_PART).case("088").mask[6]
    y, x = np.argwhere(reference).mean(axis=0) + 0.5
    click(hands, x, y)
    hands.saved()
    grown = hands.map_of(7) > 0
    assert 2 * (grown & reference).sum() / (grown.sum() + reference.sum()) > 0.85
    assert not (grown & bone_of(scan.hu)[6]).any()
    # Without the limits, as it was before, it is three times as much.
    page.keyboard.press("Control+z")
    for name, value in (
        ("Radius in mm", "200"),
        ("Margin to bone in mm", "0"),
        ("Smoothing in mm: thinner parts are left out", "0"),
    ):
        page.get_by_label(name).fill(value)
    page.get_by_label("Radius in mm").blur()
    click(hands, x, y)
    hands.saved()
    assert (hands.map_of(7) > 0).sum() > 1.5 * grown.sum()
    page.get_by_label("Radius in mm").fill("5")
    page.get_by_label("Radius in mm").blur()
    page.keyboard.press("Control+z")
    click(hands, x, y)
    hands.saved()
    y_grown, x_grown = np.nonzero(hands.map_of(7))
    assert y_grown.size > 0 and np.hypot(y_grown + 0.5 - y, x_grown + 0.5 - x).max() * 0.33 < 6.5


def blood_and_beside(k: int) -> tuple[NDArray[np.bool_], float, float]:
    """The blood of a slice, and its middle."""
    blood = bleed(N, ROWS, COLUMNS)[k]
    y, x = np.argwhere(blood).mean(axis=0) + 0.5
    return blood, float(x), float(y)


def test_a_thresholded_brush_paints_only_voxels_in_its_range(page: Page) -> None:
    hands = Hands(page, ROWS, COLUMNS)
    _, x, y = blood_and_beside(5)
    page.keyboard.press("b")
    page.get_by_label("Size in pixels").fill("40")
    page.get_by_role("checkbox", name="HU range").check()
    page.get_by_role("checkbox", name="HU range").blur()
    click(hands, x, y)
    hands.saved()
    yy, xx = np.mgrid[:ROWS, :COLUMNS] + 0.5
    disc = np.hypot(xx - x, yy - y) <= 19
    painted = hands.map_of(6) == IPH
    in_range = (HU[5] >= 50) & (HU[5] <= 100)
    assert np.array_equal(painted & disc, in_range & disc) and not (painted & ~in_range).any()

    # Another range, over the same place, adds brain; an eraser takes all.
    page.get_by_label("Brush: lowest HU").fill("20")
    page.get_by_label("Brush: highest HU").fill("49")
    page.get_by_label("Brush: highest HU").blur()
    click(hands, x, y)
    hands.saved()
    assert ((hands.map_of(6) == IPH) & disc).sum() > 1.5 * (painted & disc).sum()
    page.keyboard.press("e")
    expect(page.get_by_role("checkbox", name="HU range")).to_be_hidden()
    click(hands, x, y)
    hands.saved()
    assert not hands.map_of(6)[disc].any()


def test_a_ball_paints_neighboring_slices_and_is_one_step_of_undo(page: Page) -> None:
    hands = Hands(page, ROWS, COLUMNS)
    page.keyboard.press("b")
    page.get_by_label("Size in pixels").fill("32")  # 16 mm; slices are 5 mm apart
    page.get_by_role("checkbox", name="3-D").check()
    page.get_by_role("checkbox", name="3-D").blur()
    expect(page.get_by_text("16.0 mm: 3 slices")).to_be_visible()
    click(hands, 56, 64)
    hands.saved()
    yy, xx = np.mgrid[:ROWS, :COLUMNS] + 0.5
    distance = np.hypot(xx - 56, yy - 64)
    for number, radius in ((5, np.sqrt(8**2 - 5**2) / 0.5), (6, 16), (7, np.sqrt(8**2 - 5**2) / 0.5)):
        painted = hands.map_of(number) == IPH
        assert painted[distance < radius - 0.7].all() and not painted[distance > radius + 0.7].any(), number
    assert not hands.map_of(4).any() and not hands.map_of(8).any()

    page.keyboard.press("Control+z")
    hands.saved()
    assert not any(hands.map_of(number).any() for number in (5, 6, 7))
    page.keyboard.press("Control+y")
    hands.saved()
    # With a range it paints blood alone, on every slice that the ball reaches; the eraser's ball reaches them, too.
    page.keyboard.press("e")
    click(hands, 56, 64)
    hands.saved()
    assert not any(hands.map_of(number).any() for number in (5, 6, 7))
    page.keyboard.press("b")
    page.get_by_role("checkbox", name="HU range").check()
    page.get_by_role("checkbox", name="HU range").blur()
    _, x, y = blood_and_beside(5)
    click(hands, x, y)
    hands.saved()
    for number in (5, 6, 7):
        painted = hands.map_of(number) == IPH
        assert not (painted & ~((HU[number - 1] >= 50) & (HU[number - 1] <= 100))).any()
    assert (hands.map_of(5) == IPH).any() and (hands.map_of(7) == IPH).any()


def test_a_stroke_of_the_ball_that_is_canceled_leaves_no_slice_changed(page: Page) -> None:
    hands = Hands(page, ROWS, COLUMNS)
    page.keyboard.press("b")
    page.get_by_label("Size in pixels").fill("32")
    page.get_by_role("checkbox", name="3-D").check()
    page.get_by_role("checkbox", name="3-D").blur()
    hands.point(50, 60)
    page.mouse.down()
    hands.point(60, 70)
    page.keyboard.press("Escape")
    page.mouse.up()
    hands.saved()
    assert not any(hands.map_of(number).any() for number in (5, 6, 7))
