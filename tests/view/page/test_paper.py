"""The viewer's pages on paper."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import expect

from paper import on_paper
from view.page.conftest import View
from view.page.hands import open_result
from view.result_files import write_result


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
