"""The annotation tool's pages and dialogs have no serious fault of accessibility."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import expect

from accessibility import faults
from annotate.page.conftest import Enter, open_scan
from annotate.page.served import Served
from dicom_made import made_series
from ichor.annotate.project import open_project
from ichor.read import open_scan as read_scan
from phantom import head

N, ROWS, COLUMNS = 6, 96, 96


@pytest.fixture
def served(tmp_path: Path) -> Served:
    """Two scans; the first is done by both readers, who disagree."""
    one = Served(tmp_path / "project")
    scan = read_scan(made_series(tmp_path / "head", head(N, ROWS, COLUMNS)))
    block = np.zeros((ROWS, COLUMNS), np.uint8)
    block[30:50, 30:50] = 5
    with open_project(one.project, create=True) as project:
        for number in (1, 2):
            project.add_scan(scan, f"00{number}", f"scan {number}")
        for reader in one.readers:
            project.add_reader(reader)
            project.put_label_map(1, reader, 2, np.roll(block, len(reader), axis=0), by=reader)
            project.set_state(1, reader, "done", by=reader)
        project.put_label_map(2, "Ada", 2, block, by="Ada", origins="ai")
    return one.start()


def test_every_view(served: Served, enter: Enter) -> None:
    page = enter(served)
    expect(page.locator("tr[data-scan]")).to_have_count(2)
    assert faults(page) == []
    open_scan(page, 2)
    assert faults(page) == []
    page.keyboard.press("?")
    assert faults(page) == []
    page.keyboard.press("Escape")
    page.keyboard.press("d")
    expect(page.get_by_role("dialog")).to_be_visible()
    assert faults(page) == []
    page.keyboard.press("Escape")
    page.get_by_role("button", name="History").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    assert faults(page) == []
    page.keyboard.press("Escape")
    open_scan(page, 1, consensus=True)
    assert faults(page) == []
    served.stop()
