"""The worklist in Chromium: studies by urgency, decisions of two people, updates, the viewer, and the keyboard."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from accessibility import faults
from ichor.node.people import Role
from ichor.node.queue.audit import Did
from ichor.node.queue.retries import Retries
from ichor.node.services import Services
from node.web.page.conftest import Served, log_in
from web_parts import add_study

Open = Callable[..., Page]


def row(page: Page, study: str) -> Locator:
    return page.locator(f"tr[data-study='{study}']")


def order(page: Page) -> list[str]:
    found: list[str] = page.locator("tr[data-study]").evaluate_all("all => all.map((one) => one.dataset.study)")
    return found


def decide(page: Page, study: str, words: str) -> None:
    row(page, study).get_by_role("button", name=words).click()


def test_studies_by_urgency_with_their_patients(services: Services, head: Path, by_link: Open) -> None:
    none = add_study(services, verdict="none", probability=0.02, volume_ml=0, result=head)
    suspected = add_study(services, result=head, PatientName="Okafor^Ngozi", PatientID="4711", AccessionNumber="A17")
    waiting = add_study(services, verdict=None)
    page = by_link()
    expect(page.locator("tr[data-study]")).to_have_count(3)
    assert order(page) == [suspected, waiting, none]
    words = row(page, suspected).inner_text()
    for expected in ("Hemorrhage suspected", "0.90", "12.0 mL", "Okafor Ngozi", "ID 4711", "Acc. A17", "Delivered"):
        assert expected in words
    assert "Not analyzed yet" in row(page, waiting).inner_text() and "Receiving" in row(page, waiting).inner_text()
    assert "Research use only; not a medical device." in page.inner_text("footer")
    assert faults(page) == []
    seen = {one.study[:16] for one in services.queue.audit.entries() if one.did == Did.SAW_PATIENT}
    assert seen == {suspected, waiting, none}


@pytest.mark.long
def test_two_people_decide_on_the_same_study(services: Services, head: Path, served: Served, new_page: Open) -> None:
    study = add_study(services, result=head)
    for name in ("Ada", "Bert"):
        served.add(name)
    served.start()
    ada, bert = new_page(), new_page()
    log_in(ada, served, "Ada")
    log_in(bert, served, "Bert")
    bert.evaluate("window.setTimeout = () => 0")  # Bert's page is not updated from here on
    decide(ada, study, "Accept")
    expect(row(ada, study)).to_contain_text("Accepted by Ada")
    decide(bert, study, "Reject")
    expect(bert.locator("#banner")).to_contain_text("Ada has decided: accept in the meantime")
    expect(row(bert, study)).to_contain_text("Accepted by Ada")
    decide(bert, study, "Reject")
    expect(row(bert, study)).to_contain_text("Rejected by Bert")
    expect(row(ada, study)).to_contain_text("Rejected by Bert")
    (file,) = services.results.glob("*/decisions.json")
    assert json.loads(file.read_text())["scan"]["who"] == "Bert"
    assert [(one.who, one.detail) for one in services.queue.audit.entries() if one.did == Did.DECIDED] == [
        ("Ada", "result 1: accept"),
        ("Bert", "result 1: reject"),
    ]


def test_a_decided_study_stays_until_the_list_is_opened_again(services: Services, head: Path, by_link: Open) -> None:
    first, second = (add_study(services, probability=p, result=head) for p in (0.9, 0.8))
    page = by_link()
    decide(page, first, "Accept")
    expect(row(page, first)).to_contain_text("Accepted by")
    page.keyboard.press("u")
    expect(row(page, first)).to_contain_text("Accepted by")
    assert order(page) == [first, second]
    decide(page, first, "Accept")  # withdrawn
    expect(row(page, first)).not_to_contain_text("Accepted by")
    decide(page, first, "Correct")
    expect(row(page, first)).to_contain_text("To be corrected by")
    page.reload()
    expect(page.locator("tr[data-study]")).to_have_count(1)
    assert order(page) == [second]
    page.get_by_role("button", name="Decided").click()
    expect(row(page, first)).to_contain_text("To be corrected by")
    page.reload()
    expect(row(page, first)).to_be_visible()


@pytest.mark.long
def test_a_new_study_appears_without_moving_what_is_read(services: Services, head: Path, by_link: Open) -> None:
    studies = [add_study(services, probability=0.9 - k / 100) for k in range(25)]
    page = by_link()
    expect(page.locator("tr[data-study]")).to_have_count(25)
    box = page.locator(".table").first
    box.evaluate("one => { one.scrollTop = 600; }")
    reading = row(page, studies[15])
    reading.locator(".open").focus()
    before = reading.bounding_box()
    urgent = add_study(services, probability=0.99, result=head)
    expect(row(page, urgent)).to_have_count(1)
    after = reading.bounding_box()
    assert before is not None and after is not None and abs(before["y"] - after["y"]) < 2
    assert order(page)[0] == urgent
    expect(reading.locator(".open")).to_be_focused()


def test_one_click_opens_the_viewer_and_leads_back(services: Services, head: Path, by_link: Open) -> None:
    study = add_study(services, result=head, PatientName="Okafor^Ngozi")
    page = by_link()
    row(page, study).get_by_role("link").click()
    expect(page.locator("main[data-ready]")).to_be_attached()
    expect(page.locator("#where")).to_contain_text("Okafor Ngozi")
    page.get_by_role("button", name="Accept the whole scan").click()
    expect(page.locator(".verdict ~ .decide .by").first).to_contain_text("Accepted by")
    page.get_by_role("link", name="Worklist").click()
    page.get_by_role("button", name="All").click()
    expect(row(page, study)).to_contain_text("Accepted by")
    did = [one.did for one in services.queue.audit.entries()]
    assert did.count(Did.SAW_IMAGES) == 1 and did.count(Did.SAW_FINDINGS) == 1 and did.count(Did.DECIDED) == 1


def test_the_role_viewer_sees_everything_and_decides_nothing(
    services: Services, head: Path, served: Served, new_page: Open
) -> None:
    study = add_study(services, result=head, destinations=("pacs",))
    served.add("Vera", Role.VIEWER)
    served.start()
    page = new_page()
    log_in(page, served, "Vera")
    expect(page.locator("#role")).to_have_text("Viewer")
    expect(row(page, study)).to_contain_text("No decision")
    assert row(page, study).get_by_role("button").all_inner_texts() == ["Details"]
    row(page, study).locator(".open").focus()
    page.keyboard.press("a")
    page.keyboard.press("d")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("pacs")
    assert dialog.get_by_role("button").all_inner_texts() == ["Close"]
    page.keyboard.press("Escape")
    row(page, study).get_by_role("link").click()
    expect(page.locator(".panel")).to_contain_text("No decision")
    expect(page.get_by_role("button", name="Accept")).to_have_count(0)
    assert list(services.results.glob("*/decisions.json")) == []


def test_a_delivery_that_was_given_up_is_seen_and_retried(services: Services, head: Path, by_link: Open) -> None:
    study = add_study(services, result=head, destinations=("pacs",))
    (delivery,) = services.queue.deliveries.listed("pending")
    services.queue.deliveries.postpone(delivery, "expected an association, found none", Retries(1, 1, 0))
    page = by_link()
    expect(row(page, study)).to_contain_text("1 delivery given up")
    page.get_by_role("button", name="Problems").click()
    row(page, study).get_by_role("button", name="Details").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("expected an association, found none")
    assert faults(page) == []
    dialog.get_by_role("button", name="Retry the delivery to pacs").click()
    expect(dialog).to_contain_text("pending")
    assert services.queue.deliveries.listed("dead") == []


def test_a_comment_a_priority_and_another_analysis(services: Services, head: Path, by_link: Open) -> None:
    study = add_study(services, result=head)
    page = by_link()
    row(page, study).get_by_role("button", name="Details").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Comment").fill("calcified plexus")
    dialog.get_by_role("button", name="Reject").click()
    expect(dialog).to_contain_text(": calcified plexus")
    dialog.get_by_label("Priority").fill("7")
    dialog.get_by_role("button", name="Set").click()
    dialog.get_by_role("button", name="Analyze again").click()
    expect(row(page, study)).to_contain_text("Waiting")
    (file,) = services.results.glob("*/decisions.json")
    assert json.loads(file.read_text())["scan"]["comment"] == "calcified plexus"
    found = services.queue.worklist.find(study)
    assert found is not None and found["priority"] == 7
    dialog.get_by_role("button", name="Analyze again").click()
    expect(dialog.get_by_role("alert")).to_contain_text("has not been analyzed yet")


def test_the_keyboard_alone(services: Services, head: Path, by_link: Open) -> None:
    first, second = (add_study(services, probability=p, result=head) for p in (0.9, 0.8))
    page = by_link()
    page.keyboard.press("ArrowDown")
    expect(row(page, first).locator(".open")).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("r")
    expect(row(page, second)).to_contain_text("Rejected by")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("a")
    expect(row(page, first)).to_contain_text("Accepted by")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard")).to_be_visible()
    assert faults(page) == []
    page.keyboard.press("Escape")
    page.keyboard.press("2")
    expect(page.get_by_role("button", name="Decided")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("Home")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/viewer/"))


def test_the_search_finds_patients(services: Services, by_link: Open) -> None:
    okafor = add_study(services, PatientName="Okafor^Ngozi", PatientID="4711")
    add_study(services, PatientName="Sato^Yuki", PatientID="4712")
    page = by_link()
    expect(page.locator("tr[data-study]")).to_have_count(2)
    page.keyboard.press("/")
    page.keyboard.type("ngozi 4711")
    expect(page.locator("tr[data-study]")).to_have_count(1)
    assert order(page) == [okafor]
    page.keyboard.type("x")
    expect(page.get_by_text("No study in this list matches the search.")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("tr[data-study]")).to_have_count(2)
    assert "ngozi" not in json.dumps(page.evaluate("({...sessionStorage})"))


@pytest.mark.long
def test_a_node_that_ends_and_comes_back(services: Services, head: Path, served: Served, by_link: Open) -> None:
    study = add_study(services, result=head)
    page = by_link()
    served.stop()
    page.keyboard.press("u")
    expect(page.locator("#banner")).to_contain_text("The node is not responding")
    expect(row(page, study)).to_be_visible()
    served.start()
    expect(page.locator("#banner")).to_be_hidden()


@pytest.mark.parametrize("size", [(1024, 700), (1280, 800), (3840, 2160)], ids=lambda size: f"{size[0]}x{size[1]}")
def test_nothing_is_cut_off(services: Services, head: Path, by_link: Open, size: tuple[int, int]) -> None:
    name = "Featherstonehaugh-Cholmondeley^Wilhelmina Alexandra"
    study = add_study(services, result=head, PatientName=name, PatientID="47114711-4711", destinations=("pacs",))
    page = by_link(size)
    decide(page, study, "Accept")
    expect(row(page, study)).to_contain_text("Accepted by")
    wide = page.evaluate(
        "[...document.querySelectorAll('main *')].filter((one) => one.scrollWidth > one.clientWidth + 1"
        " && getComputedStyle(one).overflowX !== 'visible').map((one) => one.className)"
    )
    assert wide == []
    bottom = page.locator("footer").bounding_box()
    assert bottom is not None and bottom["y"] + bottom["height"] <= size[1]
