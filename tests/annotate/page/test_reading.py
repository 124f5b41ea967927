"""Reading and drawing, as a reader's hands do it, on a scan of a made head."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from annotate.page.conftest import Enter, open_scan
from annotate.page.hands import Hands, asked, assert_drawn
from annotate.page.served import Served
from ichor.windows import BRAIN
from phantom import bleed, head
from synthetic_dicom import synthetic_series

N, ROWS, COLUMNS = 8, 128, 112
PIXEL_MM = (0.5, 0.5)  # of synthetic_dicom
HU = head(N, ROWS, COLUMNS)
IVH, IPH, SAH, EDH, SDH = 1, 2, 3, 4, 5
SQUARE = [(30.0, 50.0), (70.0, 50.0), (70.0, 90.0), (30.0, 90.0)]
INNER = [(40.0, 60.0), (60.0, 60.0), (60.0, 80.0), (40.0, 80.0)]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Scans of the same head, one for each test that draws, served for all tests of this file."""
    folder = tmp_path_factory.mktemp("reading")
    scans = [synthetic_series(folder / f"head-{number}", HU) for number in (1, 2, 3)]
    one = Served(folder / "project")
    one.start(*scans, options=["--subject", "head"])
    yield one
    one.stop()


def hands_on(page: Page, scan: int) -> Hands:
    open_scan(page, scan)
    return Hands(page, ROWS, COLUMNS, PIXEL_MM)


def shown_at(hands: Hands, x: float, y: float) -> float:
    """The gray on the screen around pixel coordinates, the mean of 5 x 5 screen pixels."""
    left, top = hands.place(x, y)
    picture = Image.open(io.BytesIO(hands.page.screenshot())).convert("L")
    column, row = round(left), round(top)
    return float(np.asarray(picture, float)[row - 2 : row + 3, column - 2 : column + 3].mean())


def test_slices_windows_zoom_ruler_and_the_hu_under_the_cursor(made: Served, enter: Enter) -> None:
    page = enter(made)
    expect(page.locator("tr[data-scan]")).to_have_count(3)
    hands = hands_on(page, 1)
    number, gray, cursor = (page.locator(f"[data-hud={name}]") for name in ("slice", "window", "cursor"))
    expect(number).to_have_text("5 / 8")
    page.keyboard.press("ArrowUp")
    expect(number).to_have_text("6 / 8")
    hands.point(50, 60)
    page.mouse.wheel(0, 120)
    page.mouse.wheel(0, 120)
    expect(number).to_have_text("4 / 8")
    page.keyboard.press("End")
    expect(number).to_have_text("8 / 8")
    hands.to_slice(6)

    # The bleed lies on the patient's left: at the right of the screen, and bright; the other side is brain.
    blood = np.argwhere(bleed(N, ROWS, COLUMNS)[5]).mean(axis=0)
    y, x = float(blood[0]) + 0.5, float(blood[1]) + 0.5
    assert x > COLUMNS / 2
    hands.point(5, 5)
    assert shown_at(hands, x, y) == pytest.approx(float(BRAIN.gray(70)), abs=10)
    assert shown_at(hands, COLUMNS - x, y) == pytest.approx(float(BRAIN.gray(34)), abs=10)
    expect(page.locator(".left-mark").first).to_have_text("R")
    for column, row in ((60, 40), (20, 100), (80, 64)):
        hands.point(column + 0.5, row + 0.5)
        words = f"{HU[5, row, column]} HU   column {column + 1}, row {row + 1}"
        expect(cursor).to_have_text(words)

    windows = {"1": "L 40  W 120 HU", "2": "L 700  W 3200 HU", "3": "L 80  W 200 HU", "4": "L 40  W 40 HU"}
    for key, words in windows.items():
        page.keyboard.press(key)
        expect(gray).to_have_text(words)
    page.keyboard.press("1")
    hands.drag([(40, 60), (60, 50)], button="right")
    level, width = map(int, re.findall(r"\d+", gray.inner_text()))
    assert level > 40 and width > 120
    expect(page.locator("#window-level")).to_have_value(str(level))
    page.locator("#window-width").fill("77")
    page.keyboard.press("Tab")
    expect(gray).to_have_text(f"L {level}  W 77 HU")
    # A field that is left empty is no 0: what holds stands in it again.
    for field, value in (("#window-level", str(level)), ("#window-width", "77")):
        page.locator(field).fill("")
        page.keyboard.press("Tab")
        expect(page.locator(field)).to_have_value(value)
    expect(gray).to_have_text(f"L {level}  W 77 HU")
    page.evaluate("document.activeElement.blur()")

    # Zooming keeps what is under the pointer there.
    hands.point(60.5, 40.5)
    under = cursor.inner_text()
    page.keyboard.down("Control")
    page.mouse.wheel(0, -300)
    page.keyboard.up("Control")
    expect(page.locator("[data-hud=zoom]")).not_to_have_text("100 %")
    hands.point(60.6, 40.5)
    expect(cursor).to_have_text(under)
    page.keyboard.press("0")
    expect(page.locator("[data-hud=zoom]")).to_have_text("100 %")

    page.keyboard.press("r")
    hands.drag([(20, 64), (60, 64)])
    lengths = page.evaluate(LENGTHS)
    assert lengths == [pytest.approx(20.0, abs=0.3)]
    page.keyboard.press("Escape")
    assert page.evaluate(LENGTHS) == []


