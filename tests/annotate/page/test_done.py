"""What the page asks before a reading is done: nothing is finished by a key that was pressed too early."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from annotate.page.conftest import Enter, open_scan
from annotate.page.hands import Hands
from annotate.page.served import Served
from ichor.annotate.project import CONSENSUS, open_project
from ichor.read import open_scan as read_scan
from phantom import head
from synthetic_dicom import synthetic_series

N, ROWS, COLUMNS = 6, 96, 96
SQUARE = [(20.0, 30.0), (45.0, 30.0), (45.0, 60.0), (20.0, 60.0)]
SDH = 5


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Four scans; of scan 3 Ada has AI outlines, and of scan 4 both readers are done, Bert with regions."""
    folder = tmp_path_factory.mktemp("done")
    one = Served(folder / "project")
    scan = read_scan(synthetic_series(folder / "head", head(N, ROWS, COLUMNS)))
    block = np.zeros((ROWS, COLUMNS), np.uint8)
    block[30:50, 30:50] = SDH
    with open_project(one.project, create=True) as project:
        for number in (1, 2, 3, 4):
            project.add_scan(scan, f"00{number}", f"scan {number}")
        for reader in one.readers:
            project.add_reader(reader)
            project.add_looks(4, reader, range(N), by=reader)
        for k in (1, 2):
            project.put_label_map(3, "Ada", k, block, by="Ada", origins="ai")
            project.put_label_map(4, "Bert", k, block, by="Bert")
        for reader in one.readers:
            project.set_state(4, reader, "done", by=reader)
    one.start()
    yield one
    one.stop()


def hands_on(page: Page, scan: int) -> Hands:
    """The reading view of a scan, whose first slice shown counts as viewed."""
    open_scan(page, scan)
    expect(page.locator(".thumb[data-looked]")).not_to_have_count(0)
    return Hands(page, ROWS, COLUMNS)


def look_at_all(hands: Hands) -> None:
    for number in range(1, N + 1):
        hands.to_slice(number)
        expect(hands.page.locator(f".thumb[data-slice='{number - 1}']")).to_have_attribute("data-looked", "")


def question(page: Page, what: str = "this reading") -> Locator:
    return page.get_by_role("dialog", name=f"Is {what} done?")


def test_a_key_pressed_on_an_unseen_scan_finishes_nothing(made: Served, enter: Enter) -> None:
    page = enter(made)
    hands = hands_on(page, 1)
    page.keyboard.press("d")
    dialog = question(page)
    expect(dialog).to_contain_text("5 of 6 slices have not been viewed: 1–3, 5–6.")
    expect(dialog).to_contain_text("Nothing is drawn or labeled.")
    finished = dialog.get_by_role("button", name="Reading done")
    expect(finished).to_be_disabled()
    page.keyboard.press("Enter")  # goes on, at the first slice that is open
    expect(dialog).to_have_count(0)
    expect(page.locator("[data-hud=slice] b")).to_have_text("1")
    assert hands.layer()["state"] == "new"

    # With all slices seen one question is left, which a key answers in words.
    look_at_all(hands)
    page.keyboard.press("d")
    expect(dialog.get_by_role("checkbox")).to_have_count(0)
    expect(dialog.get_by_role("button", name="No hemorrhage on this scan")).to_be_visible()
    page.keyboard.press("0")
    expect(page.get_by_role("button", name="Reopen the reading")).to_be_visible()
    expect(page.locator("#notice")).to_have_text("Done: hemorrhage on 0 slices, none on 6 slices.")
    expect(page.locator(".labels[data-level=scan] [data-what=none]")).to_have_attribute("aria-pressed", "true")
    layer = hands.layer()
    assert (layer["state"], layer["labels"]["scan"]["no_hemorrhage"]) == ("done", True)


def test_a_reading_is_finished_only_after_the_server_has_all_views(made: Served, enter: Enter) -> None:
    page = enter(made, "Bert")
    hands = hands_on(page, 1)
    page.route("**/looks", lambda _: None)
    look_at_all(hands)
    page.wait_for_timeout(1500)  # the page reports by itself once a second, and its reports are slow
    page.keyboard.press("d")
    page.wait_for_timeout(500)
    page.unroute("**/looks")  # what was held goes on
    expect(question(page)).to_contain_text("Nothing is drawn or labeled.")
    expect(question(page)).not_to_contain_text("have not been viewed")


