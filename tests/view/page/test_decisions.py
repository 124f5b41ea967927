"""Lesions and decisions on the page."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from view.page.conftest import View
from view.page.hands import Hands, open_result
from view.result_files import write_result


@pytest.fixture
def out(tmp_path: Path) -> Path:
    write_result(tmp_path / "out")
    return tmp_path / "out"


def stored(out: Path) -> dict[str, object]:
    found: dict[str, object] = json.loads((out / "head" / "decisions.json").read_text())
    return found


def say_who(page: Page, name: str) -> None:
    page.get_by_label("Name").fill(name)
    page.get_by_role("button", name="Go on").click()


def test_a_lesion_opens_its_best_slice(out: Path, view: View) -> None:
    page = view(out)
    open_result(page, "head")
    hands = Hands(page)
    page.keyboard.press("Home")
    lesion = json.loads((out / "head" / "findings.json").read_text())["hemorrhage"]["lesions"][0]
    item = page.locator(".lesions li").first
    said = item.inner_text()
    assert f"{lesion['volume_ml']:.1f} mL" in said and f"{lesion['largest_diameter_mm']:.0f} mm" in said
    assert "left side" in said and f"slices {lesion['slices'][0] + 1} to {lesion['slices'][1] + 1}" in said
    item.locator(".go").click()
    assert hands.hud("top-left") == f"Axial {lesion['centre_slice'] + 1} of 12"
    assert hands.hud("bottom-left") == "65 HU"
    expect(item).to_have_attribute("aria-current", "true")
    page.keyboard.press("Home")
    page.keyboard.press("n")
    assert hands.hud("top-left") == f"Axial {lesion['centre_slice'] + 1} of 12"


def test_decisions_are_stored_with_who_and_when(out: Path, view: View) -> None:
    page = view(out)
    open_result(page, "head")
    page.get_by_role("button", name="Accept lesion 1").click()
    say_who(page, "Ada")
    expect(page.locator("#saved")).to_have_text("Saved")
    expect(page.locator(".lesions .by").first).to_contain_text("Accepted by Ada")
    page.get_by_role("button", name="Reject the whole scan").click()
    expect(page.locator(".verdict ~ .decide .by").first).to_contain_text("Rejected by Ada")
    assert stored(out)["lesions"]["1"]["decision"] == "accept"  # type: ignore[index]
    page.reload()
    expect(page.locator(".lesions .by").first).to_contain_text("Accepted by Ada")
    page.get_by_role("button", name="Accept lesion 1").click()
    expect(page.locator(".lesions .by").first).to_have_text("")
    assert stored(out)["lesions"] == {}
    page.get_by_role("link", name="List").click()
    expect(page.locator("tbody tr").first).to_contain_text("reject")


def test_a_decision_needs_a_name(out: Path, view: View) -> None:
    page = view(out)
    open_result(page, "head")
    page.get_by_role("button", name="Accept lesion 1").click()
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator("dialog")).to_have_count(0)
    assert not (out / "head" / "decisions.json").exists()


def test_a_decision_that_cannot_be_stored_is_reported(out: Path, view: View) -> None:
    page = view(out)
    open_result(page, "head")
    (out / "head" / "decisions.json").write_text("notes of mine")
    page.get_by_role("button", name="Accept lesion 1").click()
    say_who(page, "Ada")
    expect(page.locator("#banner")).to_contain_text("found something else; it is kept")
    expect(page.locator("#saved")).to_have_text("Not saved")
