"""One browser for all tests of the page, with WebGL in software."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect

from annotate.page.hands import PATIENT_MS
from annotate.page.served import Served

expect.set_options(timeout=PATIENT_MS)

Enter = Callable[..., Page]


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """A project, not started yet."""
    one = Served(tmp_path / "project")
    yield one
    one.stop()


@pytest.fixture
def enter(browser: Browser) -> Iterator[Enter]:
    """Opens a reader's browser: by the reader's link, and where that was used, with the session it became.

    What the pages complain of, and what they ask of another host, fails the test.
    """
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def open_page(served: Served, reader: str = "Ada", *, size: tuple[int, int] = (1280, 800)) -> Page:
        kept = served.cookies.get(reader)
        context = browser.new_context(viewport={"width": size[0], "height": size[1]}, storage_state=kept)
        context.set_default_timeout(PATIENT_MS)
        contexts.append(context)
        context.on("weberror", lambda one: complaints.append(str(one.error)))
        context.on("console", lambda one: complaints.append(one.text) if is_complaint(one) else None)
        context.on("request", lambda one: complaints.append(one.url) if not one.url.startswith(HARMLESS) else None)
        page = context.new_page()
        page.goto(served.links[reader] if kept is None else served.url)
        expect(page.locator("#reader")).to_have_text(reader)
        served.cookies[reader] = context.storage_state()
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []


HARMLESS = ("http://127.0.0.1:", "data:", "blob:")


def is_complaint(message: ConsoleMessage) -> bool:
    """Whether the browser says that a page did wrong; that a request was refused, the tests ask for."""
    return message.type == "error" and not message.text.startswith("Failed to load resource")


def open_scan(page: Page, number: int = 1, *, consensus: bool = False) -> None:
    """Go to a scan's reading view (or its consensus) and wait until all slices are there."""
    page.goto(page.url.split("#")[0] + f"#/scan/{number}" + ("/consensus" if consensus else ""))
    expect(page.locator(".reading:not(.loading)")).to_be_visible(timeout=PATIENT_MS)
    expect(page.locator("main[data-ready]")).to_be_attached(timeout=PATIENT_MS)
    expect(page.get_by_role("progressbar", name="Loading the scan")).to_be_hidden(timeout=PATIENT_MS)
