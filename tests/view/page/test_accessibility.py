"""The viewer's pages and dialogs have no serious fault of accessibility."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from accessibility import faults
from view.page.conftest import View
from view.page.hands import open_result
from view.page.test_copy import copied
from view.result_files import write_result
from view.test_prior import write_study


def test_the_list_a_result_and_the_dialogs(tmp_path: Path, view: View) -> None:
    write_result(tmp_path / "out")
    (tmp_path / "out" / "broken").mkdir()
    (tmp_path / "out" / "broken" / "findings.json").write_text("{")
    page = view(tmp_path / "out")
    assert faults(page) == []
    open_result(page, "head")
    expect(page.locator(".measures")).to_contain_text("On the right")
    assert faults(page) == []
    page.keyboard.press("n")
    page.get_by_role("button", name="Line").click()
    assert faults(page) == []
    page.keyboard.press("?")
    assert faults(page) == []
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Accept lesion 1").click()
    assert faults(page) == []
    page.get_by_label("Name").fill("Ada")
    page.get_by_role("button", name="Go on").click()
    expect(page.locator("#saved")).to_have_text("Saved")
    assert faults(page) == []
    page.goto(page.url.split("#")[0] + "#/result/1")
    expect(page.locator(".failed")).to_be_visible()
    assert faults(page) == []


def test_a_prior_scan_side_by_side(tmp_path: Path, view: View) -> None:
    write_study(tmp_path / "first", StudyDate="20240101")
    write_study(tmp_path / "second", StudyDate="20240102")
    page = view(tmp_path / "out")
    open_result(page, "second")
    page.get_by_role("button", name="Show beside").click()
    expect(page.locator(".view.axial")).to_have_count(2)
    assert faults(page) == []


def test_a_copy(tmp_path: Path, new_page: Callable[..., Page]) -> None:
    assert copied(write_result(tmp_path / "out"), "--html", tmp_path / "copy.html").returncode == 0
    page = new_page(allowed=("file://", "data:"))
    page.goto((tmp_path / "copy.html").as_uri())
    expect(page.locator("main[data-ready]")).to_be_attached()
    assert faults(page) == []


@pytest.mark.parametrize("path", ["", "enter?token=x"])
def test_an_unknown_visitor(
    tmp_path: Path, start_view: Callable[..., tuple[object, str]], new_page: Callable[..., Page], path: str
) -> None:
    write_result(tmp_path / "out")
    _, link = start_view(tmp_path / "out")
    page = new_page()
    page.goto(link.split("enter")[0] + path)
    assert page.locator("main, p").first.inner_text() is not None
    assert faults(page) == []
