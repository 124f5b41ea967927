"""Nothing is lost and nothing is let in: reloads, two tabs, a killed server, links, addresses, a scan of 600 slices."""

from __future__ import annotations

import re
import resource
from collections.abc import Iterator
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from playwright.sync_api import Page, Route, expect

from annotate.page.conftest import Enter, open_scan
from annotate.page.hands import Hands, asked, assert_drawn
from annotate.page.served import Served
from ichor.annotate.project import open_project
from phantom import head
from synthetic_dicom import synthetic_series

N, ROWS, COLUMNS = 6, 96, 96
HU = head(N, ROWS, COLUMNS)
# A subject whose name would be an element, were it not shown as text.
SUBJECT = "<img src=x onerror=alert(1)>"
LEFT = [(20.0, 30.0), (40.0, 30.0), (40.0, 60.0), (20.0, 60.0)]
RIGHT = [(55.0, 30.0), (75.0, 30.0), (75.0, 60.0), (55.0, 60.0)]
LOW = [(30.0, 68.0), (60.0, 68.0), (60.0, 80.0), (30.0, 80.0)]
SDH, STROKE = 5, [(30.0, 20.0), (60.0, 20.0)]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Three scans of one subject, served for all tests that leave the server alone."""
    folder = tmp_path_factory.mktemp("safety")
    scans = [synthetic_series(folder / f"head-{number}", HU) for number in (1, 2, 3)]
    one = Served(folder / "project")
    one.start(*scans, options=["--subject", SUBJECT])
    yield one
    one.stop()


def hands_on(page: Page, scan: int) -> Hands:
    open_scan(page, scan)
    page.keyboard.press("Shift+5")
    return Hands(page, ROWS, COLUMNS)


def test_a_reload_in_mid_drawing_loses_nothing_of_more_than_a_second_before(made: Served, enter: Enter) -> None:
    page = enter(made)
    hands = hands_on(page, 1)

    def reload() -> None:
        page.reload()
        page.mouse.up()
        expect(page.locator("main[data-ready^='#/scan/1']")).to_be_attached()

    # A stroke of the brush is saved while the button is still down.
    hands.to_slice(2)
    page.keyboard.press("b")
    hands.point(*STROKE[0])
    page.mouse.down()
    page.mouse.move(*hands.place(*STROKE[1]), steps=20)
    hands.saved()
    reload()
    expect(page.locator("[data-hud=slice] b")).to_have_text("2")
    expect(page.locator(".thumb[data-slice='1']")).to_have_attribute("data-state", "drawn")
    assert (hands.map_of(2)[19:21, 30:60] == SDH).all()

    # An outline that is not closed is unfinished outline was restored as a polygon, and so is a polygon.
    hands.to_slice(3)
    page.keyboard.press("o")
    hands.point(*LEFT[0])
    page.mouse.down()
    for x, y in LEFT[1:]:
        page.mouse.move(*hands.place(x, y), steps=5)
    page.wait_for_timeout(1000)  # the second that may be lost
    page.mouse.move(*hands.place(60, 70))
    reload()
    expect(page.locator("#notice")).to_contain_text("unfinished outline was restored")
    page.keyboard.press("Backspace")
    page.keyboard.press("Enter")
    hands.saved()
    assert_drawn(hands.map_of(3), LEFT, SDH, within=1.5)
    hands.to_slice(4)
    page.keyboard.press("p")
    for x, y in RIGHT:
        page.mouse.click(*hands.place(x, y))
    kept, scan = page.evaluate("JSON.stringify(localStorage)"), asked(page, "scans/1").json()
    assert "begun" in kept and not any(name in kept for name in ("Ada", scan["name"], scan["subject"]))
    reload()
    expect(page.locator("[data-hud=slice] b")).to_have_text("4")
    page.keyboard.press("Enter")
    hands.saved()
    assert_drawn(hands.map_of(4), RIGHT, SDH)
    reload()
    expect(page.locator("#notice")).to_be_hidden()


def test_two_tabs_that_change_the_same_are_shown_both_and_nothing_is_lost(made: Served, enter: Enter) -> None:
    page = enter(made)
    here = hands_on(page, 2)
    other = page.context.new_page()
    other.goto(page.url)
    there = hands_on(other, 2)
    for hands in (here, there):
        hands.to_slice(3)

    there.outline(LEFT)
    there.saved()
    page.bring_to_front()
    here.outline(RIGHT)
    dialog = page.get_by_role("dialog", name="Slice 3 was also changed elsewhere")
    expect(dialog.get_by_text("Your version (not saved)")).to_be_visible()
    expect(dialog.locator("canvas")).to_have_count(2)
    page.keyboard.press("Escape")  # is no answer
    expect(dialog).to_be_visible()
    dialog.get_by_role("button", name="Keep both").click()
    here.saved()
    both = here.map_of(3, 2)
    assert both[45, 30] == both[45, 65] == SDH and both[74, 45] == 0

    # The other tab has the older state now, and takes what was saved here with its labels.
    other.bring_to_front()
    there.outline(LOW)
    other.get_by_role("dialog").get_by_role("button", name="Use the other").click()
    there.saved()
    assert np.array_equal(there.map_of(3, 2), both)
    there.outline(LOW)
    there.saved()
    expect(other.get_by_role("dialog")).to_have_count(0)
    assert there.map_of(3, 2)[74, 45] == SDH

    # Labels: the note of one, the fracture of the other.
    here.to_slice(5)
    there.to_slice(5)
    page.keyboard.press("Alt+6")
    here.saved()
    other.keyboard.press("n")
    other.keyboard.type("<b>calvar")
    expect(other.locator("#saved")).to_have_text("Also changed elsewhere")
    other.keyboard.type("ium</b>")  # not interrupted by the question
    expect(other.get_by_role("dialog")).to_have_count(0)
    other.keyboard.press("Escape")  # leaves the note
    dialog = other.get_by_role("dialog", name="The labels of slice 5 were also changed elsewhere")
    expect(dialog).to_contain_text("<b>calvarium</b>")
    expect(dialog).to_contain_text("fracture")
    dialog.get_by_role("button", name="Keep mine").click()
    there.saved()
    labels = there.layer(2)["labels"]["slices"]["4"]
    assert (labels["note"], labels["fracture"]) == ("<b>calvarium</b>", False)
    # What was not kept is in the history.
    said = [one["text"] for one in asked(page, "scans/2/history").json()]
    assert "labeled fracture" in said and said.count("drew SDH") == 3


def test_a_server_killed_in_mid_save_loses_nothing_that_the_page_has(
    served: Served, enter: Enter, tmp_path: Path
) -> None:
    served.start(synthetic_series(tmp_path / "head", HU))
    page = enter(served)
    hands = hands_on(page, 1)
    hands.to_slice(3)
    hands.outline(LEFT)
    hands.saved()
    kept = hands.map_of(3)

    hands.to_slice(4)
    page.keyboard.press("b")
    hands.point(*STROKE[0])
    page.mouse.down()
    # Once a save is on its way; how far the server comes with it is as chance has it, as in life.
    with page.expect_request(lambda one: one.method == "PUT"):
        page.mouse.move(*hands.place(45, 20), steps=3)
    served.kill()
    page.mouse.move(*hands.place(*STROKE[1]), steps=3)
    page.mouse.up()
    expect(page.get_by_role("alert")).to_contain_text("The server is not responding")
    expect(page.locator("#saved")).to_have_text("Not saved: no connection to the server")
    # What was saved is on the disk, whole.
    with open_project(served.project) as project:
        assert np.array_equal(project.label_map(1, "Ada")[2], kept)

    # One can go on drawing, but not leave without being asked.
    hands.to_slice(5)
    hands.outline(RIGHT)
    page.keyboard.press("l")
    expect(page.locator("#notice")).to_contain_text("Some changes are not saved yet")
    expect(page.locator("[data-hud=slice] b")).to_have_text("5")
    with page.expect_event("dialog") as asked:  # closing does not wait for it
        page.close(run_before_unload=True)
    assert asked.value.type == "beforeunload"
    asked.value.dismiss()
    expect(page.locator("#saved")).to_have_text("Not saved: no connection to the server")

    served.start()  # the session outlasts the server
    hands.saved()
    expect(page.locator("#banner")).to_be_hidden()
    assert np.array_equal(hands.map_of(3), kept)
    assert (hands.map_of(4)[19:21, 30:60] == SDH).all()
    assert_drawn(hands.map_of(5), RIGHT, SDH)


def test_a_lost_response_does_not_look_like_a_change_elsewhere(made: Served, enter: Enter) -> None:
    page = enter(made)
    hands = hands_on(page, 3)
    saved: list[str] = []
    away = True

    def lose_the_answer(route: Route) -> None:
        """The first change of a kind reaches the server, as the last one before a kill may; nothing comes back."""
        if not away or route.request.method != "PUT":
            route.continue_()
            return
        if route.request.url not in saved:
            saved.append(route.request.url)
            assert route.fetch().ok
        route.abort()

    page.route("**/api/scans/3/layers/mine/**", lose_the_answer)
    hands.to_slice(2)
    hands.outline(LEFT)
    expect(page.locator("#saved")).to_have_text("Not saved: no connection to the server")
    hands.outline(RIGHT)
    page.keyboard.press("Alt+6")
    while len(saved) < 2:
        page.wait_for_timeout(50)
    page.keyboard.press("n")
    page.keyboard.type("calvarium")
    away = False
    hands.saved()
    expect(page.get_by_role("dialog")).to_have_count(0)
    drawn = hands.map_of(2, 3)
    assert drawn[45, 30] == drawn[45, 65] == SDH
    labels = hands.layer(3)["labels"]["slices"]["1"]
    assert (labels["note"], labels["fracture"]) == ("calvarium", True)
    page.unroute_all(behavior="wait")


def test_a_disk_that_is_full_is_reported_and_the_drawing_is_kept_and_saved_later(
    served: Served, enter: Enter, tmp_path: Path
) -> None:
    served.start(synthetic_series(tmp_path / "head", HU))
    page = enter(served)
    hands = hands_on(page, 1)
    hands.to_slice(3)
    assert served.process is not None
    # No file of the server's may grow beyond nothing, as on a full disk.
    hard = resource.prlimit(served.process.pid, resource.RLIMIT_FSIZE)[1]
    resource.prlimit(served.process.pid, resource.RLIMIT_FSIZE, (0, hard))
    hands.outline(LEFT)
    expect(page.get_by_role("alert")).to_contain_text("Saving failed")
    expect(page.get_by_role("alert")).to_contain_text("could not be")
    expect(page.locator("#saved")).to_have_text("Not saved: saving failed")
    hands.to_slice(4)
    hands.outline(RIGHT)
    page.keyboard.press("l")
    expect(page.locator("#notice")).to_contain_text("Some changes are not saved yet")
    resource.prlimit(served.process.pid, resource.RLIMIT_FSIZE, (hard, hard))
    hands.saved()
    expect(page.locator("#banner")).to_be_hidden()
    assert_drawn(hands.map_of(3), LEFT, SDH)
    assert_drawn(hands.map_of(4), RIGHT, SDH)


def test_a_link_opens_once_and_without_one_there_is_nothing(made: Served, enter: Enter) -> None:
    page = enter(made)
    # The token is not kept in the address.
    assert re.fullmatch(re.escape(made.url) + r"\?reader=[0-9a-f]{16}#?/?", page.evaluate("location.href"))
    expect(page.locator("tbody")).to_contain_text(SUBJECT)
    context = page.context
    for link in (made.links["Ada"], made.url + "enter?token=wrong", made.url + "enter"):
        answer = page.goto(link)
        assert answer is not None and answer.status == 403
        expect(page.locator("body")).to_contain_text("Each link works only once")
    context.clear_cookies()
    page.goto(made.url + "#/scan/1")
    expect(page.get_by_role("alert")).to_contain_text("with your reader's link")
    expect(page.locator("main")).to_be_empty()


def test_path_tricks_in_the_address_find_nothing(made: Served, enter: Enter) -> None:
    page = enter(made)
    for path in (
        "../../etc/passwd",
        "..%2f..%2fproject.sqlite",
        "js/%2e%2e/%2e%2e/server/app.py",
        "js/main.js%00",
        "%00",
    ):
        answer = page.request.get(made.url + path)
        assert answer.status in (400, 404), path
    for trick in (
        "0",
        "99",
        "1%00",
        "../1",
        "1/../2",
        "-1",
        "1e0",
        "9" * 30,
        "1/consensus/x",
        "<img src=x onerror=alert(1)>",
    ):
        page.goto(made.url + "#/scan/" + trick)
        page.reload()
        page.locator(".worklist, .failed").first.wait_for()
        expect(page.locator("img")).to_have_count(0)
    for slice_asked, shown in (("99999", "6"), ("0", "1"), ("3", "3")):
        page.goto(made.url)
        open_scan_at(page, slice_asked)
        expect(page.locator("[data-hud=slice] b")).to_have_text(shown)


def open_scan_at(page: Page, asked: str) -> None:
    page.goto(page.url.split("#")[0] + f"#/scan/3?slice={asked}")
    expect(page.locator(".reading:not(.loading)")).to_be_visible()


def test_a_scan_of_600_slices_opens_scrolls_and_saves(served: Served, enter: Enter, tmp_path: Path) -> None:
    hu = np.ascontiguousarray(head(600, ROWS, COLUMNS).transpose(2, 1, 0))
    file = tmp_path / "thin.nii.gz"
    nib.nifti1.Nifti1Image(hu, np.diag([-0.5, -0.5, 0.6, 1.0])).to_filename(file)
    served.start(file)
    page = enter(served)
    hands = hands_on(page, 1)
    number = page.locator("[data-hud=slice] b")
    expect(number).to_have_text("301")
    expect(page.locator(".thumb")).to_have_count(600)
    for key, shown in (("End", "600"), ("PageDown", "595"), ("Home", "1"), ("ArrowUp", "2")):
        page.keyboard.press(key)
        expect(number).to_have_text(shown)
        expect(page.locator(".thumb[aria-current]")).to_be_in_viewport()
    hands.point(48, 48)
    for _ in range(20):
        page.mouse.wheel(0, -120)
    expect(number).to_have_text("22")
    hands.to_slice(590)
    hands.outline(LEFT)
    hands.to_slice(20)
    page.keyboard.press("Shift+ArrowUp")
    expect(number).to_have_text("590")
    hands.saved()
    page.reload()
    expect(number).to_have_text("590")
    assert_drawn(hands.map_of(590), LEFT, SDH)
