""" "Correct" on the page: the outlines open in the annotation tool, and what was done there is shown."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from annotate.page.hands import Hands as DrawingHands
from ichor.annotate.corrections import project_of
from ichor.annotate.project import open_project
from linked import PATIENT_S
from view.page.conftest import View
from view.page.hands import open_result
from view.page.test_decisions import say_who, stored
from view.result_files import write_result

IPH, SDH = 2, 5
BESIDE = [(10.0, 20.0), (22.0, 20.0), (22.0, 34.0), (10.0, 34.0)]  # the other side of the head


@pytest.fixture
def out(tmp_path: Path) -> Path:
    write_result(tmp_path / "out")
    return tmp_path / "out"


def opened_tool(page: Page, click: Callable[[], None]) -> Page:
    """The tab of the annotation tool that a click opens."""
    with page.expect_popup() as popup:
        click()
    tool = popup.value
    expect(tool.locator(".reading:not(.loading)")).to_be_visible()
    expect(tool.locator("main[data-ready]")).to_be_attached()
    return tool


def finish(tool: Page, hands: DrawingHands, n: int = 12) -> None:
    """Look at all slices, accept what is left of the outlines, and say that the reading is done."""
    for number in range(1, n + 1):
        hands.to_slice(number)
        expect(tool.locator(f".thumb[data-slice='{number - 1}']")).to_have_attribute("data-looked", "")
    tool.get_by_role("button", name="Reading done").click()
    dialog = tool.get_by_role("dialog")
    expect(dialog.get_by_role("checkbox").first).to_be_visible()
    for box in dialog.get_by_role("checkbox").all():
        box.check()
    dialog.get_by_role("button", name="Reading done").click()
    expect(tool.get_by_role("button", name="Reopen the reading")).to_be_visible()


def test_from_the_click_to_a_stored_correction(out: Path, view: View) -> None:
    page = view(out)
    open_result(page, "head")
    lesion = json.loads((out / "head" / "findings.json").read_text())["hemorrhage"]["lesions"][0]
    page.get_by_role("button", name="Correct lesion 1").click()
    tool = opened_tool(page, lambda: say_who(page, "Ada"))
    expect(tool.locator("#reader")).to_have_text("Ada")
    expect(tool.locator("[data-hud=slice] b")).to_have_text(str(lesion["centre_slice"] + 1))
    assert stored(out)["lesions"]["1"]["decision"] == "correct"  # type: ignore[index]

    hands = DrawingHands(tool, 64, 64, (3.2, 3.2))
    number = lesion["centre_slice"] + 1
    before = hands.map_of(number)
    assert (before > 0).any()
    row, column = np.argwhere(before > 0).mean(axis=0)
    tool.keyboard.press("Shift+5")
    hands.outline([(column - 4, row - 10), (column + 4, row - 10), (column + 4, row + 10), (column - 4, row + 10)])
    hands.saved()
    assert not np.array_equal(hands.map_of(number), before)
    page.bring_to_front()
    page.evaluate("window.dispatchEvent(new Event('focus'))")
    expect(page.locator(".lesions .decide")).to_contain_text("Drawing begun by Ada")
    finish(tool, hands)

    page.evaluate("window.dispatchEvent(new Event('focus'))")
    expect(page.locator(".lesions .decide")).to_contain_text("Corrected by Ada, ")
    expect(page.locator(".verdict ~ .decide")).to_contain_text("Corrected by Ada, ")
    page.reload()
    expect(page.locator(".lesions .decide")).to_contain_text("Corrected by Ada, ")
    with page.expect_popup() as popup:
        page.get_by_role("button", name="Open the drawing of lesion 1").click()
    expect(popup.value.get_by_role("button", name="Reopen the reading")).to_be_visible()


def test_unchanged_lesions_and_the_state_of_the_project(
    out: Path, new_page: Callable[..., Page], start_view: Callable[..., tuple[subprocess.Popen[str], str]]
) -> None:
    process, link = start_view(out)
    page = new_page()
    page.goto(link)
    open_result(page, "head")
    page.get_by_role("button", name="Correct the whole scan").click()
    tool = opened_tool(page, lambda: say_who(page, "Bert"))
    finish(tool, DrawingHands(tool, 64, 64, (3.2, 3.2)))
    page.evaluate("window.dispatchEvent(new Event('focus'))")
    expect(page.locator(".verdict ~ .decide")).to_contain_text("Corrected by Bert, ")
    expect(page.locator(".lesions .decide")).not_to_contain_text("Bert")
    page.get_by_role("button", name="Correct lesion 1").click()
    expect(page.locator(".lesions .decide")).to_contain_text("Left unchanged by Bert")
    process.send_signal(signal.SIGINT)
    assert process.wait(PATIENT_S) == 0
    with open_project(project_of(out / "head")) as project:
        (scan,) = project.scans()
        assert (scan.name, project.readers(), project.final_layer(scan.id)) == ("head", ["Bert"], "Bert")
    # The project is read again by the next viewer, which need not open the tool for it.
    _, link = start_view(out)
    page.goto(link)
    open_result(page, "head")
    expect(page.locator(".verdict ~ .decide")).to_contain_text("Corrected by Bert, ")


def test_reasons_why_the_tool_does_not_open(out: Path, view: View) -> None:
    page = view(out)
    open_result(page, "head")
    with open_project(project_of(out / "head"), create=True), page.expect_popup() as popup:
        page.get_by_role("button", name="Correct lesion 1").click()
        say_who(page, "Ada")
        expect(page.locator("#banner")).to_contain_text("found it open in another process; close it there first")
        assert popup.value.is_closed() or popup.value.wait_for_event("close") is not None
    opened_tool(page, page.get_by_role("button", name="Open the drawing of lesion 1").click)  # type: ignore[arg-type]


def test_a_browser_that_lets_no_tab_open_gets_a_link(out: Path, view: View) -> None:
    page = view(out)
    open_result(page, "head")
    page.evaluate("window.open = () => null")
    page.get_by_role("button", name="Correct lesion 1").click()
    say_who(page, "Ada")
    tool = opened_tool(page, page.get_by_role("link", name="Open the annotation tool").click)  # type: ignore[arg-type]
    expect(tool.locator("#reader")).to_have_text("Ada")
