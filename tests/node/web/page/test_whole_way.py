"""From a push over the DICOM network to a decision in the worklist of a node that runs as a process."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from node_parts import Pacs, RunningNode, send, small_study, to_pacs

pytestmark = pytest.mark.long


def test_a_push_is_seen_read_and_decided_on(tmp_path: Path, new_page: Callable[..., Page]) -> None:
    outputs = ["nifti", "dicom-seg"]
    with Pacs() as pacs:
        screening = {"model": str(tmp_path / "package"), "threads": 1, "outputs": outputs}
        config = {"web": {"port": 0}, "destinations": to_pacs(pacs), "screening": screening}
        with RunningNode(tmp_path / "node", **config) as node:
            page = new_page()
            page.goto(node.worklist)
            expect(page.get_by_text("No studies here.")).to_be_visible()
            study = small_study(PatientName="Okafor^Ngozi", PatientID="4711")
            assert set(send(node.port, study)) == {0}
            row = page.locator("tr[data-study]")
            expect(row).to_contain_text("Okafor Ngozi")
            expect(row).to_contain_text("Delivered")
            row.get_by_role("link").click()
            expect(page.locator("main[data-ready]")).to_be_attached()
            expect(page.locator("#where")).to_contain_text("Okafor Ngozi, ID 4711")
            expect(page.locator(".hud.top-left").first).to_contain_text(f"of {len(study)}")
            page.get_by_role("button", name="Reject the whole scan").click()
            expect(page.locator("#saved")).to_have_text("Saved")
            page.get_by_role("link", name="Worklist").click()
            page.get_by_role("button", name="Decided").click()
            expect(row).to_contain_text("Rejected by")
            assert node.stop() == 0
        assert "Okafor" not in node.log.read_text() and len(pacs.objects) == 1
    (file,) = (tmp_path / "node" / "results").glob("*/decisions.json")
    assert json.loads(file.read_text())["scan"]["decision"] == "reject"
