"""Correcting by clicks, as a reader's hand does it: begin a region, correct the AI's, undo, and what exports say."""

from __future__ import annotations

from pathlib import Path

import highdicom
import numpy as np
from numpy.typing import NDArray
from playwright.sync_api import expect

from annotate.page.conftest import Enter, open_scan
from annotate.page.hands import Hands
from annotate.page.served import Served
from ichor.annotate.export.run import export
from ichor.annotate.project import open_project
from phantom import bleed, head
from synthetic_dicom import synthetic_series

N, ROWS, COLUMNS = 6, 128, 112
HU = head(N, ROWS, COLUMNS)
SDH = 5
K = 4  # of the slice that is worked on, counted from 0


def dice(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
    return float(2 * (one & other).sum() / (one.sum() + other.sum()))


def click(hands: Hands, x: float, y: float, key: str | None = None) -> None:
    """Click, with a key held down."""
    hands.point(x, y)
    if key is not None:
        hands.page.keyboard.down(key)
    hands.page.mouse.down()
    hands.page.mouse.up()
    if key is not None:
        hands.page.keyboard.up(key)


def origins(hands: Hands) -> set[str]:
    """How the regions of the slice came about, as the server has it."""
    return set(hands.layer()["slices"][str(K)]["origins"].values())


def test_clicks_start_and_correct_a_region_and_each_can_be_undone(served: Served, enter: Enter, tmp_path: Path) -> None:
    served.start(synthetic_series(tmp_path / "bleeding", HU))
    page = enter(served)
    open_scan(page)
    hands = Hands(page, ROWS, COLUMNS)
    hands.to_slice(K + 1)
    blood = bleed(N, ROWS, COLUMNS)[K]
    y, x = np.argwhere(blood).mean(axis=0) + 0.5

    # Where no subtype was chosen, it is asked for.
    page.keyboard.press("k")
    click(hands, x, y)
    page.get_by_role("dialog", name="Which subtype").press("5")
    hands.drawn(K + 1, SDH)
    begun = hands.map_of(K + 1)
    assert dice(begun == SDH, blood) > 0.8 and origins(hands) == {"calculated"}

    # A brush adds what is wrong, beside; a click with Alt, with Shift, or as set takes it away; undo brings it back.
    page.keyboard.press("b")
    page.get_by_label("Size in pixels").fill("9")
    page.get_by_label("Size in pixels").blur()
    hands.drag([(40, 30), (50, 30)])
    hands.saved()
    wrong = hands.map_of(K + 1)
    assert wrong[30, 45] == SDH
    page.keyboard.press("k")
    for way in ("Alt", "Shift", None):
        if way is None:
            page.get_by_role("button", name="Remove").click()
        click(hands, 45, 30, way)
        wait_for_map(hands, begun)
        page.keyboard.press("Control+z")
        wait_for_map(hands, wrong)
    page.keyboard.press("Control+y")
    wait_for_map(hands, begun)

    # A click where there is nothing to take away says so, and is no step of undo.
    click(hands, 20, 64)
    expect(page.locator("#notice")).to_have_text("There is no region here.")
    page.get_by_role("button", name="Add").click()

    # A scribble takes what lies under it, too, also where it is like its surroundings.
    hands.drag([(30, 60), (30, 80)], steps=20)
    for _ in range(200):
        if hands.map_of(K + 1)[70, 30] == SDH:
            break
        page.wait_for_timeout(50)
    after = hands.map_of(K + 1)
    assert (after[62:79, 30] == SDH).all() and np.array_equal(after[:, 60:], begun[:, 60:])


def wait_for_map(hands: Hands, expected: NDArray[np.uint8]) -> None:
    """Wait until the server has this map of the slice."""
    for _ in range(200):
        if np.array_equal(hands.map_of(K + 1), expected):
            return
        hands.page.wait_for_timeout(50)
    assert np.array_equal(hands.map_of(K + 1), expected)


def test_a_corrected_ai_outline_is_semiautomatic(served: Served, enter: Enter, tmp_path: Path) -> None:
    served.start(synthetic_series(tmp_path / "bleeding", HU))
    page = enter(served)
    open_scan(page)
    hands = Hands(page, ROWS, COLUMNS)
    page.keyboard.press("m")
    page.get_by_role("dialog", name="Request AI outlines?").get_by_role("button", name="Request", exact=True).click()
    expect(page.locator(".thumb[data-state=machine]").first).to_be_visible()
    hands.saved()
    hands.to_slice(K + 1)
    assert origins(hands) == {"ai"}
    assert (served.project / "scans" / "1.probability.npz").exists()
    found = hands.map_of(K + 1)
    label = int(found.max())
    page.keyboard.press(f"Shift+{label}")
    page.keyboard.press("k")
    rows, columns = np.nonzero(found)
    beside = float(columns.max()) + 3.5, float(rows[columns.argmax()]) + 0.5
    click(hands, *beside)
    expect(page.get_by_text("AI outlines, neither changed nor accepted yet")).to_be_hidden()
    hands.saved()
    wider = hands.map_of(K + 1)
    assert (wider == label)[found == label].all() and (wider > 0).sum() > (found > 0).sum()
    assert origins(hands) == {"ai edited"}
    click(hands, *beside, "Alt")
    for _ in range(200):
        if not np.array_equal(hands.map_of(K + 1), wider):
            break
        page.wait_for_timeout(50)
    assert origins(hands) <= {"ai edited"}
    page.keyboard.press("Control+z")
    wait_for_map(hands, wider)

    for number in range(1, N + 1):  # a DICOM Segmentation cannot mark unread slices
        hands.to_slice(number)
        page.wait_for_timeout(200)
    page.keyboard.press("d")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    for box in dialog.get_by_role("checkbox").all():
        box.check()
    dialog.get_by_role("button", name="Reading done").click()
    expect(page.get_by_role("button", name="Reopen the reading")).to_be_visible()
    served.stop()
    with open_project(served.project) as project:
        assert [one.reason for one in export(project, "dicom-seg", tmp_path / "out")] == [""]
    (file,) = (tmp_path / "out").rglob("*.dcm")
    segments = highdicom.seg.segread(file).SegmentSequence
    assert [one.SegmentAlgorithmType for one in segments] == ["SEMIAUTOMATIC"]
