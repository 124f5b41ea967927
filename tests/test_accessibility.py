"""Reports and pages of results have no serious fault of accessibility, by axe-core; and axe-core finds faults.

The pages of the servers have the same test beside their others.
"""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Browser

from accessibility import faults
from ichor.pages.overview import write_overview
from synthetic_metrics import synthetic_metrics, write_run
from synthetic_reports import write_synthetic_report
from synthetic_scans import SubtypesMethod, synthetic_head


def test_faults_are_found(browser: Browser) -> None:
    page = browser.new_page()
    page.set_content("<p style='color: #ccc; background: #fff'>faint</p><img src='data:,'>")
    found = " ".join(faults(page))
    page.close()
    assert "color-contrast" in found and "image-alt" in found


def test_reports(browser: Browser, tmp_path: Path) -> None:
    page = browser.new_page()
    for blood in ((38.0, 10.0, 60.0), None):
        file = write_synthetic_report(
            tmp_path / "report.html", synthetic_head(blood_at_mm=blood), method=SubtypesMethod()
        )
        page.goto(file.as_uri())
        assert faults(page) == []
        for one in page.locator("a[href^='#']").all()[:1]:  # an enlarged picture, where there is one
            one.click()
            assert faults(page) == []
    page.close()


def test_results(browser: Browser, tmp_path: Path) -> None:
    runs = [write_run(tmp_path / "paper-unet-tiles", synthetic_metrics(), ("roc", "slices"))]
    write_overview(runs, tmp_path)
    page = browser.new_page()
    page.goto((tmp_path / "results.html").as_uri())
    assert faults(page) == []
    page.close()
