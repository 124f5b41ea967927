"""The page beyond one machine, in Chromium over TLS: logging in and out, two readers at once, an adjudicator."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Route, expect

from accessibility import faults
from annotate.page.conftest import open_scan
from annotate.page.hands import Hands, asked, assert_drawn
from annotate.page.network import add_accounts, browser_of, log_in, served_over_tls
from ichor.annotate.project import Labels, open_project
from ichor.read import open_scan as read_scan
from phantom import head
from synthetic_dicom import synthetic_series

N, ROWS, COLUMNS = 6, 96, 96
LEFT = [(20.0, 30.0), (40.0, 30.0), (40.0, 60.0), (20.0, 60.0)]
RIGHT = [(55.0, 30.0), (75.0, 30.0), (75.0, 60.0), (55.0, 60.0)]
EDH, SDH = 4, 5
ROLES = {"Ada": "reader", "Bert": "reader", "Carl": "adjudicator", "Dora": "admin"}


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server for a project with two scans, the second of which both readers have finished."""
    folder = tmp_path_factory.mktemp("network")
    project = folder / "project"
    with open_project(project, create=True) as opened:
        for name in ("first", "second"):
            opened.add_scan(read_scan(synthetic_series(folder / name, head(N, ROWS, COLUMNS))), name, name)
        for reader in ("Ada", "Bert"):
            opened.add_reader(reader)
            opened.put_labels(2, reader, None, Labels(no_hemorrhage=True), by=reader)
            opened.set_state(2, reader, "done", by=reader)
    add_accounts(project, ROLES)
    with served_over_tls(project) as found:
        yield found


@pytest.fixture
def complaints() -> Iterator[list[str]]:
    found: list[str] = []
    yield found
    assert found == []


def test_a_wrong_password_and_the_right_one_and_logout(address: str, browser: Browser, complaints: list[str]) -> None:
    with browser_of(browser, complaints) as context:
        page = context.new_page()
        page.goto(address)
        expect(page).to_have_url(address + "login")
        log_in(page, address, "Ada", "a wrong password")
        expect(page.get_by_role("alert")).to_have_text("unknown name or wrong password")
        assert faults(page) == []
        expect(page.get_by_label("Password")).to_have_value("")
        page.get_by_label("Password").fill("the password of Ada")
        page.get_by_role("button", name="Log in").click()
        expect(page.locator("#reader")).to_have_text("Ada")
        expect(page.locator("tr[data-scan]")).to_have_count(2)
        page.get_by_role("button", name="Log out").click()
        expect(page).to_have_url(address + "login")
        page.goto(address)
        expect(page).to_have_url(address + "login")


def test_the_login_form_appears_when_its_script_listens(address: str, browser: Browser, complaints: list[str]) -> None:
    """Otherwise Enter could be pressed in a form that nobody listens to, and nothing would happen."""
    with browser_of(browser, complaints) as context:
        page = context.new_page()
        held: list[Route] = []
        page.route("**/login/login.js", lambda route: held.append(route))  # noqa: PLW0108 (Playwright needs a function)
        with page.expect_request("**/login/login.js"):
            page.goto(address + "login", wait_until="commit")
        expect(page.locator("#login")).to_have_count(0)
        held[0].continue_()
        page.get_by_label("Name").fill("Ada")
        page.get_by_label("Password").fill("the password of Ada")
        page.keyboard.press("Enter")
        expect(page.locator("#reader")).to_have_text("Ada")


def test_a_password_goes_nowhere_if_the_login_script_cannot_be_loaded(address: str, browser: Browser) -> None:
    complaints: list[str] = []
    with browser_of(browser, complaints) as context:
        page = context.new_page()
        sent: list[str] = []
        page.route("**/login/login.js", lambda route: route.abort())
        page.goto(address + "login")
        page.on("request", lambda request: sent.append(request.url))
        page.get_by_label("Name").fill("Ada")
        page.get_by_label("Password").fill("the password of Ada")
        with page.expect_console_message(lambda message: "form-action" in message.text):
            page.keyboard.press("Enter")
        assert page.url == address + "login"
        assert sent == []


def test_two_readers_in_two_tabs_at_once(address: str, browser: Browser, complaints: list[str]) -> None:
    with browser_of(browser, complaints) as context:
        ada, bert = context.new_page(), context.new_page()
        hands = {}
        for name, page in (("Ada", ada), ("Bert", bert)):
            page.bring_to_front()
            log_in(page, address, name)
            open_scan(page)
            hands[name] = Hands(page, ROWS, COLUMNS)
        for name, page, shape, label in (("Ada", ada, LEFT, EDH), ("Bert", bert, RIGHT, SDH)):
            page.bring_to_front()
            hands[name].to_slice(3)
            page.keyboard.press(f"Shift+{label}")
            hands[name].outline(shape)
        for name, page, shape, label in (("Ada", ada, LEFT, EDH), ("Bert", bert, RIGHT, SDH)):
            page.bring_to_front()
            hands[name].saved()
            assert_drawn(hands[name].map_of(3), shape, label)
            assert {one["who"] for one in asked(page, "scans/1/history").json()} == {name}


def test_a_session_that_ends_keeps_changes_until_the_next_login(
    address: str, browser: Browser, complaints: list[str]
) -> None:
    with browser_of(browser, complaints) as context:
        page = context.new_page()
        log_in(page, address, "Bert")
        open_scan(page)
        hands = Hands(page, ROWS, COLUMNS)
        assert page.request.post(
            f"{address}api/logout",
            headers={"origin": address[:-1], "ichor-reader": page.url.split("reader=")[1].split("#")[0]},
        ).ok
        hands.to_slice(5)
        page.keyboard.press("Shift+4")
        hands.outline(LEFT)
        expect(page.locator("#banner")).to_contain_text("Log in again in another tab")
        log_in(context.new_page(), address, "Bert")
        page.bring_to_front()
        hands.saved()
        assert_drawn(hands.map_of(5), LEFT, EDH)


def test_an_adjudicator_settles_and_readers_and_admins_do_not(
    address: str, browser: Browser, complaints: list[str]
) -> None:
    with browser_of(browser, complaints) as context:
        carl = context.new_page()
        log_in(carl, address, "Carl")
        expect(carl.locator("#role")).to_have_text("Adjudicator")
        open_scan(carl, 2)
        expect(carl.get_by_role("heading", name="Consensus")).to_be_visible()
        assert asked(carl, "scans/2/layers/mine").json()["writable"]
        asked(carl, "scans/1/layers/Ada", 403)  # Ada has not finished it
        ada = context.new_page()
        log_in(ada, address, "Ada")
        found = asked(ada, "scans/2/layers/consensus").json()
        assert not found["writable"] and "adjudicator" in found["why_not"]
        dora = context.new_page()
        log_in(dora, address, "Dora")
        for path in ("scans/2", "scans/2/layers/Ada"):
            asked(dora, path, 403)
