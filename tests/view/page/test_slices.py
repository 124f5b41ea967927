"""Looking at a result in Chromium: list, slices, window, zoom, rulers, outlines, the bar at the side."""

from __future__ import annotations

from pathlib import Path

import pytest

from view.page.conftest import View
from view.page.hands import Hands, open_result, settle
from view.result_files import write_result


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("view") / "out"
    write_result(out)
    write_result(out, "clean", blood_at_mm=None)
    write_result(out, "unnamed", with_path=False, blood_radii_mm=(10.0, 10.0, 12.0))
    (out / "damaged").mkdir()
    (out / "damaged" / "findings.json").write_text("{}")
    return out


def test_the_list_is_ordered_and_leads_to_a_result_and_back(out: Path, view: View) -> None:
    page = view(out)
    names = page.locator("tbody tr td:first-child").all_inner_texts()
    assert names == ["head", "unnamed", "clean", "damaged"]
    assert "Failed: " in page.locator("tr.failed-row").inner_text()
    assert "not a medical device" in page.locator("footer").inner_text()
    open_result(page, "clean")
    assert "No hemorrhage found" in page.locator(".verdict").inner_text()
    page.get_by_role("link", name="List").click()
    page.locator(".list").wait_for()
    page.get_by_role("link", name="unnamed").click()
    page.locator(".failed").wait_for()
    assert "give its location with --scan PATH" in page.locator(".failed").inner_text()


def test_every_slice_by_wheel_keys_and_bar(out: Path, view: View) -> None:
    page = view(out)
    open_result(page, "head")
    hands = Hands(page)
    start = int(hands.hud("top-left").split()[1])
    page.mouse.move(*hands.place(32, 32))
    page.mouse.wheel(0, -100)
    assert hands.hud("top-left") == f"Axial {start + 1} of 12"
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    assert hands.hud("top-left") == f"Axial {start - 1} of 12"
    page.keyboard.press("Home")
    assert hands.hud("top-left") == "Axial 1 of 12"
    for _ in range(20):
        page.mouse.wheel(0, 100)
    assert hands.hud("top-left") == "Axial 1 of 12"
    box = page.locator(".bar").bounding_box()
    assert box is not None
    for number in (1, 7, 12):
        page.mouse.click(box["x"] + 10, box["y"] + box["height"] * (1 - (number - 0.5) / 12))
        assert hands.hud("top-left") == f"Axial {number} of 12"
        assert page.get_by_role("slider", name="Slice; bars").get_attribute("aria-valuenow") == str(number)


def test_the_window_by_keys_and_drag_and_hu_under_the_mouse(out: Path, view: View) -> None:
    page = view(out)
    open_result(page, "head")
    hands = Hands(page)
    for key, words in (("2", "L 700  W 3200"), ("3", "L 40  W 40"), ("4", "L 80  W 200"), ("1", "L 40  W 120")):
        page.keyboard.press(key)
        assert hands.hud("top-right") == words
    page.mouse.move(*hands.place(36, 20))
    assert hands.hud("bottom-left") == "35 HU"
    page.mouse.move(*hands.place(36, 44))
    assert hands.hud("bottom-left") == "65 HU"
    assert hands.colour(36, 20) == (117, 117, 117)  # 35 HU in level 40, width 120
    x, y = hands.place(32, 20)
    hands.drag((x, y), (x + 40, y + 20))
    assert hands.hud("top-right") == "L 20  W 200"
    assert hands.colour(36, 20)[0] == pytest.approx(147, abs=1)
    hands.drag((x, y), (x, y - 20), button="right")
    assert hands.hud("top-right") == "L 40  W 200"


def test_zoom_move_and_fit(out: Path, view: View) -> None:
    page = view(out)
    open_result(page, "head")
    hands = Hands(page)
    blood = hands.place(36, 44)
    page.keyboard.press("o")
    page.mouse.move(*blood)
    assert hands.hud("bottom-left") == "65 HU"
    page.keyboard.press("+")
    page.keyboard.press("+")
    page.mouse.move(*hands.place(32, 32))
    page.keyboard.press("p")
    middle = hands.place(32, 32)
    hands.drag(middle, (middle[0] - 150, middle[1]))
    page.mouse.move(*middle)
    assert hands.hud("bottom-left") == "65 HU"
    page.keyboard.press("0")
    page.mouse.move(*middle)
    assert hands.hud("bottom-left") == "35 HU"


def test_a_ruler_is_true_to_mm(out: Path, view: View) -> None:
    page = view(out)
    open_result(page, "head")
    hands = Hands(page)
    page.evaluate("""() => { window.texts = []; const p = CanvasRenderingContext2D.prototype; const f = p.fillText;
        p.fillText = function (t, ...more) { window.texts.push(t); return f.call(this, t, ...more); }; }""")
    page.keyboard.press("r")
    hands.drag(hands.place(20, 20), hands.place(50, 60))
    texts = page.evaluate("window.texts")
    assert float(texts[-1].removesuffix(" mm")) == pytest.approx(160, abs=1)  # 30 and 40 pixels of 3.2 mm
    page.evaluate("window.texts = []")
    page.keyboard.press("Delete")
    settle(page)
    assert page.evaluate("window.texts") == []


def test_outlines_opacity_and_probability(out: Path, view: View) -> None:
    page = view(out)
    open_result(page, "head")
    hands = Hands(page)
    filled = hands.colour(36, 44)
    assert filled[0] > filled[2] + 10  # toward the subtype's orange or yellow
    page.keyboard.press("o")
    gray = hands.colour(36, 44)
    assert gray[0] == gray[1] == gray[2]
    page.keyboard.press("o")
    page.get_by_label("Opacity of the outlined area").fill("0")
    assert hands.colour(36, 44) == gray
    assert not page.get_by_role("checkbox", name="Probability").is_checked()
    page.get_by_role("checkbox", name="Probability").check()
    page.wait_for_function("document.querySelector('.axial canvas')")
    page.wait_for_timeout(200)
    red = hands.colour(36, 44)
    assert red[0] > red[1] + 30


@pytest.mark.parametrize("size", [(1024, 700), (1280, 800), (3840, 2160)])
def test_nothing_is_cut_off_at_any_size(out: Path, view: View, size: tuple[int, int]) -> None:
    page = view(out, size=size)
    open_result(page, "head")
    assert page.evaluate("document.documentElement.scrollWidth") == size[0]
    assert page.evaluate("document.documentElement.scrollHeight") == size[1]
    for place in (".axial canvas", ".coronal canvas", ".sagittal canvas", ".bar", ".panel", ".toolbar"):
        box = page.locator(place).bounding_box()
        assert box is not None and box["width"] > 20 and box["height"] > 20
        assert box["x"] >= 0 and box["x"] + box["width"] <= size[0] + 1
        assert box["y"] + box["height"] <= size[1]
