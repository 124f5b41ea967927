"""A person's whole way: from a scan through two readers and their consensus to the exported files."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import highdicom
import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Page, expect
from scipy import ndimage

from annotate.page.conftest import Enter, open_scan
from annotate.page.hands import Hands, Points, asked, assert_drawn
from annotate.page.served import Served
from ichor.dataset.ct_ich import CtIch
from ichor.read import open_scan as read_scan
from ichor.read.ct_ich_jpg import read_mask
from ichor.subtypes import Subtype
from phantom import head
from synthetic_dicom import synthetic_series
from synthetic_video import write_pair

SIZE = 650
N = 5
IVH, SAH, SDH = 1, 3, 5
# Of the picture's width and height.
LENS = ((0.55, 0.35), (0.72, 0.33), (0.76, 0.55), (0.58, 0.6))
LARGER_LENS = ((0.52, 0.38), (0.75, 0.36), (0.79, 0.58), (0.6, 0.65))
VENTRICLE = ((0.4, 0.4), (0.48, 0.4), (0.48, 0.62), (0.42, 0.6))
SULCUS = ((0.25, 0.3), (0.4, 0.28), (0.3, 0.5))
WIDER_SULCUS = ((0.22, 0.27), (0.42, 0.25), (0.32, 0.55))

Map = NDArray[np.uint8]


class Reader:
    """A reader at the page of the only scan of a project."""

    def __init__(self, page: Page, hands: Hands) -> None:
        self.page = page
        self.hands = replace(hands, page=page)

    def shape(self, shape: Points) -> list[tuple[float, float]]:
        """A shape in pixels of the scan."""
        return [(x * self.hands.columns, y * self.hands.rows) for x, y in shape]

    def assert_drawn(self, number: int, shape: Points, label: int) -> None:
        assert_drawn(self.hands.map_of(number), self.shape(shape), label, within=1.5)

    def maps(self, layer: str) -> Map:
        """(n, rows, columns): a layer as the server has it."""
        return np.stack([self.hands.map_of(number, layer=layer) for number in range(1, N + 1)])

    def done(self) -> None:
        """Look at every slice, then say so: nothing is asked."""
        for number in range(1, N + 1):
            self.hands.to_slice(number)
            expect(self.page.locator(f".thumb[data-slice='{number - 1}']")).to_have_attribute("data-looked", "")
        self.page.get_by_role("button", name="Reading done").click()
        expect(self.page.get_by_role("button", name="Reopen the reading")).to_be_visible()

    def take(self, choice: str, where: str = "slice") -> Map:
        """Take into the consensus by its button; the consensus then."""
        group = self.page.get_by_role("group", name=f"Apply to {'this' if where == 'slice' else 'the whole'} {where}")
        group.get_by_role("button", name=choice, exact=True).click()
        expect(self.page.locator("#notice")).to_have_text(re.compile(rf"^{choice}.* applied to .*{where}\.$"))
        self.hands.saved()
        return self.maps("consensus")


def first_reading(ada: Reader) -> None:
    page, hands = ada.page, ada.hands
    row = page.locator("tr[data-scan]")
    expect(row).to_have_count(1)
    expect(row.locator(".state")).to_have_text("new")
    row.click()
    expect(page.locator("main[data-ready^='#/scan/1']")).to_be_attached()
    gray = page.locator("[data-hud=window]")
    for key, words in (
        ("2", "L 700  W 3200 HU"),
        ("3", "L 80  W 200 HU"),
        ("4", "L 40  W 40 HU"),
        ("1", "L 40  W 120 HU"),
    ):
        page.keyboard.press(key)
        expect(gray).to_have_text(words)
    hands.to_slice(4)
    page.keyboard.press("Shift+5")
    hands.outline(ada.shape(LENS))
    of_slice = page.locator(".labels[data-level=slice]")
    of_slice.get_by_role("button", name="Fracture").click()
    hands.to_slice(3)
    page.keyboard.press("Shift+1")
    hands.polygon(ada.shape(VENTRICLE))
    hands.saved()
    ada.assert_drawn(4, LENS, SDH)
    ada.assert_drawn(3, VENTRICLE, IVH)
    pressed = page.locator(".labels[data-level=scan] [aria-pressed=true]")
    assert {one.get_attribute("data-what") for one in pressed.all()} == {"IVH", "SDH", "fracture"}
    page.get_by_text("Subject ").click()
    page.get_by_label("Age (years)").fill("61")
    page.get_by_label("Sex").select_option("female")
    hands.saved()
    ada.done()


def second_reading(bert: Reader, url: str) -> None:
    """The second reader sees nothing of the first until both are done."""
    page, hands = bert.page, bert.hands
    expect(page.locator("tr[data-scan] .state")).to_have_text("in progress")
    expect(page.get_by_role("link", name="Consensus")).to_have_count(0)
    page.goto(url + "#/scan/1/consensus")
    expect(page.locator(".failed")).to_contain_text("hidden until two readers have finished")
    for layer in ("Ada", "consensus"):
        asked(page, f"scans/1/layers/{layer}", 403)
    open_scan(page)
    expect(page.locator(".thumb[data-state=drawn]")).to_have_count(0)
    page.keyboard.press("y")
    expect(page.get_by_role("dialog")).to_contain_text("edited the subject")
    expect(page.get_by_role("dialog")).not_to_contain_text("drew")
    page.keyboard.press("Escape")
    hands.to_slice(4)
    page.keyboard.press("Shift+5")
    hands.outline(bert.shape(LARGER_LENS))
    hands.to_slice(2)
    page.keyboard.press("Shift+3")
    hands.polygon(bert.shape(SULCUS), double_click=True)
    hands.saved()
    bert.assert_drawn(2, SULCUS, SAH)
    bert.done()
    page.keyboard.press("l")
    expect(page.locator("tr[data-scan] .state")).to_have_text("disagreement")


def dice(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
    return 2 * float((one & other).sum()) / float(one.sum() + other.sum())


def agreed(bert: Reader) -> Map:
    """What the second reader makes of both readings; the consensus."""
    page, hands = bert.page, bert.hands
    page.get_by_role("link", name="Consensus").click()
    expect(page.locator("main[data-ready^='#/scan/1/consensus']")).to_be_attached()
    panel = page.locator("section.consensus")
    for name in ("Ada", "Bert"):
        expect(panel.get_by_label(name)).to_be_checked()
    expect(page.locator(".thumb.differs")).to_have_count(3)
    a, b = bert.maps("Ada"), bert.maps("Bert")
    hands.to_slice(4)
    of_scan, of_slice = panel.locator("tr", has_text="Dice").locator("td").all_inner_texts()
    assert float(of_scan) == pytest.approx(dice(a > 0, b > 0), abs=0.006)
    assert float(of_slice) == pytest.approx(dice(a[3] > 0, b[3] > 0), abs=0.006)
    expect(panel.locator("tr", has_text="Surface distance, mm").locator("td").last).to_have_text(
        re.compile(r"^\d+\.\d$")
    )
    # Both found subdural blood on slice 4 alone; only one of them subarachnoid blood.
    kappas = dict(zip(panel.locator("dt").all_inner_texts(), panel.locator("dd").all_inner_texts(), strict=True))
    assert (kappas["κ SDH"], kappas["κ SAH"]) == ("1.00", "0.00")

    assert np.array_equal(bert.take("Intersection", "scan"), np.where((a > 0) & (b > 0), a, 0))
    union = np.maximum(a, b)[3]
    staple = bert.take("STAPLE")[3]
    assert ((staple > 0) >= ((a[3] > 0) & (b[3] > 0))).all() and ((staple > 0) <= (union > 0)).all()
    assert np.array_equal(bert.take("Union")[3], union)
    page.keyboard.press("Control+z")
    hands.saved()
    assert np.array_equal(hands.map_of(4, layer="consensus"), staple)
    page.keyboard.press("Control+y")
    hands.saved()
    hands.to_slice(3)
    assert np.array_equal(bert.take("Ada")[2], a[2])
    hands.to_slice(2)
    page.keyboard.press("Shift+3")
    hands.outline(bert.shape(WIDER_SULCUS))
    page.locator(".labels[data-level=slice]").get_by_role("button", name="Fracture").click()
    hands.saved()
    found = bert.maps("consensus")
    assert_drawn(found[1], bert.shape(WIDER_SULCUS), SAH, within=1.5)
    assert np.array_equal(found[2], a[2]) and np.array_equal(found[3], union) and not found[[0, 4]].any()
    page.get_by_role("button", name="Consensus done").click()
    expect(page.get_by_role("button", name="Reopen the consensus")).to_be_visible()
    page.keyboard.press("l")
    expect(page.locator("tr[data-scan] .state")).to_have_text("done")
    return found


def exported(project: Path, to: str, out: Path) -> Path:
    command = [sys.executable, "-m", "ichor", "annotate", "export", str(project), "--to", to, "--out", str(out)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 of 1 scans" in done.stdout
    return out


def whole_way(served: Served, enter: Enter, rows: int, columns: int) -> Map:
    """Two readers and their consensus, then the server is stopped; (n, rows, columns) of the consensus."""
    page = enter(served, "Ada")
    hands = Hands(page, rows, columns)
    first_reading(Reader(page, hands))
    bert = Reader(enter(served, "Bert"), hands)
    second_reading(bert, served.url)
    found = agreed(bert)
    served.stop()
    assert served.process is not None and served.process.returncode == 0
    return found


def assert_dataset(out: Path) -> None:
    """`ichor dataset check` accepts the folder, and its tables say what was stated."""
    command = [sys.executable, "-m", "ichor", "dataset", "check", str(out)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "0 errors" in done.stdout, done.stdout + done.stderr
    ((_, rows),) = CtIch(out).slice_rows.items()
    said = [(sorted(map(str, row.subtypes)), row.fracture) for row in rows]
    assert said == [([], False), (["SAH"], True), (["IVH"], False), (["SDH"], False), ([], False)]


def test_from_a_dicom_folder_to_ct_ich_and_to_a_segmentation(served: Served, enter: Enter, tmp_path: Path) -> None:
    rows, columns = 128, 112
    folder = synthetic_series(tmp_path / "ct", head(N, rows, columns))
    found = whole_way(served.start(folder), enter, rows, columns)

    out = exported(served.project, "ct-ich", tmp_path / "ct-ich")
    assert_dataset(out)
    (subject,) = (out / "Patients_CT").iterdir()
    masks = read_mask(subject)
    # The 128 rows become 650, the columns as wide; a pixel's place is sure but for those at an edge.
    y, x = (np.arange(SIZE) + 0.5) * rows / SIZE, columns / 2 + (np.arange(SIZE) + 0.5 - SIZE / 2) * rows / SIZE
    within = (x >= 0) & (x < columns)
    row, column = np.floor(y).astype(int), np.clip(np.floor(x), 0, columns - 1).astype(int)
    around = np.ones((3, 3), bool)
    for k, mask in enumerate(masks):
        surely = ndimage.binary_erosion(found[k] > 0, around)[np.ix_(row, column)] & within
        perhaps = ndimage.binary_dilation(found[k] > 0, around)[np.ix_(row, column)] & within
        assert (surely <= mask).all() and (mask <= perhaps).all()
    assert [mask.any() for mask in masks] == [False, True, True, True, False]

    (file,) = exported(served.project, "dicom-seg", tmp_path / "seg").glob("*.dcm")
    segmentation = highdicom.seg.segread(file)
    instances = list(read_scan(folder).source.instance_uids)
    labels = {"IVH": IVH, "SAH": SAH, "SDH": SDH}
    assert segmentation.number_of_segments == len(labels)
    for number in segmentation.segment_numbers:
        name = segmentation.get_segment_description(number).segment_label
        drawn = segmentation.get_pixels_by_source_instance(
            instances, segment_numbers=[number], ignore_spatial_locations=True, assert_missing_frames_are_empty=True
        )[..., 0]
        (label,) = (label for key, label in labels.items() if key in name or Subtype(key).label.lower() in name.lower())
        np.testing.assert_array_equal(drawn, found == label)


def test_from_a_pair_of_videos_to_ct_ich(served: Served, enter: Enter, tmp_path: Path) -> None:
    folder = write_pair(tmp_path / "exam", head(N, SIZE, SIZE))
    found = whole_way(served.start(folder, options=["--pixel-mm", "0.4", "--slice-mm", "5"]), enter, SIZE, SIZE)
    out = exported(served.project, "ct-ich", tmp_path / "ct-ich")
    assert_dataset(out)
    (subject,) = (out / "Patients_CT").iterdir()
    np.testing.assert_array_equal(read_mask(subject), found > 0)
