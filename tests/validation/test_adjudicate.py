"""`ichor adjudicate` as people use it: a process, and its page in Chromium."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect

from accessibility import faults
from ichor.findings.schema import Findings
from ichor.read import open_scan
from ichor.validation.adjudication import ADJUDICATION
from ichor.validation.cases import Found, Said, ScanCase
from ichor.validation.results import write_results
from linked import LINK, PATIENT_S, interrupt, started
from synthetic_truth import made_validation, write_heads
from view.page.conftest import complaints, new_page  # noqa: F401 (fixtures)
from view.page.hands import open_result
from view.result_files import save_result


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A validation of two heads with blood and one without, by a table that is wrong about `b` and `c`."""
    out = tmp_path / "out"
    write_heads(tmp_path / "in", {"a": True, "b": True, "c": False})
    cases = []
    for k, (name, truth) in enumerate({"a": True, "b": False, "c": True}.items()):
        path = tmp_path / "in" / f"{name}.nii.gz"
        result = save_result(open_scan(path), path, out / "scans" / name, outputs=("nifti", "json"))
        findings = Findings.from_json((result / "findings.json").read_bytes())
        said = Said(hemorrhage=truth)
        cases.append(ScanCase(scan=name, row=k + 2, patient=k, truth=said, found=Found.of(findings)))
    cases.append(ScanCase(scan="d", row=5, patient=3, truth=Said(hemorrhage=True), reason="d: damaged"))
    write_results(out, made_validation(cases))
    return out


@pytest.fixture
def start(folder: Path) -> Iterator[Callable[[], tuple[subprocess.Popen[str], str]]]:
    """Starts the command on the folder; the process and its link."""
    processes: list[subprocess.Popen[str]] = []

    def begin() -> tuple[subprocess.Popen[str], str]:
        process, link, said = started(processes, "adjudicate", folder)
        assert "The model and the truth differ on 2 of 4 scans; 0 adjudicated." in said
        return process, link

    yield begin
    for process in processes:
        interrupt(process)


def rows(page: Page) -> list[list[str]]:
    return [
        [cell.inner_text() for cell in row.locator("td").all()] for row in page.locator(".list .table tbody tr").all()
    ]


def figure(page: Page, name: str) -> list[str]:
    return [cell.inner_text() for cell in page.locator(".figures tr", has_text=name).locator("td").all()]


def test_a_wrong_truth_is_corrected_one_click_away(
    folder: Path,
    start: Callable[[], tuple[subprocess.Popen[str], str]],
    new_page: Callable[..., Page],  # noqa: F811
) -> None:
    process, link = start()
    page = new_page()
    page.goto(link)
    expect(page.locator("main[data-ready]")).to_be_attached()
    assert [row[:2] for row in rows(page)[:4]] == [["c", "Missed"], ["b", "False alarm"], ["a", ""], ["d", ""]]
    assert "Failed: d: damaged" in rows(page)[3]
    (before,) = figure(page, "sensitivity, suspected")
    assert "50.0 %" in before and "1 of 2" in before
    assert faults(page) == []

    open_result(page, "c")
    truth = page.locator(".truth")
    expect(truth).to_contain_text("Table: hemorrhage Missed")
    assert page.get_by_role("button", name="Accept the whole scan").count() == 0
    expect(truth.get_by_role("button", name="Store")).to_be_disabled()
    truth.get_by_label("No hemorrhage").check()
    truth.get_by_label("Comment").fill("a typing error")
    assert faults(page) == []
    truth.get_by_role("button", name="Store").click()
    page.get_by_label("Name").fill("Ada")
    page.get_by_role("button", name="Go on").click()
    expect(truth).to_contain_text("Adjudicated: no hemorrhage (Ada, ")
    expect(page.locator("#saved")).to_have_text("Saved")

    page.get_by_role("link", name="List").click()
    expect(page.locator("#where")).to_contain_text("1 of them adjudicated")
    assert "no hemorrhage (Ada, " in rows(page)[0][3] and "a typing error" in rows(page)[0][3]
    table, adjudicated = figure(page, "sensitivity, suspected")
    assert table == before and "100.0 %" in adjudicated and "1 of 1" in adjudicated

    open_result(page, "b")
    truth.get_by_label("Hemorrhage", exact=True).check()
    truth.get_by_label("SDH").check()
    truth.get_by_role("button", name="Store").click()
    expect(truth).to_contain_text("Adjudicated: hemorrhage: SDH (Ada, ")
    truth.get_by_role("button", name="Withdraw").click()
    expect(truth).to_contain_text("Not adjudicated")

    process.send_signal(signal.SIGINT)
    assert process.wait(PATIENT_S) == 0
    stored = json.loads((folder / ADJUDICATION).read_text())["scans"]
    assert [(one["ruling"], one["hemorrhage"], one["who"]) for one in stored["c"]] == [("wrong", False, "Ada")]
    assert [(one["ruling"], one["subtypes"]) for one in stored["b"]] == [("wrong", ["SDH"]), ("withdrawn", None)]
    results = json.loads((folder / "validation.json").read_text())
    assert results["adjudicated"]["changed"] == ["c"]
    assert "With the truth of the table" in (folder / "report.html").read_text()


