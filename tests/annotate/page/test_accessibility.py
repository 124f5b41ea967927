"""The annotation page has no serious fault of accessibility, by axe-core."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from playwright.sync_api import expect

from accessibility import faults
from annotate.page.conftest import Enter, open_scan
from annotate.page.served import Served
from ichor.annotate.project import open_project
from synthetic_scans import synthetic_head


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Scan 1 with AI outlines, and scan 2 with two finished readings that differ."""
    one = Served(tmp_path_factory.mktemp("accessible") / "project")
    block = np.zeros((64, 64), np.uint8)
    block[20:40, 20:40] = 5
    with open_project(one.project, create=True) as project:
        for number in (1, 2):
            project.add_scan(synthetic_head(n=6, size=64), f"00{number}", f"scan {number}")
        for reader in one.readers:
            project.add_reader(reader)
            project.put_label_map(2, reader, 3, np.roll(block, len(reader), axis=1), by=reader)
            project.set_state(2, reader, "done", by=reader)
        for k, origin in ((2, "ai accepted"), (3, "ai")):
            project.put_label_map(1, "Ada", k, block, by="Ada", origins=origin)
    yield one.start()
    one.stop()


def test_the_worklist_and_the_help(made: Served, enter: Enter) -> None:
    page = enter(made)
    expect(page.locator("tr[data-scan]")).to_have_count(2)
    assert faults(page) == []
    page.keyboard.press("?")
    assert faults(page) == []


def test_a_reading_with_all_views_and_its_questions(made: Served, enter: Enter) -> None:
    page = enter(made)
    open_scan(page, 1)
    page.keyboard.press("v")
    expect(page.get_by_role("img", name="sagittal view")).to_be_visible()
    expect(page.get_by_role("group", name="AI outlines of this slice")).to_be_visible()
    assert faults(page) == []
    page.keyboard.press("d")
    expect(page.get_by_role("dialog")).to_be_visible()
    assert faults(page) == []


def test_a_consensus(made: Served, enter: Enter) -> None:
    page = enter(made)
    open_scan(page, 2, consensus=True)
    assert faults(page) == []