# What the page says of its rulers, read from the picture's own description for those who cannot see it.
LENGTHS = """() => (document.querySelector('.overlay').getAttribute('aria-description') ?? '')
  .split('; ').filter(Boolean).map(parseFloat)"""


def test_every_tool_draws_what_it_should(made: Served, enter: Enter) -> None:
    page = enter(made)
    hands = hands_on(page, 2)
    hands.to_slice(4)

    page.keyboard.press("Shift+5")
    hands.outline(SQUARE)
    hands.saved()
    drawn = hands.map_of(4, 2)
    assert_drawn(drawn, SQUARE, SDH)
    assert hands.layer(2)["slices"]["3"]["origins"] == {str(SDH): "drawn"}
    # With Alt an outlined area is taken away, which leaves a hole, and `f` fills it.
    page.keyboard.down("Alt")
    hands.drag([*INNER, INNER[0]])
    page.keyboard.up("Alt")
    hands.saved()
    assert hands.map_of(4, 2)[70, 50] == 0
    page.keyboard.press("f")
    hands.saved()
    assert np.array_equal(hands.map_of(4, 2), drawn)

    page.keyboard.press("Shift+1")
    hands.polygon(INNER)
    hands.saved()
    both = hands.map_of(4, 2)
    assert_drawn(both, INNER, IVH)
    assert both[55, 35] == SDH

    page.keyboard.press("Shift+2")
    page.keyboard.press("b")
    page.get_by_label("Size in pixels").fill("9")
    page.get_by_label("Size in pixels").blur()
    hands.drag([(85.5, 60.5), (85.5, 80.5)])
    hands.saved()
    brushed = hands.map_of(4, 2)
    y, x = np.mgrid[:ROWS, :COLUMNS] + 0.5
    distance = np.hypot(x - 85.5, y - np.clip(y, 60.5, 80.5))
    assert (brushed == IPH)[distance < 3.8].all() and not (brushed == IPH)[distance > 5.2].any()
    page.keyboard.press("e")
    hands.drag([(85.5, 60.5), (85.5, 80.5)])
    hands.saved()
    assert (hands.map_of(4, 2)[distance < 3.8] == 0).all()

    page.keyboard.press("a")
    hands.point(50, 70)
    page.mouse.down()
    page.mouse.up()
    hands.saved()
    assert (hands.map_of(4, 2) == IPH).sum() >= (both == IVH).sum()

    # Growing stays within its limits and finds the bleed, up to the smoothing of its edge, from within only.
    hands.to_slice(6)
    blood = bleed(N, ROWS, COLUMNS)[5]
    row, column = np.argwhere(blood)[blood.sum() // 2]
    page.keyboard.press("Shift+2")
    page.keyboard.press("g")
    hands.point(30, 64)
    page.mouse.down()
    page.mouse.up()
    expect(page.locator("#notice")).to_contain_text("outside the range 50 to 100 HU")
    hands.point(column + 0.5, row + 0.5)
    page.mouse.down()
    page.mouse.up()
    hands.saved()
    grown = hands.map_of(6, 2) == IPH
    assert 2 * (grown & blood).sum() > 0.95 * (grown.sum() + blood.sum())

    # Copies go into empty places of the slice only; interpolation fills what lies between.
    hands.to_slice(7)
    page.keyboard.press(",")
    hands.saved()
    assert np.array_equal(hands.map_of(7, 2), hands.map_of(6, 2))
    hands.to_slice(4)
    page.keyboard.press("i")
    expect(page.locator("#notice")).to_contain_text("Slice 5 interpolated")
    hands.saved()
    page.keyboard.press("s")
    hands.saved()
    smooth = hands.map_of(4, 2)
    assert (smooth > 0).any()
    origins = {int(k) + 1: set(one["origins"].values()) for k, one in hands.layer(2)["slices"].items()}
    assert origins[6] == origins[7] == {"calculated"} and "calculated" in origins[4] and origins[5] == {"calculated"}

    # Undo without limit, back to nothing, and forth again to the same.
    before = [hands.map_of(number, 2) for number in (4, 5, 6, 7)]
    undo, redo = page.locator("[data-action=undo]"), page.locator("[data-action=redo]")
    for _ in range(12):
        if undo.is_disabled():
            break
        page.keyboard.press("Control+z")
    expect(undo).to_be_disabled()
    hands.saved()
    assert not any(hands.map_of(number, 2).any() for number in (4, 5, 6, 7))
    assert hands.layer(2)["labels"]["scan"]["subtypes"] == []
    while redo.is_enabled():
        page.keyboard.press("Control+Shift+z")
    hands.saved()
    assert all(np.array_equal(one, hands.map_of(number, 2)) for one, number in zip(before, (4, 5, 6, 7), strict=True))


def test_labels_of_slice_and_scan_go_together(made: Served, enter: Enter) -> None:
    page = enter(made)
    hands = hands_on(page, 3)
    of_slice, of_scan = (page.locator(f".labels[data-level={level}]") for level in ("slice", "scan"))

    def pressed(level: str) -> set[str]:
        chips = page.locator(f".labels[data-level={level}] [aria-pressed=true]")
        return {chip.get_attribute("data-what") or "" for chip in chips.all()}

    page.keyboard.press("Alt+3")
    of_slice.get_by_role("button", name="Fracture").click()
    of_slice.get_by_role("button", name="motion").click()
    page.keyboard.press("n")
    page.keyboard.type("near the falx")
    hands.saved()
    assert pressed("slice") == {"SAH", "fracture", "quality:motion"}
    expect(of_scan.locator("[data-what=SAH]")).to_have_attribute("aria-pressed", "true")
    assert pressed("scan") == {"SAH", "fracture"}
    page.keyboard.press("Escape")
    of_scan.locator("[data-what=none]").click()
    expect(page.locator("#notice")).to_contain_text("A slice has hemorrhage")

    page.keyboard.press("Shift+4")
    hands.outline(SQUARE)
    hands.saved()
    assert {"EDH", "SAH"} <= pressed("slice") and {"EDH", "SAH"} <= pressed("scan")
    of_slice.locator("[data-what=EDH]").click()
    expect(page.locator("#notice")).to_contain_text("This slice has a region of EDH")
    page.keyboard.press("Delete")
    page.keyboard.press("Alt+0")
    hands.saved()
    assert pressed("slice") == {"none", "fracture", "quality:motion"} and "EDH" not in pressed("scan")
    labels = hands.layer(3)["labels"]["slices"]["4"]
    assert labels["no_hemorrhage"] and labels["note"] == "near the falx" and labels["quality"] == ["motion"]

    page.get_by_text("Subject ").click()
    page.get_by_label("Age (years)").fill("61")
    page.get_by_label("Sex").select_option("female")
    hands.saved()
    person = asked(page, "scans/3").json()["person"]
    assert (person["age"], person["sex"]) == (61, "F")
    page.keyboard.press("Escape")
    page.locator(".thumbs").click(position={"x": 5, "y": 5})
    page.keyboard.press("y")
    expect(page.get_by_role("dialog")).to_contain_text("drew EDH")
    expect(page.get_by_role("dialog")).to_contain_text("Ada")
    page.keyboard.press("Escape")

    # Done closes the layer to changes until it is opened again.
    page.keyboard.press("d")
    dialog = page.get_by_role("dialog", name="Is this reading done?")
    expect(dialog).to_be_visible()
    for box in dialog.get_by_role("checkbox").all():
        box.check()
    dialog.get_by_role("button", name="Reading done").click()
    expect(page.get_by_role("button", name="Reopen the reading")).to_be_visible()
    expect(page.locator("[data-action='tool.brush']")).to_be_disabled()
    page.keyboard.press("l")
    row = page.locator("tr[data-scan='3']")
    expect(row).to_contain_text("done")
    page.get_by_role("button", name="Done 0").or_(page.get_by_role("button", name="In progress")).first.click()
    page.get_by_role("button", name="All").click()
    page.keyboard.press("/")
    page.keyboard.type("head-2")
    expect(page.locator("tr[data-scan]")).to_have_count(1)


def test_the_help_names_every_shortcut_and_every_shortcut_does_something(made: Served, enter: Enter) -> None:
    page = enter(made)
    page.keyboard.press("?")
    help_text = page.get_by_role("dialog").inner_text()
    shortcuts = page.evaluate("import('/js/keys.js').then(keys => keys.SHORTCUTS)")
    assert len(shortcuts) > 40 and all(one["does"] in help_text for one in shortcuts)
    page.keyboard.press("Escape")
    bound = page.evaluate(
        """async () => {
          const { getJson } = await import('/js/api.js');
          const me = await getJson('/api/me');
          const { actionsOf } = await import('/js/actions.js');
          return Object.keys(actionsOf({ me, viewer: {} }));
        }"""
    )
    assert {one["id"] for one in shortcuts} == {*bound, "search", "help"}
    keys = [key for one in shortcuts for key in one["keys"]]
    assert len(keys) == len(set(keys))


def test_keys_are_found_on_every_keyboard(made: Served, enter: Enter) -> None:
    page = enter(made)
    # What browsers send for a key: US, French (signs where digits are), Mac with Alt, Swiss, German with AltGr.
    pressed: dict[str, dict[str, object]] = {
        "1": {"code": "Digit1", "key": "&"},
        "2": {"code": "Digit2", "key": "é"},
        "-": {"code": "Digit6", "key": "-"},
        "Alt+3": {"code": "Digit3", "key": "£", "altKey": True},
        "Alt+0": {"code": "Numpad0", "key": "0", "altKey": True},
        "Shift+1": {"code": "Digit1", "key": "+", "shiftKey": True},
        "Shift+6": {"code": "Digit6", "key": "^", "shiftKey": True},
        "/": {"code": "Digit7", "key": "/", "shiftKey": True},
        "[": {"code": "Digit8", "key": "[", "ctrlKey": True, "altKey": True, "modifierAltGraph": True},
        "ArrowUp": {"code": "Numpad8", "key": "ArrowUp"},
        "?": {"code": "Slash", "key": "?", "shiftKey": True},
        "B": {"code": "KeyB", "key": "b"},
        "Ctrl+Shift+Z": {"code": "KeyZ", "key": "Z", "metaKey": True, "shiftKey": True},
    }
    found = page.evaluate(
        """async (all) => {
          const { nameOf } = await import('/js/keys.js');
          return all.map((one) => nameOf(new KeyboardEvent('keydown', one)));
        }""",
        list(pressed.values()),
    )
    assert found == list(pressed)


def test_a_polygon_belongs_to_the_slice_on_which_it_was_started(made: Served, enter: Enter) -> None:
    page = enter(made)
    hands = hands_on(page, 1)
    hands.to_slice(3)
    page.keyboard.press("Shift+4")
    page.keyboard.press("p")
    for x, y in SQUARE:
        page.mouse.click(*hands.place(x, y))
    # One looks at the slices around before one closes it.
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    expect(page.locator("[data-hud=slice] b")).to_have_text("3")
    hands.saved()
    assert_drawn(hands.map_of(3), SQUARE, EDH)
    assert not hands.map_of(4).any()


def test_an_unfinished_polygon_stays_in_sight_while_another_tool_is_used(made: Served, enter: Enter) -> None:
    page = enter(made)
    hands = hands_on(page, 1)
    hands.to_slice(2)
    page.keyboard.press("p")
    for x, y in SQUARE[:3]:
        page.mouse.click(*hands.place(x, y))
    page.keyboard.press("b")
    assert page.evaluate(_CORNER_IS_PAINTED, hands.place(*SQUARE[0]))
    page.keyboard.press("p")
    page.keyboard.press("Escape")
    assert not page.evaluate(_CORNER_IS_PAINTED, hands.place(*SQUARE[0]))


_CORNER_IS_PAINTED = """([x, y]) => {
  const canvas = document.querySelector('canvas.overlay');
  const { left, top, width } = canvas.getBoundingClientRect();
  const ratio = canvas.width / width;
  const [column, row] = [x - left, y - top].map((one) => Math.round(one * ratio));
  return canvas.getContext('2d').getImageData(column, row, 1, 1).data[3] > 0;
}"""


@pytest.mark.parametrize("size", [(1280, 800), (3840, 2160)])
def test_it_fits_the_screen_and_names_its_controls(made: Served, enter: Enter, size: tuple[int, int]) -> None:
    page = enter(made, size=size)
    open_scan(page, 3)
    page.keyboard.press("c")
    expect(page.locator(".stage.previous canvas")).to_be_visible()
    expect(page.locator(".stage.previous")).to_contain_text("Slice 5 of 8")
    page.keyboard.press("ArrowUp")
    expect(page.locator(".stage.previous")).to_contain_text("Slice 6 of 8")
    fits = "document.documentElement.scrollWidth <= innerWidth && document.body.scrollHeight <= innerHeight"
    assert page.evaluate(fits)
    unnamed = page.evaluate(
        """() => [...document.querySelectorAll('button, input, textarea, select')]
          .filter(one => !one.hidden)
          .filter(one => !(one.getAttribute('aria-label') || one.labels?.length || one.textContent.trim()))
          .map(one => one.outerHTML)"""
    )
    assert unnamed == []
    page.keyboard.press("Tab")
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline != "none"
    box = page.locator(".done").bounding_box()
    assert box is not None and box["y"] + box["height"] <= size[1]
    expect(page.get_by_text("Research use only; not a medical device.")).to_be_visible()


def test_the_page_asks_for_nothing_of_the_network() -> None:
    page = Path(__file__).resolve().parents[3] / "src" / "ichor" / "annotate" / "page"
    kinds = {".js", ".css", ".html"}
    ours = [path for path in page.rglob("*") if path.suffix in kinds and path.parent.name != "vendor"]
    assert len(ours) > 30
    for path in ours:
        links = set(re.findall(r"https?://[^\s\"'`]+", path.read_text(encoding="utf-8")))
        assert links <= {"http://www.w3.org/2000/svg"}, path.name
        assert not re.search(r"\son\w+=|<style|style=", path.read_text()) or path.suffix != ".html", path.name