def test_the_link_of_the_report_opens_the_scan_in_the_viewer(
    folder: Path,
    start: Callable[[], tuple[subprocess.Popen[str], str]],
    new_page: Callable[..., Page],  # noqa: F811
) -> None:
    """The report's links have the default port; here, the server has another one."""
    _, link = start()
    found = LINK.search(link)
    assert found is not None
    report = folder / "report.html"
    assert "http://127.0.0.1:8487/#/result/2" in report.read_text()
    report.write_text(report.read_text().replace(":8487/", f":{found[1]}/"))
    page = new_page(allowed=("http://127.0.0.1:", "data:", "blob:", "file:"))
    page.goto(link)
    expect(page.locator("main[data-ready]")).to_be_attached()
    page.goto(report.as_uri())
    page.get_by_role("link", name="c", exact=True).click()
    expect(page.locator(".truth")).to_contain_text("Table: hemorrhage Missed")


def test_two_adjudicators_at_once_are_told(
    folder: Path,
    start: Callable[[], tuple[subprocess.Popen[str], str]],
    new_page: Callable[..., Page],  # noqa: F811
) -> None:
    _, link = start()
    page = new_page()
    page.goto(link)
    open_result(page, "c")
    expect(page.locator(".truth form")).to_be_visible()
    at = re.match(r"http://127\.0\.0\.1:\d+", page.url)
    assert at is not None
    cookies = {one["name"]: one["value"] for one in page.context.cookies()}
    key = re.search(r"reader=([^&#]+)", page.url) or re.search(
        r"(.+)", page.evaluate("sessionStorage.getItem('ichor-reader') ?? ''")
    )
    headers = {"ichor-reader": key[1] if key else "", "origin": at[0]}
    with httpx.Client(base_url=at[0], cookies=cookies, headers=headers) as other:
        asked = {"ruling": "right", "who": "Bo", "seen": 0}
        assert other.put("/api/results/2/truth", json=asked).status_code == 200
        assert other.put("/api/results/2/truth", json={**asked, "hemorrhage": True}).status_code == 422
        assert other.put("/api/results/9/truth", json=asked).status_code == 404
        assert other.put("/api/results/2/truth", json=asked, headers={"origin": "http://elsewhere"}).status_code == 403
    page.locator(".truth").get_by_label("No hemorrhage").check()
    page.locator(".truth").get_by_role("button", name="Store").click()
    page.get_by_label("Name").fill("Ada")
    page.get_by_role("button", name="Go on").click()
    expect(page.locator("#banner")).to_contain_text("Bo has adjudicated this scan in the meantime; nothing was stored")
    expect(page.locator(".truth")).to_contain_text("Adjudicated: the table is right (Bo, ")


def test_a_folder_without_a_validation_is_refused_in_one_line(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "ichor", "adjudicate", str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr == f"ichor: {tmp_path}/validation.json: expected a validation (ichor validate), found none\n"
