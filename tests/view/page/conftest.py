"""A running `ichor view` and its page in Chromium."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from linked import interrupt, started

PATIENT_MS = 60_000
HARMLESS = ("http://127.0.0.1:", "data:", "blob:")
View = Callable[..., Page]


@pytest.fixture
def complaints() -> Iterator[list[str]]:
    """What pages complain of, and what they ask of another host: it fails the test."""
    found: list[str] = []
    yield found
    assert found == []


@pytest.fixture
def new_page(browser: Browser, complaints: list[str]) -> Iterator[Callable[..., Page]]:
    """Opens an empty page whose complaints are noted."""
    contexts: list[BrowserContext] = []

    def open_page(size: tuple[int, int] = (1280, 800), allowed: tuple[str, ...] = HARMLESS) -> Page:
        context = browser.new_context(viewport={"width": size[0], "height": size[1]})
        context.set_default_timeout(PATIENT_MS)
        contexts.append(context)
        context.on("weberror", lambda one: complaints.append(str(one.error)))
        context.on(
            "console",
            lambda one: (
                complaints.append(one.text)
                if one.type == "error" and not one.text.startswith("Failed to load resource")
                else None
            ),
        )
        context.on("request", lambda one: None if one.url.startswith(allowed) else complaints.append(one.url))
        expect.set_options(timeout=PATIENT_MS)
        return context.new_page()

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture
def start_view() -> Iterator[Callable[..., tuple[subprocess.Popen[str], str]]]:
    """Starts `ichor view` on results; the process and its link."""
    processes: list[subprocess.Popen[str]] = []

    def start(*words: Path | str) -> tuple[subprocess.Popen[str], str]:
        process, link, _ = started(processes, "view", *words)
        return process, link

    yield start
    for process in processes:
        assert interrupt(process) == 0


@pytest.fixture
def view(
    new_page: Callable[..., Page], start_view: Callable[..., tuple[subprocess.Popen[str], str]]
) -> Callable[..., Page]:
    """Starts `ichor view` on results and opens its link."""

    def start(*words: Path | str, size: tuple[int, int] = (1280, 800)) -> Page:
        page = new_page(size)
        page.goto(start_view(*words)[1])
        expect(page.locator("main[data-ready]")).to_be_attached()
        return page

    return start
