"""Midline shift, and a prior scan beside this one."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Route, expect

from ichor.anatomy.midline import find_midline
from ichor.view.opened import open_result as open_result_of
from ichor.view.results import find_results
from view.page.conftest import View
from view.page.hands import Hands, open_result
from view.result_files import write_result
from view.test_prior import write_study


def test_the_midline_shift_is_typed_dragged_stored_and_withdrawn(tmp_path: Path, view: View) -> None:
    write_result(tmp_path / "out")
    page = view(tmp_path / "out")
    open_result(page, "head")
    hands = Hands(page)
    field = page.get_by_label("Midline shift in mm")
    field.fill("-8")
    page.get_by_role("button", name="Line").click()
    x, y = hands.place(40, 31.5 - 8 / 3.2)
    right = hands.place(40, 31.5 + 6 / 3.2)[0]
    hands.drag((x, y), (right, y))
    assert float(field.input_value()) == pytest.approx(6, abs=1.5)
    page.get_by_role("button", name="Store").click()
    page.get_by_label("Name").fill("Ada")
    page.get_by_role("button", name="Go on").click()
    expect(page.locator(".measures")).to_contain_text("to the left by Ada")
    file = tmp_path / "out" / "head" / "decisions.json"
    assert json.loads(file.read_text())["midline_shift"]["mm"] == float(field.input_value())
    page.get_by_role("button", name="Use estimate").click()
    expect(page.locator(".measures")).not_to_contain_text("by Ada")
    assert json.loads(file.read_text())["midline_shift"] is None


def test_lesions_stay_in_place_when_the_measurements_arrive(tmp_path: Path, view: View) -> None:
    write_result(tmp_path / "out")
    page = view(tmp_path / "out")
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/measures", hold)
    open_result(page, "head")
    button = page.get_by_role("button", name="Accept lesion 1")
    expect(page.locator(".measures")).to_contain_text("measuring")
    before = button.bounding_box()
    for route in held:
        route.continue_()
    expect(page.locator(".measures")).not_to_contain_text("measuring")
    expect(page.locator(".measures")).to_contain_text("On the right")
    assert button.bounding_box() == before


def test_a_dragged_shift_is_measured_from_the_plane_that_the_estimate_refers_to(tmp_path: Path, view: View) -> None:
    angle = np.deg2rad(20)
    turned = np.array([[np.cos(angle), np.sin(angle), 0], [-np.sin(angle), np.cos(angle), 0]])
    folder = write_result(tmp_path / "out", orientation=turned, pixel_mm=(2.8, 3.2))
    found = find_midline(open_result_of(find_results([folder])[0], []).scan)
    assert found.plane is not None and abs(found.plane.per_row) > 0.2  # a head that is turned on its slices
    page = view(tmp_path / "out")
    open_result(page, "head")
    hands = Hands(page, pixel_mm=(2.8, 3.2))
    field = page.get_by_label("Midline shift in mm")
    field.fill("0")
    page.get_by_role("button", name="Line").click()
    k = int(hands.hud("top-left").split()[1]) - 1
    plane = found.plane
    front, behind = ((row, plane.column + plane.per_row * row + plane.per_slice * k) for row in (15, 45))
    target = (30.0, plane.column + plane.per_row * 30 + plane.per_slice * k + 5)
    hands.drag(hands.place(*behind), hands.place(*target))
    # The distance of a point from the line through two others, in mm.
    mm = np.array([2.8, 3.2])
    along, to = (np.array(behind) - front) * mm, (np.array(target) - front) * mm
    expected = (along[0] * to[1] - along[1] * to[0]) / np.hypot(*along)
    assert 0 < expected < 5 * 3.2 - 0.5  # less than along the row
    assert float(field.input_value()) == pytest.approx(expected, abs=0.75)  # shown in steps of 0.5 mm


def test_a_prior_scan_is_reported_and_shown_side_by_side(tmp_path: Path, view: View) -> None:
    write_study(tmp_path / "first", StudyDate="20240101")
    write_study(tmp_path / "second", StudyDate="20240102")
    page = view(tmp_path / "out")
    open_result(page, "second")
    expect(page.locator(".panel")).to_contain_text("Prior scan of the same patient")
    expect(page.locator(".change tbody tr").first).to_contain_text("+0.0 mL")
    page.get_by_role("button", name="Show beside").click()
    expect(page.locator(".view.axial")).to_have_count(2)
    prior = page.locator(".view.axial").nth(1).locator("[data-hud=top-left]")
    page.keyboard.press("Home")
    expect(prior).to_have_text("Prior 1 of 8")
    page.keyboard.press("2")
    expect(page.locator(".view.axial").nth(1).locator("[data-hud=top-right]")).to_have_text("L 700  W 3200")
    page.get_by_role("button", name="Show beside").click()
    expect(page.locator(".view.axial")).to_have_count(1)
    assert "SECRET" not in page.content() and "Secret" not in page.content()
