"""A node's web server with its own queue, and its pages in Chromium."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from annotate.page.conftest import is_complaint
from ichor.node.people import Role
from ichor.node.services import Services
from ichor.node.web.server import WebServer
from ichor.serving.access import ACCESS, Access
from ichor.serving.accounts import Accounts
from view.result_files import write_result
from web_parts import made_services

PATIENT_MS = 60_000
HARMLESS = ("http://127.0.0.1:", "data:", "blob:")
PASSWORD = "the password of everyone here"
expect.set_options(timeout=PATIENT_MS)


@pytest.fixture(scope="session")
def head(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A result to be copied, whose scan the viewer can open."""
    return write_result(tmp_path_factory.mktemp("made") / "out")


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    with made_services(tmp_path / "node", web={"port": 0}) as one:
        yield one


class Served:
    """A web server that can be started again, at the same port."""

    def __init__(self, services: Services) -> None:
        self.services, self.port = services, 0
        self.server: WebServer | None = None

    def add(self, name: str, role: Role = Role.OPERATOR) -> None:
        with closing(Access(self.services.folder / ACCESS)) as access:
            Accounts(access).add(name, role.value, PASSWORD)

    def start(self) -> str:
        """Start it, and return where it says it is."""
        web = self.services.config.web
        assert web is not None
        self.server = WebServer(self.services, web.model_copy(update={"port": self.port}), None)
        self.port = self.server.port
        return self.server.where

    def stop(self) -> None:
        if self.server is not None:
            self.server.stop()
            self.server = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"


@pytest.fixture
def served(services: Services) -> Iterator[Served]:
    one = Served(services)
    yield one
    one.stop()


@pytest.fixture
def new_page(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Opens a page in a browser of its own; what it complains of, and what it asks of another host, fails the test."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def open_page(size: tuple[int, int] = (1280, 800)) -> Page:
        context = browser.new_context(viewport={"width": size[0], "height": size[1]})
        context.set_default_timeout(PATIENT_MS)
        contexts.append(context)
        context.on("weberror", lambda one: complaints.append(str(one.error)))
        context.on("console", lambda one: complaints.append(one.text) if is_complaint(one) else None)
        context.on("request", lambda one: None if one.url.startswith(HARMLESS) else complaints.append(one.url))
        return context.new_page()

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def by_link(served: Served, new_page: Callable[..., Page]) -> Callable[..., Page]:
    """Starts the server without accounts, and opens its link."""

    def start(size: tuple[int, int] = (1280, 800)) -> Page:
        found = re.search(r"http://\S+", served.start())
        assert found is not None
        page = new_page(size)
        page.goto(found[0])
        expect(page.locator("main[data-ready]")).to_be_attached()
        return page

    return start


def log_in(page: Page, served: Served, name: str) -> None:
    """Log in with a name and the password."""
    page.goto(served.url)
    expect(page).to_have_url(f"{served.url}login")
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator("#reader")).to_have_text(name)
    expect(page.locator("main[data-ready]")).to_be_attached()


def row(page: Page, study: str) -> object:
    return page.locator(f"tr[data-study='{study}']")
