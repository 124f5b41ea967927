"""The project's page and a consensus of three readers, in Chromium: progress, agreement, assignment, export."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from pathlib import Path

import nibabel
import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from accessibility import faults
from annotate.page.conftest import Enter, open_scan
from annotate.page.hands import Hands, asked
from annotate.page.network import add_accounts, browser_of, log_in, served_over_tls
from annotate.page.served import Served
from ichor.annotate.project import Labels, Project, open_project
from ichor.read import open_scan as read_scan
from paper import on_paper
from phantom import head
from synthetic_dicom import synthetic_series

N, ROWS, COLUMNS = 6, 96, 96
READERS = ("Ada", "Bert", "Cleo")
SDH = 5


@pytest.fixture
def three(served: Served, tmp_path: Path) -> Served:
    """A project of three readers: the first scan finished by all, the second by two as negative, the third by none."""
    served.readers = READERS
    with open_project(served.project, create=True) as project:
        for number in (1, 2, 3):
            scan = read_scan(synthetic_series(tmp_path / f"head{number}", head(N, ROWS, COLUMNS)))
            project.add_scan(scan, f"{number:03}", f"head{number}")
        for reader in READERS:
            project.add_reader(reader)
        for reader, first_row in zip(READERS, (20, 20, 30), strict=True):
            read(project, 1, reader, range(first_row, first_row + 20))
        for reader in READERS[:2]:
            read(project, 2, reader, [])
    return served


def read(project: Project, scan: int, reader: str, rows: Sequence[int]) -> None:
    """Finish a scan with a region over these rows of a slice, or as negative."""
    if rows:
        label_map = np.zeros((ROWS, COLUMNS), np.uint8)
        label_map[rows, 20:60] = SDH
        project.put_label_map(scan, reader, 2, label_map, by=reader)
    else:
        project.put_labels(scan, reader, None, Labels(no_hemorrhage=True), by=reader)
    project.add_looks(scan, reader, range(N), by=reader)
    project.add_seconds(scan, reader, 600)
    project.set_state(scan, reader, "done", by=reader)


def cells(page: Page, section: str, row: int) -> list[str]:
    """The words of a row of a section's table."""
    found = page.get_by_role("region", name=section).locator("tbody tr").nth(row).locator("th, td")
    return [one.strip() for one in found.all_inner_texts()]


def test_progress_agreement_and_assignment(three: Served, enter: Enter) -> None:
    three.start()
    page = enter(three, "Ada")
    page.get_by_role("link", name="Project", exact=True).click()
    expect(page.get_by_role("heading", name="Project")).to_be_visible()
    assert cells(page, "Progress", 0) == ["Ada", "3", "2", "2", "0:20"]
    assert cells(page, "Progress", 2) == ["Cleo", "3", "1", "1", "0:10"]
    agreement = page.get_by_role("region", name="Agreement")
    expect(agreement.locator("tbody tr")).to_have_count(3)
    # The same region, and a negative scan; kappa of a label that neither gave is not defined.
    assert cells(page, "Agreement", 0) == [
        "Ada and Bert",
        "2",
        "1.00 (1)",
        "12",
        "1.00",
        "–",
        "–",
        "–",
        "–",
        "1.00",
        "–",
    ]
    assert cells(page, "Agreement", 1)[:4] == ["Ada and Cleo", "1", "0.50 (1)", "6"]

    # Who has begun stays; others can be assigned, one by one or evenly.
    page.get_by_label("Ada reads 001 head1").check()
    expect(page.locator("#notice")).to_contain_text("Bert has started")
    expect(page.get_by_label("Ada reads 001 head1")).not_to_be_checked()
    page.get_by_label("Readers for each scan").fill("1")
    page.get_by_role("group", name="Distribute scans").get_by_label("Ada").uncheck()
    assert faults(page) == []
    page.get_by_role("button", name="Distribute").click()
    expect(page.locator("#notice")).to_have_text("1 scan was assigned.")
    expect(page.get_by_label("Bert reads 003 head3")).to_be_checked()
    page.get_by_label("Cleo reads 003 head3").check()
    expect(page.locator("tr[data-reader=Ada] td").first).to_have_text("2")
    page.get_by_role("link", name="Ichor annotation").click()
    expect(page.locator("tr[data-scan]")).to_have_count(2)
    assert [one["id"] for one in asked(page, "scans").json()] == [1, 2]