def test_slices_can_be_left_unread_knowingly_and_looks_outlive_a_reload(made: Served, enter: Enter) -> None:
    page = enter(made)
    hands = hands_on(page, 2)
    hands.to_slice(3)
    page.keyboard.press("Shift+5")
    hands.outline(SQUARE)
    hands.saved()
    page.keyboard.press("d")
    dialog = question(page)
    expect(dialog).to_contain_text("4 of 6 slices have not been viewed: 1–2, 5–6.")
    dialog.get_by_role("button", name="Show slice 1").click()
    expect(page.locator(".thumb[data-slice='0']")).to_have_attribute("data-looked", "")
    page.reload()
    expect(page.locator("main[data-ready^='#/scan/2']")).to_be_attached()
    expect(page.locator(".thumb[data-looked]")).to_have_count(3)
    page.keyboard.press("d")
    expect(dialog).to_contain_text("3 of 6 slices have not been viewed: 2, 5–6.")
    dialog.get_by_label("Leave these slices unread.").check()
    dialog.get_by_role("button", name="Reading done").click()
    expect(page.locator("#notice")).to_have_text("Done: hemorrhage on 1 slice, none on 2 slices, 3 slices unread.")
    # Opened again it is as it was; what was asked once and has not changed is asked again.
    page.keyboard.press("d")
    expect(page.locator("#notice")).to_have_text("Reopened.")
    page.keyboard.press("d")
    expect(dialog).to_contain_text("3 of 6 slices have not been viewed")


def test_a_reading_with_unaccepted_ai_outlines_is_not_done(made: Served, enter: Enter) -> None:
    page = enter(made)
    hands = hands_on(page, 3)
    expect(page.locator(".thumb[data-state=machine]")).to_have_count(2)
    look_at_all(hands)
    hands.to_slice(2)
    expect(page.get_by_text("AI outlines, neither changed nor accepted yet")).to_be_visible()
    page.keyboard.press("d")
    dialog = question(page)
    expect(dialog).to_contain_text("AI outlines on slices 2–3 have not been changed, accepted or rejected.")
    expect(dialog.get_by_role("button", name="Reading done")).to_be_disabled()
    dialog.get_by_label("Accept these outlines as they are.").check()
    dialog.get_by_role("button", name="Reading done").click()
    expect(page.locator("#notice")).to_contain_text("Done: hemorrhage on 2 slices")
    expect(page.locator(".thumb[data-state=machine]")).to_have_count(0)
    expect(page.get_by_text("AI outlines, accepted as they are")).to_be_visible()
    assert [one["origins"] for one in hands.layer(3)["slices"].values()] == [{str(SDH): "ai accepted"}] * 2
    # Opened again, a change makes it the reader's too, and undone it is what it was.
    page.keyboard.press("d")
    expect(page.get_by_role("button", name="Reading done")).to_be_visible()
    page.keyboard.press("e")
    hands.drag([(31, 31), (35, 35)])
    hands.saved()
    assert hands.layer(3)["slices"]["1"]["origins"] == {str(SDH): "ai edited"}
    page.keyboard.press("Control+z")
    hands.saved()
    assert hands.layer(3)["slices"]["1"]["origins"] == {str(SDH): "ai accepted"}


def test_an_empty_consensus_is_not_done_without_confirmation(made: Served, enter: Enter) -> None:
    page = enter(made)
    open_scan(page, 4, consensus=True)
    page.get_by_role("button", name="Consensus done").click()
    dialog = question(page, "the consensus")
    expect(dialog).to_contain_text("A reading has regions on slices 2–3, where the consensus is undecided.")
    expect(dialog).to_contain_text("There are regions in the reading of Bert.")
    finished = dialog.get_by_role("button", name="Consensus done")
    expect(finished).to_be_disabled()
    dialog.get_by_label("Leave these slices without a region.").check()
    expect(finished).to_be_disabled()
    dialog.get_by_role("button", name="Show slice 2").click()
    hands = Hands(page, ROWS, COLUMNS)
    assert hands.layer(4, CONSENSUS)["state"] == "new"
    group = page.get_by_role("group", name="Apply to the whole scan")
    group.get_by_role("button", name="Bert", exact=True).click()
    expect(page.locator("#notice")).to_contain_text("applied to the whole scan")
    page.get_by_role("button", name="Consensus done").click()
    expect(page.locator("#notice")).to_have_text("Done: hemorrhage on 2 slices, none on 4 slices.")


@pytest.mark.parametrize("size", [(1024, 700), (1280, 800)])
def test_the_questions_fit_the_screen(made: Served, enter: Enter, size: tuple[int, int]) -> None:
    page = enter(made, "Bert", size=size)
    open_scan(page, 1)
    page.keyboard.press("d")
    within(question(page), size)
    page.keyboard.press("Escape")
    page.keyboard.press("g")
    page.mouse.click(*Hands(page, ROWS, COLUMNS).place(48, 48))
    within(page.get_by_role("dialog", name="Which subtype is this hemorrhage?"), size)


def within(dialog: Locator, size: tuple[int, int]) -> None:
    expect(dialog).to_be_visible()
    box = dialog.bounding_box()
    assert box is not None and box["x"] >= 0 and box["y"] >= 0
    assert box["x"] + box["width"] <= size[0] and box["y"] + box["height"] <= size[1]
    for button in dialog.get_by_role("button").all():
        expect(button).to_be_in_viewport()
