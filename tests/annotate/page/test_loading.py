"""A scan over a slow connection: the open slice first, then its neighbours, each read as soon as it is there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from playwright.sync_api import CDPSession, Page, Request, expect

from annotate.page.conftest import Enter
from annotate.page.hands import Hands
from annotate.page.served import Served
from phantom import head
from synthetic_dicom import synthetic_series

N, ROWS, COLUMNS = 12, 448, 416
HU = head(N, ROWS, COLUMNS)
BYTES_PER_S = 100_000
STARTED = 4  # the slice that is opened


@pytest.fixture
def made(served: Served, tmp_path: Path) -> Iterator[Served]:
    yield served.start(synthetic_series(tmp_path / "head", HU))


def network(page: Page) -> CDPSession:
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    return session


def throttle(session: CDPSession, bytes_per_s: int = -1, *, offline: bool = False) -> None:
    """Limit the connection; -1 is without a limit."""
    limits = {"latency": 0, "downloadThroughput": bytes_per_s, "uploadThroughput": bytes_per_s}
    session.send("Network.emulateNetworkConditions", {"offline": offline, **limits})


def slices_of(request: Request) -> list[int]:
    """The numbers of the slices that a request asks for."""
    return [int(k) + 1 for k in parse_qs(urlsplit(request.url).query).get("k", [])]


def open_slice(page: Page, number: int) -> Hands:
    page.goto(f"{page.url.split('#')[0]}#/scan/1?slice={number}")
    expect(page.locator(".reading:not(.loading)")).to_be_visible()
    expect(page.locator("main[data-ready]")).to_be_attached()
    return Hands(page, ROWS, COLUMNS)


def assert_hu(hands: Hands, number: int) -> None:
    """What stands under the cursor at two pixels of the slice that is shown."""
    for column, row in ((200, 150), (260, 300)):
        hands.point(column + 0.5, row + 0.5)
        words = f"{HU[number - 1, row, column]} HU   column {column + 1}, row {row + 1}"
        expect(hands.page.locator("[data-hud=cursor]")).to_have_text(words)


def test_the_open_slice_comes_first_and_is_read_while_the_others_come(made: Served, enter: Enter) -> None:
    page = enter(made)
    expect(page.locator("tr[data-scan]")).to_have_count(1)
    requests: list[list[int]] = []
    page.on("request", lambda one: requests.append(slices_of(one)) if "/voxels?" in one.url else None)
    session = network(page)
    sent: dict[str, int] = {}
    ours: set[str] = set()

    def received(event: dict[str, Any]) -> None:
        if "/voxels?" in event["response"]["url"]:
            headers = {name.lower(): value for name, value in event["response"]["headers"].items()}
            assert headers["content-encoding"] == "gzip"
            ours.add(event["requestId"])

    session.on("Network.responseReceived", received)
    session.on("Network.loadingFinished", lambda event: sent.update({event["requestId"]: event["encodedDataLength"]}))
    throttle(session, BYTES_PER_S)
    hands = open_slice(page, STARTED)
    bar = page.get_by_role("progressbar", name="Loading the scan")
    missing = page.get_by_text("is still loading …")
    expect(bar).to_be_visible()
    expect(bar).to_have_attribute("aria-valuemax", str(N))
    assert requests[:3] == [[4], [5, 3], [6, 2]]
    expect(missing).to_be_hidden()
    assert_hu(hands, STARTED)
    # It is drawn on while the others are on their way.
    page.keyboard.press("Shift+5")
    page.keyboard.press("b")
    hands.drag([(150, 200), (180, 200)])
    hands.saved()
    assert hands.map_of(STARTED).any()

    # A slice that is not there yet is neither read nor drawn on, and is the next to come.
    before = len(requests)
    page.keyboard.press("End")
    expect(missing).to_have_text("Slice 12 is still loading …")
    page.mouse.click(*hands.place(150, 200))
    expect(page.locator("#notice")).to_have_text("This slice is still loading.")
    last = page.locator(f".thumb[data-slice='{N - 1}']")
    assert last.get_attribute("data-looked") is None
    expect(missing).to_be_hidden()
    assert requests[before][0] in (12, 8, 7, 1)  # one may have been asked for at the same time
    assert [12, 11] in requests[before : before + 2]
    assert not hands.map_of(12).any()
    assert_hu(hands, 12)
    expect(last).to_have_attribute("data-looked", "")

    throttle(session)
    expect(bar).to_be_hidden()
    assert sorted(number for one in requests for number in one) == list(range(1, N + 1))
    for number in range(1, N + 1):
        hands.to_slice(number)
        assert_hu(hands, number)
    assert sum(sent[one] for one in ours) < 0.45 * HU.nbytes
    # Thumbnails of slices that came later are painted, too.
    lit = """(all) => all.map((one) => one.getContext('2d').getImageData(0, 0, 72, 72))
      .map(({ data }) => data.some((value, at) => at % 4 < 3 && value))"""
    assert page.locator(".thumb canvas").evaluate_all(lit) == [True] * N


def test_loading_continues_after_the_connection_was_lost(made: Served, enter: Enter) -> None:
    page = enter(made)
    expect(page.locator("tr[data-scan]")).to_have_count(1)
    session = network(page)
    throttle(session, BYTES_PER_S)
    hands = open_slice(page, 1)
    bar = page.get_by_role("progressbar", name="Loading the scan")
    throttle(session, offline=True)
    expect(bar).to_contain_text("The server is not responding.")
    throttle(session)
    expect(bar).to_be_hidden()
    hands.to_slice(N)
    assert_hu(hands, N)


def test_a_scan_that_is_left_stops_loading(made: Served, enter: Enter) -> None:
    page = enter(made)
    expect(page.locator("tr[data-scan]")).to_have_count(1)
    throttle(network(page), BYTES_PER_S)
    open_slice(page, 6)
    page.keyboard.press("l")
    expect(page.locator(".worklist")).to_be_visible()
    later: list[str] = []
    page.on("request", lambda one: later.append(one.url))
    throttle(network(page))
    page.get_by_label("Search subject or scan").fill("head")
    expect(page.locator("tr[data-scan]")).to_have_count(1)
    page.wait_for_load_state("networkidle")
    assert not [url for url in later if "/voxels?" in url]


def test_voxels_arrive_unchanged_even_at_the_ends_of_the_range(served: Served, enter: Enter, tmp_path: Path) -> None:
    hu = np.zeros((6, 64, 64), np.int16)
    hu[2, ::2], hu[2, 1::2, ::2] = 3071, -1024
    page = enter(served.start(synthetic_series(tmp_path / "steps", hu)))
    expect(page.locator("tr[data-scan]")).to_have_count(1)
    page.goto(f"{page.url.split('#')[0]}#/scan/1?slice=3")
    hands = Hands(page, 64, 64)
    expect(page.locator(".reading:not(.loading)")).to_be_visible()
    for column, row in ((0, 0), (0, 1), (1, 1), (63, 63), (62, 63)):
        hands.point(column + 0.5, row + 0.5)
        expect(page.locator("[data-hud=cursor]")).to_contain_text(f"{hu[2, row, column]} HU ")
