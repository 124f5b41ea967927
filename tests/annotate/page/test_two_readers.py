"""Two readers in two tabs of one browser: what each draws is saved to each, whoever opened a link last."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import expect

from annotate.page.conftest import Enter, open_scan
from annotate.page.hands import Hands, asked, assert_drawn
from annotate.page.served import Served
from ichor.serving.access import ACCESS
from phantom import head
from synthetic_dicom import synthetic_series

N, ROWS, COLUMNS = 6, 96, 96
HU = head(N, ROWS, COLUMNS)
LEFT = [(20.0, 30.0), (40.0, 30.0), (40.0, 60.0), (20.0, 60.0)]
RIGHT = [(55.0, 30.0), (75.0, 30.0), (75.0, 60.0), (55.0, 60.0)]
EDH, SDH = 4, 5


def test_each_tab_saves_to_the_reader_that_it_was_opened_for(served: Served, enter: Enter, tmp_path: Path) -> None:
    served.start(synthetic_series(tmp_path / "head", HU))
    ada = enter(served, "Ada")
    open_scan(ada)
    bert = ada.context.new_page()
    bert.goto(served.links["Bert"])
    expect(bert.locator("#reader")).to_have_text("Bert")
    open_scan(bert)
    of_ada, of_bert = Hands(ada, ROWS, COLUMNS), Hands(bert, ROWS, COLUMNS)

    # Regions, labels, the time, and the state: in Ada's tab, after Bert opened his link in another one.
    ada.bring_to_front()
    of_ada.to_slice(3)
    ada.keyboard.press("Shift+4")
    of_ada.outline(LEFT)
    ada.keyboard.press("Alt+6")
    of_ada.saved()
    assert_drawn(of_ada.map_of(3), LEFT, EDH)
    assert of_bert.layer()["slices"] == {} and not of_bert.layer()["labels"]["scan"]["fracture"]
    assert {one["who"] for one in asked(ada, "scans/1/history").json()} == {"Ada"}
    assert asked(bert, "scans/1/history").json() == []

    bert.bring_to_front()
    of_bert.to_slice(4)
    bert.keyboard.press("Shift+5")
    of_bert.outline(RIGHT)
    of_bert.saved()
    assert list(of_bert.layer()["slices"]) == ["3"] and list(of_ada.layer()["slices"]) == ["2"]

    # What each has begun outlives a reload, in its own tab.
    for page, hands, shape in ((ada, of_ada, RIGHT), (bert, of_bert, LEFT)):
        page.bring_to_front()
        hands.to_slice(5)
        page.keyboard.press("p")
        for x, y in shape:
            page.mouse.click(*hands.place(x, y))
    for page, hands, shape, label in ((ada, of_ada, RIGHT, EDH), (bert, of_bert, LEFT, SDH)):
        page.bring_to_front()
        name = page.locator("#reader").inner_text()
        page.reload()
        expect(page.locator("#notice")).to_contain_text("unfinished outline was restored")
        expect(page.locator("#reader")).to_have_text(name)
        page.keyboard.press("Shift+4" if label == EDH else "Shift+5")
        page.keyboard.press("Enter")
        hands.saved()
        assert_drawn(hands.map_of(5), shape, label)


def test_a_page_without_a_reader_in_its_address_asks_who_reads(served: Served, enter: Enter, tmp_path: Path) -> None:
    served.start(synthetic_series(tmp_path / "head", HU))
    page = enter(served, "Ada")
    page.goto(served.url)  # one session: nothing to ask
    expect(page.locator("#reader")).to_have_text("Ada")
    page.goto(served.links["Bert"])
    expect(page.locator("#reader")).to_have_text("Bert")
    page.goto(served.url + "#/scan/1")
    expect(page.get_by_text("Who is reading?")).to_be_visible()
    page.get_by_role("button", name="Ada").click()
    expect(page.locator("#reader")).to_have_text("Ada")
    expect(page.locator("main[data-ready='#/scan/1']")).to_be_attached()


def test_a_page_whose_readers_session_is_gone_keeps_its_changes_from_other_readers(
    served: Served, enter: Enter, tmp_path: Path
) -> None:
    served.start(synthetic_series(tmp_path / "head", HU))
    ada = enter(served, "Ada")
    open_scan(ada)
    hands = Hands(ada, ROWS, COLUMNS)
    served.kill()
    (served.project / ACCESS).unlink()
    served.start()
    bert = ada.context.new_page()
    bert.goto(served.links["Bert"])
    expect(bert.locator("#reader")).to_have_text("Bert")
    ada.bring_to_front()
    hands.to_slice(3)
    ada.keyboard.press("Shift+5")
    hands.outline(LEFT)
    expect(ada.get_by_role("alert")).to_contain_text("Your session has ended")
    assert asked(bert, "scans/1/layers/mine").json()["slices"] == {}
    again = ada.context.new_page()
    again.goto(served.links["Ada"])
    hands.saved()
    assert_drawn(hands.map_of(3), LEFT, SDH)
    assert asked(bert, "scans/1/layers/mine").json()["slices"] == {}
