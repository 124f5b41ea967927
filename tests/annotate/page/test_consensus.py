"""The consensus, when the server takes its time: one operation after the other, and the page shows that it is busy."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, Route, expect

from annotate.page.conftest import Enter, open_scan
from annotate.page.hands import Hands
from annotate.page.served import Served
from ichor.annotate.project import CONSENSUS, open_project
from ichor.read import open_scan as read_scan
from phantom import head
from synthetic_dicom import synthetic_series

N, ROWS, COLUMNS = 6, 96, 96
SDH = 5
TOP, BOTTOM = (10.0, 70.0), (30.0, 85.0)


@pytest.fixture
def consensus(served: Served, enter: Enter, tmp_path: Path) -> Iterator[Page]:
    """Ada at the consensus: on slices 2 to 4 she drew one block, and Bert a larger one."""
    with open_project(served.project, create=True) as project:
        scan = project.add_scan(
            read_scan(synthetic_series(tmp_path / "head", head(N, ROWS, COLUMNS))), "001", "head"
        ).id
        for reader, stop in (("Ada", 50), ("Bert", 60)):
            project.add_reader(reader)
            block = np.zeros((ROWS, COLUMNS), np.uint8)
            block[30:stop, 30:50] = SDH
            for k in (1, 2, 3):
                project.put_label_map(scan, reader, k, block, by=reader)
            project.set_state(scan, reader, "done", by=reader)
    served.start()
    page = enter(served, "Ada")
    open_scan(page, consensus=True)
    yield page


def button(page: Page, choice: str) -> None:
    group = page.get_by_role("group", name="Apply to the whole scan")
    # Where the button is, whatever the page makes of the click.
    group.get_by_role("button", name=choice, exact=True).click(force=True, no_wait_after=True)


def hold(page: Page) -> list[Route]:
    """Keep the page's operations on the consensus from the server; they are added to what this gives."""
    held: list[Route] = []

    def keep(route: Route) -> None:
        held.append(route)

    page.route("**/consensus/take", keep)
    return held


def areas(page: Page) -> list[int]:
    hands = Hands(page, ROWS, COLUMNS)
    return [int((hands.map_of(number, layer=CONSENSUS) > 0).sum()) for number in range(1, N + 1)]


def test_the_page_is_busy_and_ignores_a_second_click(consensus: Page) -> None:
    page = consensus
    held = hold(page)
    button(page, "STAPLE")
    busy = page.locator(".hud.busy")
    expect(busy).to_have_text("Computing STAPLE …")
    expect(page.locator("#saved")).to_have_text("Computing STAPLE …")
    for name in ("Union", "Ada"):
        of_both = page.get_by_role("button", name=name, exact=True)
        assert [one.is_disabled() for one in of_both.all()] == [True, True]
    expect(page.get_by_role("button", name="Consensus done")).to_be_disabled()
    button(page, "Union")
    hands = Hands(page, ROWS, COLUMNS)
    for key in ("d", "b", "Alt+1", "i"):
        page.keyboard.press(key)
    hands.drag([TOP, BOTTOM])
    expect(busy).to_be_visible()
    (route,) = held
    route.continue_()
    expect(page.locator("#notice")).to_have_text("STAPLE applied to the whole scan.")
    expect(busy).to_be_hidden()
    page.unroute("**/consensus/take")
    layer = hands.layer(layer=CONSENSUS)
    assert (layer["state"], areas(page)) == ("in progress", [0, 400, 400, 400, 0, 0])
    assert layer["labels"]["scan"]["subtypes"] == ["SDH"]
    button(page, "Union")
    expect(page.locator("#notice")).to_have_text("Union applied to the whole scan.")
    assert areas(page) == [0, 600, 600, 600, 0, 0]


def test_requests_on_an_older_consensus_are_refused_and_the_newer_one_is_shown(
    consensus: Page, served: Served, enter: Enter
) -> None:
    ada, bert = consensus, enter(served, "Bert")
    open_scan(bert, consensus=True)
    held = hold(ada)
    button(ada, "Union")
    expect(ada.locator(".hud.busy")).to_be_visible()
    button(bert, "Intersection")
    expect(bert.locator("#notice")).to_have_text("Intersection applied to the whole scan.")
    held[0].continue_()
    expect(ada.locator("#notice")).to_contain_text("this layer has changed in the meantime")
    assert areas(ada) == [0, 400, 400, 400, 0, 0]
    expect(ada.locator(".thumb[data-state=drawn]")).to_have_count(3)  # what is there now is shown
    ada.unroute("**/consensus/take")
    button(ada, "Union")
    expect(ada.locator("#notice")).to_have_text("Union applied to the whole scan.")
    assert areas(ada) == [0, 600, 600, 600, 0, 0]
