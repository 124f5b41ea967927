"""The page Drift in Chromium: reached from the worklist, with the figures of the REST interface."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect

from accessibility import faults
from ichor.models.package import DEFAULT_MODEL, find_package
from ichor.node.services import Services
from ichor.screening.inputs import content_sha256
from web_parts import add_study

Open = Callable[..., Page]


def test_results_by_week_are_shown_next_to_the_reference(services: Services, by_link: Open) -> None:
    method = content_sha256(find_package(DEFAULT_MODEL))
    for probability in [0.02] * 29 + [0.9]:
        add_study(
            services, verdict="suspected" if probability > 0.5 else "none", probability=probability, method=method
        )
    page = by_link()
    page.get_by_role("link", name="Drift").click()
    expect(page.locator("main[data-ready]")).to_be_attached()
    (week, whole, reference) = page.locator("tbody tr").all_inner_texts()
    for row in (week, whole):
        assert "30" in row and "3 % (0 to 17)" in row and "0.05" in row and "differs" in row
    assert "82" in reference and "39 % (28 to 50)" in reference
    words = page.inner_text("main")
    assert "36 of the 82 scans" in words and "95 % intervals" in words
    assert "Research use only; not a medical device." in page.inner_text("footer")
    assert faults(page) == []
    page.reload()
    expect(page.locator("main[data-ready]")).to_be_attached()


def test_a_node_without_results_says_that_there_are_too_few(by_link: Open) -> None:
    page = by_link()
    page.get_by_role("link", name="Drift").click()
    expect(page.get_by_text("There are too few scans for a test: 0")).to_be_visible()
