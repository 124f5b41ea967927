"""The AI's outline is accepted or rejected slice by slice, and the decision goes with the slice to the exports."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from playwright.sync_api import Page, expect

from annotate.page.conftest import Enter, open_scan
from annotate.page.hands import Hands
from annotate.page.served import Served
from ichor.annotate.export.run import export
from ichor.annotate.project import open_project
from ichor.read import open_scan as read_scan
from phantom import head
from synthetic_dicom import synthetic_series

N, ROWS, COLUMNS = 6, 96, 96
IPH, SDH = 2, 5
OWN = [(60.0, 60.0), (80.0, 60.0), (80.0, 80.0), (60.0, 80.0)]


@pytest.fixture
def made(served: Served, tmp_path: Path) -> Iterator[Served]:
    """A scan with untouched AI outlines on slices 2 to 5."""
    block = np.zeros((ROWS, COLUMNS), np.uint8)
    block[30:50, 30:50] = SDH
    with open_project(served.project, create=True) as project:
        scan = project.add_scan(
            read_scan(synthetic_series(tmp_path / "head", head(N, ROWS, COLUMNS))), "001", "head"
        ).id
        project.add_reader("Ada")
        for k in (1, 2, 3, 4):
            project.put_label_map(scan, "Ada", k, block, by="Ada", origins="ai")
    served.readers = ("Ada",)
    yield served.start()


def state(page: Page, number: int) -> str | None:
    return page.locator(f".thumb[data-slice='{number - 1}']").get_attribute("data-state")


def test_each_slice_is_accepted_or_rejected(made: Served, enter: Enter, tmp_path: Path) -> None:
    page = enter(made)
    open_scan(page)
    hands = Hands(page, ROWS, COLUMNS)
    bar = page.get_by_role("group", name="AI outlines of this slice")
    assert [state(page, number) for number in (1, 2, 3, 4, 5)] == ["", *["machine"] * 4]
    hands.to_slice(1)
    expect(bar).to_be_hidden()
    page.keyboard.press("j")
    expect(page.locator("#notice")).to_have_text("This slice has no AI outline to accept.")

    # Accepted by its button, with nothing changed but where it is from; undone, and done again by its key.
    hands.to_slice(2)
    before = hands.map_of(2)
    bar.get_by_role("button", name="Accept").click()
    expect(bar).to_contain_text("AI outlines, accepted as they are")
    expect(bar.get_by_role("button", name="Accept")).to_be_hidden()
    hands.saved()
    assert hands.layer()["slices"]["1"]["origins"] == {str(SDH): "ai accepted"}
    assert np.array_equal(hands.map_of(2), before)
    page.keyboard.press("Control+z")
    hands.saved()
    assert (state(page, 2), hands.layer()["slices"]["1"]["origins"]) == ("machine", {str(SDH): "ai"})
    page.keyboard.press("j")
    hands.saved()
    assert state(page, 2) == "accepted"

    # Rejected: the outline is gone, and the slice is a stated negative; one step of undo brings back both.
    hands.to_slice(3)
    page.keyboard.press("Shift+J")
    expect(bar).to_contain_text("AI outline rejected")
    hands.saved()
    labels = hands.layer()["labels"]["slices"]["2"]
    assert not hands.map_of(3).any() and (labels["ai_rejected"], labels["no_hemorrhage"]) == (True, True)
    page.keyboard.press("Control+z")
    hands.saved()
    labels = hands.layer()["labels"]["slices"]["2"]
    assert np.array_equal(hands.map_of(3), before) and (labels["ai_rejected"], labels["no_hemorrhage"]) == (
        False,
        False,
    )
    bar.get_by_role("button", name="Reject").click()
    hands.saved()
    assert state(page, 3) == "rejected"

    # Beside the reader's own region only the AI's goes.
    hands.to_slice(4)
    page.keyboard.press("Shift+2")
    hands.outline(OWN)
    expect(bar).to_contain_text("Some of these outlines are the AI’s, not accepted yet")
    assert state(page, 4) == "machine"
    page.keyboard.press("Shift+J")
    hands.saved()
    layer = hands.layer()
    assert set(np.unique(hands.map_of(4))) == {0, IPH} and layer["slices"]["3"]["origins"] == {str(IPH): "drawn"}
    assert layer["labels"]["slices"]["3"]["ai_rejected"] and not layer["labels"]["slices"]["3"]["no_hemorrhage"]
    assert state(page, 4) == "drawn"

    # What was changed is the reader's, and is not thrown away by a key.
    hands.to_slice(5)
    page.keyboard.press("e")
    hands.drag([(31, 31), (35, 35)])
    page.keyboard.press("Shift+J")
    expect(page.locator("#notice")).to_have_text("You have changed this AI outline: erase what is wrong.")
    hands.saved()
    assert hands.map_of(5).any()
    page.keyboard.press("Control+z")
    hands.saved()

    # The decisions outlive a reload, and only what is undecided is asked about.
    page.reload()
    expect(page.locator(".thumb[data-state=rejected]")).to_have_count(1)
    for number in range(1, N + 1):
        hands.to_slice(number)
        expect(page.locator(f".thumb[data-slice='{number - 1}']")).to_have_attribute("data-looked", "")
    page.keyboard.press("d")
    dialog = page.get_by_role("dialog", name="Is this reading done?")
    expect(dialog).to_contain_text("AI outlines on slice 5 have not been changed, accepted or rejected.")
    expect(dialog).to_contain_text("Decided: AI outlines accepted on slice 2, rejected on slices 3–4.")
    dialog.get_by_role("button", name="Show slice 5").click()
    expect(dialog).to_have_count(0)
    expect(page.locator("[data-hud=slice] b")).to_have_text("5")
    page.keyboard.press("j")
    expect(bar).to_contain_text("AI outlines, accepted as they are")
    page.keyboard.press("d")
    expect(page.locator("#notice")).to_contain_text("AI outlines accepted on slices 2, 5, rejected on slices 3–4.")
    expect(bar.get_by_role("button", name="Reject")).to_be_disabled()
    page.keyboard.press("Shift+J")
    page.keyboard.press("y")
    history = page.get_by_role("dialog", name="History of this scan")
    expect(history).to_contain_text("rejected the AI outline, labeled no hemorrhage")
    expect(history).to_contain_text("drew SDH (AI outline, accepted)")
    made.stop()

    with open_project(made.project) as project:
        (outcome,) = export(project, "nifti", tmp_path / "nifti")
        assert outcome.notes == (
            "AI outlines on slice 2, 5 were accepted as they are",
            "AI outlines on slice 3, 4 were rejected",
        )
        (outcome,) = export(project, "coco", tmp_path / "coco")
    said = json.loads((tmp_path / "nifti" / "001" / "labels.json").read_text())["slices"]
    assert [said[str(number)]["ai_rejected"] for number in range(1, N + 1)] == [False, False, True, True, False, False]
    assert (said["2"]["origins"], said["3"]["origins"]) == ({"SDH": "ai accepted"}, {})
    assert (said["3"]["finding"], said["4"]["finding"]) == ("no hemorrhage", "hemorrhage")
    assert not np.asarray(nib.load(tmp_path / "nifti" / "001" / "labels.nii.gz").dataobj)[..., 2].any()
    images = json.loads((tmp_path / "coco" / "annotations.json").read_text())["images"]
    assert [one["ai_rejected"] for one in images] == [False, False, True, True, False, False]
