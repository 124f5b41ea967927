"""The report in Chromium, on a screen and on paper."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from accessibility import faults
from ichor.validation.adjudication import Adjudications
from ichor.validation.differences import differences, kind_of
from ichor.validation.results import write_results
from synthetic_truth import made_cases, made_validation

CASES = made_cases(60, seed=2)
NOTICE = "Research use only; not a medical device."


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """An empty page that may load nothing but the report."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, color_scheme="dark")
    asked: list[str] = []
    context.on("request", lambda one: asked.append(one.url))
    context.on("console", lambda one: asked.append(one.text))
    yield context.new_page()
    context.close()
    assert all(one.startswith(("file:", "data:")) for one in asked), asked


def test_the_report_shows_the_figures_and_the_differences(tmp_path: Path, page: Page) -> None:
    validated = made_validation(CASES)
    results = write_results(tmp_path, validated)
    page.goto((tmp_path / "report.html").as_uri())
    assert faults(page) == []
    rate = results["figures"]["detection"]["calls"]["suspected"]["sensitivity"]
    expect(page.locator(".head")).to_contain_text(f"{100 * rate['value']:.1f} %")
    expect(page.locator(".head")).to_contain_text(f"{rate['count']} of {rate['n']}")
    expect(page.locator("body")).to_contain_text("Predictive values apply at a prevalence of 10.0 %, as given")
    assert [
        one.inner_text() for one in page.locator("body > header, body > footer").all() if NOTICE in one.inner_text()
    ]
    rows = page.locator(".differences tbody tr")
    assert rows.count() == len(differences(validated, Adjudications()))
    kinds = [kind for one in CASES if (kind := kind_of(one)) is not None]
    assert [row.locator("td").first.inner_text() for row in rows.all()] == sorted(kinds, reverse=True)
    pictures = page.locator(".pictures img")
    assert pictures.count() == 2
    assert all(picture.evaluate("one => one.naturalWidth > 0") for picture in pictures.all())


def test_the_links_lead_to_the_results_of_the_scans(tmp_path: Path, page: Page) -> None:
    write_results(tmp_path, made_validation(CASES))
    wrong = next(one for one in CASES if kind_of(one) is not None)
    beside = tmp_path / "scans" / wrong.scan / "report.html"
    beside.parent.mkdir(parents=True)
    beside.write_text("<title>its report</title>")
    page.goto((tmp_path / "report.html").as_uri())
    page.get_by_role("row", name=wrong.scan).get_by_role("link", name="report").click()
    expect(page).to_have_title("its report")


def test_the_report_is_printed_in_full(tmp_path: Path, page: Page) -> None:
    write_results(tmp_path, made_validation(CASES))
    page.goto((tmp_path / "report.html").as_uri())
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 718, "height": 1000})  # A4 without its margins, in CSS pixels
    wide = page.evaluate(
        "[...document.querySelectorAll('table, img, dl')].filter((one) => one.scrollWidth > 718).length"
    )
    assert wide == 0
    assert page.pdf(prefer_css_page_size=True).startswith(b"%PDF")