def test_worklist_project_and_scan_on_paper(three: Served, enter: Enter) -> None:
    three.start()
    page = enter(three, "Ada")
    expect(page.locator("tr[data-scan]")).to_have_count(3)
    on_paper(page)
    page.emulate_media(media="screen")
    page.get_by_role("link", name="Project", exact=True).click()
    expect(page.get_by_role("region", name="Agreement").locator("tbody tr")).to_have_count(3)
    on_paper(page)
    page.emulate_media(media="screen")
    page.get_by_role("link", name="Ichor annotation").click()
    open_scan(page, 1)
    assert b"/Subtype /Image" in on_paper(page)
    expect(page.get_by_role("region", name="Regions")).to_contain_text("SDH")


def test_an_export_is_downloaded_while_another_reader_draws(three: Served, enter: Enter, tmp_path: Path) -> None:
    three.start()
    page, other = enter(three, "Ada"), enter(three, "Cleo")
    open_scan(other, 3)
    page.goto(page.url.split("#")[0] + "#/project")
    page.get_by_label("Layout").select_option("nifti")
    page.get_by_role("button", name="Export finished scans").click()
    hands = Hands(other, ROWS, COLUMNS)
    hands.to_slice(3)
    other.keyboard.press("Shift+5")
    hands.outline([(20.0, 30.0), (40.0, 30.0), (40.0, 60.0), (20.0, 60.0)])
    hands.saved()
    export = page.get_by_role("region", name="Export")
    expect(export).to_contain_text("1 of 3 scans as NIfTI")
    expect(export).to_contain_text("001 head1: the readers disagree and there is no finished consensus")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download").click()
    download.value.save_as(tmp_path / "export.zip")
    with zipfile.ZipFile(tmp_path / "export.zip") as archive:
        archive.extractall(tmp_path)
    found = nibabel.load(tmp_path / "project-nifti" / "002" / "labels.nii.gz")  # type: ignore[attr-defined]
    assert found.shape[2] == N and not np.asarray(found.dataobj).any()


def test_a_consensus_of_three(three: Served, enter: Enter) -> None:
    three.start()
    page = enter(three, "Cleo")
    open_scan(page, 1, consensus=True)
    hands = Hands(page, ROWS, COLUMNS)
    panel = page.locator("section.consensus")
    for name in READERS:
        expect(panel.locator(".legend").get_by_text(name)).to_be_visible()
    expect(panel.locator(".figures tbody tr").first.locator("td").first).to_have_text("1.00")
    panel.get_by_label("Agreement of").select_option("Bert and Cleo")
    expect(panel.locator(".figures tbody tr").first.locator("td").first).to_have_text("0.50")
    panel.get_by_role("group", name="Apply to the whole scan").get_by_role("button", name="Majority").click()
    expect(page.locator("#notice")).to_contain_text("Majority applied to the whole scan")
    hands.saved()
    drawn = hands.map_of(3, layer="consensus")
    assert (drawn[20:40, 20:60] == SDH).all() and (drawn > 0).sum() == 20 * 40


def test_an_admin_assigns_and_a_reader_finds_the_scans(three: Served, browser: Browser) -> None:
    roles = {"Cleo": "reader", "Dora": "admin"}
    add_accounts(three.project, roles)
    complaints: list[str] = []
    with served_over_tls(three.project) as address, browser_of(browser, complaints) as context:
        dora = context.new_page()
        log_in(dora, address, "Dora")
        expect(dora.get_by_role("heading", name="Project")).to_be_visible()
        dora.goto(dora.url.split("#")[0] + "#/scan/1")
        expect(dora.locator("main[data-ready='#/scan/1']")).to_be_attached()
        expect(dora.get_by_role("heading", name="Project")).to_be_visible()
        dora.get_by_label("Bert reads 003 head3").check()
        expect(dora.locator("tr[data-reader=Cleo] td").first).to_have_text("2")
        cleo = context.new_page()
        log_in(cleo, address, "Cleo")
        expect(cleo.locator("tr[data-scan]")).to_have_count(2)
        expect(cleo.get_by_role("link", name="Project", exact=True)).to_be_hidden()
    assert complaints == []
