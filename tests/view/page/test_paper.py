"""The viewer's pages on paper: dark ink on white, nothing cut off, nothing that can only be clicked."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page, expect

from accessibility import faults
from view.made import write_result
from view.page.conftest import View
from view.page.hands import open_result

CUT_OFF = """() => [...document.querySelectorAll("main, main *")].filter((one) =>
  getComputedStyle(one).overflowY !== "visible" && one.scrollHeight > one.clientHeight + 1
  && one.clientHeight > 0 && !one.closest(".stage")).map((one) => one.className)"""


def on_paper(page: Page) -> bytes:
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert faults(page) == []
    assert page.evaluate(CUT_OFF) == []
    expect(page.locator("button:not(.go)").locator("visible=true")).to_have_count(0)
    expect(page.get_by_text("Research use only; not a medical device.")).to_be_visible()
    return page.pdf(format="A4")


def test_a_list_and_a_result(tmp_path: Path, view: View) -> None:
    for number in range(40):
        write_result(tmp_path / "out", f"head-{number:02}")
    page = view(tmp_path / "out")
    expect(page.locator("tbody tr")).to_have_count(40)
    pdf = on_paper(page)
    assert pdf.count(b"/Type /Page\n") > 1
    page.emulate_media(media="screen")
    open_result(page, "head-00")
    pdf = on_paper(page)
    assert b"/Subtype /Image" in pdf
    expect(page.locator(".lesions .go").first).to_be_visible()
    expect(page.locator(".measures")).to_contain_text("Midline shift")
