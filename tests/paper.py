"""A page as it is printed: dark ink on white, nothing cut off, nothing that can only be clicked."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from accessibility import faults

CUT_OFF = """() => [...document.querySelectorAll("main, main *")].filter((one) =>
  getComputedStyle(one).overflowY !== "visible" && one.scrollHeight > one.clientHeight + 1
  && one.clientHeight > 0 && !one.closest(".stage")).map((one) => one.className)"""


def on_paper(page: Page) -> bytes:
    """Check the page in print and return it as PDF; it stays in print."""
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert faults(page) == []
    assert page.evaluate(CUT_OFF) == []
    expect(page.locator("button:not(.go, .regions *, .labels *)").locator("visible=true")).to_have_count(0)
    expect(page.get_by_text("Research use only; not a medical device.")).to_be_visible()
    return page.pdf(format="A4")
