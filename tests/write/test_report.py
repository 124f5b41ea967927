"""The report: what it says, what it must not hold, and how it looks in Chromium."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page

from ichor.anatomy.head import find_head
from ichor.findings.checks.kinds import InputCheck
from ichor.findings.parts import InputCheckFindings
from ichor.subtypes import Subtype
from ichor.windows import BRAIN
from ichor.write.report import Report
from ichor.write.report.page import css_string, key_slices, ml, probability_words, ranges
from ichor.write.report.pictures import Pictures
from ichor.write.report.plot import plot_of
from synthetic_reports import PATIENT_MS, found_in, result_of, text_of, write_synthetic_report
from synthetic_scans import PRONE, SUPINE, TRANSPOSED, synthetic_head
from unusual_scans import HEAD, with_metal


def report_of(folder: Path, *, name: str = "made", **geometry: Any) -> Path:
    return write_synthetic_report(folder / "report.html", synthetic_head(**geometry), name)


def labels_of(mask: np.ndarray) -> np.ndarray:
    return mask.astype(np.uint8)


def outline_of(pictures: Pictures, index: int) -> str:
    (outline,) = pictures.full(index).outlines
    return outline.path


def test_it_says_what_was_found(tmp_path: Path) -> None:
    text = text_of(report_of(tmp_path, warnings=("Lengths are nominal.",)))
    assert text.index("Hemorrhage suspected") < text.index("Volume")
    for words in ("mL", "ABC/2", "Largest diameter", "on the patient's left", "Lengths are nominal.", "Slice 7 at"):
        assert words in text
    for words in ("threshold, version 1", "a voxel of probability 0.5 or above", "findings.json has all settings"):
        assert words in text
    assert "lowest_hu" not in text and "numpy" not in text
    assert text.count("Research use only; not a medical device.") == 2


def test_it_says_that_nothing_was_found_and_rules_nothing_out(tmp_path: Path) -> None:
    text = text_of(report_of(tmp_path, blood_at_mm=None))
    assert "No hemorrhage found" in text and "does not rule out" in text
    assert "Slices with the highest probability; nothing was marked" in text
    assert "Lesions" not in text and "Hemorrhage suspected" not in text


def test_unknown_spacing_is_reported_without_millimeters(tmp_path: Path) -> None:
    text = text_of(report_of(tmp_path, known_spacing=False))
    assert "Volume not known" in text and "the scan's spacing is not known" in text
    assert not re.search(r"\d (mL|mm|cm²)\b", text)


def test_a_name_is_shown_as_given_and_runs_nothing(tmp_path: Path) -> None:
    html = report_of(tmp_path, name="<script>alert(1)</script>").read_text()
    assert "<script" not in html and "&lt;script&gt;alert(1)" in html


def test_the_page_is_self_contained_and_small(tmp_path: Path) -> None:
    path = report_of(tmp_path, n=35, size=256, pixel_mm=(0.8, 0.8), distances_mm=4.5)
    html = path.read_text()
    assert "default-src 'none'; img-src data:; style-src 'unsafe-inline'" in html
    assert set(re.findall(r'src="([^"]{0,22})', html)) == {"data:image/jpeg;base64"}
    targets = set(re.findall(r'href="([^"]*)"', html))
    assert targets <= {f"#{one}" for one in re.findall(r'id="([^"]*)"', html)}
    assert "url(" not in html and "@import" not in html and "http" not in html.replace("http-equiv", "")
    assert path.stat().st_size < 1_500_000
    assert html.count("<img ") == 35 + 6 and html.count('alt="Axial slice') == 35 + 6


def test_the_same_findings_give_the_same_page(tmp_path: Path) -> None:
    first = report_of(tmp_path).read_bytes()
    assert report_of(tmp_path).read_bytes() == first


@pytest.mark.parametrize("orientation", [SUPINE, PRONE, TRANSPOSED])
def test_pictures_are_radiological_whatever_the_files_are(orientation: np.ndarray) -> None:
    scan = synthetic_head(orientation=orientation, pixel_mm=(1.2, 1.8), size=200)
    pictures = Pictures(scan, labels_of(scan.voxels == 65), find_head(scan))
    full = pictures.full(6)
    shown = np.asarray(Image.open(io.BytesIO(_bytes(full.source)))).astype(float)
    assert shown.shape == (pictures.height, pictures.width)
    # Blood lies on the patient's left, to the right of the picture, and a little to the back, below the middle.
    rows, columns = np.nonzero((shown > 185) & (shown < 205))
    assert columns.mean() > 0.6 * pictures.width and rows.mean() > 0.5 * pictures.height
    # The head is 144 mm wide and 180 mm long, whatever the shape of the pixels.
    assert pictures.aspect == pytest.approx(144 / 180, abs=0.06)


def test_the_outline_runs_around_the_marked_pixels() -> None:
    scan = synthetic_head()
    mask = np.zeros(scan.voxels.shape, bool)
    mask[3, 40:50, 60:70] = True
    mask[3, 43:46, 62:65] = False
    pictures = Pictures(scan, labels_of(mask), find_head(scan))
    outline = outline_of(pictures, 3)
    assert outline.count("M") == outline.count("Z") == 2  # the hole has its own
    points = np.array(re.findall(r"([\d.]+) ([\d.]+)", outline), float)
    extent = points.max(axis=0) - points.min(axis=0)
    assert extent == pytest.approx([10, 10])
    whole = Pictures(scan, labels_of(mask), replace(find_head(scan), rows=(0, 128), columns=(0, 128)))
    points = np.array(re.findall(r"([\d.]+) ([\d.]+)", outline_of(whole, 3)), float)
    assert points.min(axis=0) == pytest.approx([60, 40]) and points.max(axis=0) == pytest.approx([70, 50])
    assert pictures.full(4).outlines == ()


def test_marked_pixels_are_never_cropped_away() -> None:
    scan = synthetic_head()
    mask = np.zeros(scan.voxels.shape, bool)
    mask[0, 2, 3] = True
    outline = outline_of(Pictures(scan, labels_of(mask), find_head(scan)), 0)
    assert outline and "-" not in outline


def test_gray_scans_are_shown_too() -> None:
    scan = synthetic_head()
    window = replace(scan, voxels=np.full(scan.voxels.shape, 100, np.uint8), gray_window=BRAIN)
    shown = Pictures(window, np.zeros(scan.voxels.shape, np.uint8), find_head(window)).large(0, False)
    assert np.asarray(Image.open(io.BytesIO(_bytes(shown.source)))).mean() == pytest.approx(100, abs=2)


def test_with_very_many_slices_only_the_flagged_ones_are_sharp() -> None:
    scan = synthetic_head(n=90, size=300, pixel_mm=(0.7, 0.7), distances_mm=1.5)
    pictures = Pictures(scan, np.zeros(scan.voxels.shape, np.uint8), find_head(scan))
    sizes = [Image.open(io.BytesIO(_bytes(pictures.large(45, flagged).source))).size for flagged in (False, True)]
    assert max(sizes[0]) == 200 < max(sizes[1]) == max(pictures.width, pictures.height)


def test_key_slices_are_the_largest_in_the_heads_order() -> None:
    scan = synthetic_head(n=40, distances_mm=3.0)
    found = found_in(scan)
    chosen = key_slices(found)
    assert len(chosen) == 6 and chosen == sorted(chosen)
    smallest = min(found.slices[k].area_px for k in chosen)
    assert all(one.area_px <= smallest for one in found.slices if one.index not in chosen)


def test_each_listed_lesion_and_each_subtype_has_its_key_slice() -> None:
    found = found_in(synthetic_head(n=40, distances_mm=3.0))
    lesion = found.hemorrhage.lesions[0]
    many = tuple(
        lesion.model_copy(update={"centre_slice": k, "subtype": Subtype.SAH if k == 30 else Subtype.SDH})
        for k in range(1, 40, 3)
    )
    many += (lesion.model_copy(update={"centre_slice": 0, "subtype": Subtype.IVH}),)
    crowded = found.model_copy(update={"hemorrhage": found.hemorrhage.model_copy(update={"lesions": many})})
    chosen = key_slices(crowded)
    assert {one.centre_slice for one in many[:8]} <= set(chosen) and 0 in chosen
    assert chosen == sorted(set(chosen)) and len(chosen) == 9


def test_a_name_in_css_is_a_string_that_ends_nothing() -> None:
    assert css_string("scan 1") == '"scan 1"'
    assert css_string('a"\\</style>') == '"a\\22 \\5c \\3c \\2f style\\3e "'


def test_the_plot_places_slices_by_position() -> None:
    plot = plot_of(found_in(synthetic_head(n=5, distances_mm=(2.0, 2.0, 8.0, 8.0))))
    middles = np.array([bar.x + bar.width / 2 for bar in plot.bars])
    assert np.diff(middles) / np.diff(middles)[0] == pytest.approx([1, 1, 4, 4], rel=0.02)
    assert plot.in_mm and [tick.position for tick in plot.ticks] == ["0", "2", "4", "12", "20"]
    even = plot_of(found_in(synthetic_head(n=5, known_spacing=False)))
    assert not even.in_mm and {tick.position for tick in even.ticks} == {None}


@pytest.mark.parametrize("n", [1, 2, 9, 35, 300])
def test_the_plot_has_few_numbers_and_stays_inside(n: int) -> None:
    plot = plot_of(found_in(synthetic_head(n=n, size=32, pixel_mm=(6.0, 6.0), distances_mm=150 / n)))
    assert 1 <= len(plot.ticks) <= 10 and plot.ticks[0].number == 1
    assert plot.left <= plot.bars[0].x and plot.bars[-1].x + plot.bars[-1].width <= plot.right + 0.01


def test_words_for_numbers() -> None:
    assert ranges([3, 5, 6, 7, 9]) == "3, 5–7, 9"
    assert [probability_words(value) for value in (0.001, 0.5, 0.996)] == ["< 0.01", "0.50", "> 0.99"]
    assert [ml(value) for value in (0.001, 0.214, 23.44)] == ["< 0.01 mL", "0.21 mL", "23.4 mL"]


@pytest.fixture
def opened(browser: Browser, tmp_path: Path) -> Iterator[tuple[Page, list[str]]]:
    """The report of a known bleed in a window, and what went wrong or went out while it was opened."""
    page = browser.new_page(viewport={"width": 1000, "height": 1400})
    page.set_default_timeout(PATIENT_MS)
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: complaints.append(request.url) if request.url.startswith("http") else None)
    page.goto(report_of(tmp_path, n=20, distances_mm=7.0).as_uri())
    yield page, complaints
    page.close()


def test_in_chromium_it_shows_verdict_pictures_and_outlines(opened: tuple[Page, list[str]]) -> None:
    page, complaints = opened
    assert page.get_by_role("heading", name="Hemorrhage suspected").is_visible()
    loaded = page.evaluate("[...document.images].map(one => one.complete && one.naturalWidth > 50)")
    assert len(loaded) == 20 + 6 and all(loaded)
    outline = page.locator(".key .outline path").first
    box, frame = outline.bounding_box(), page.locator(".key .ct").first.bounding_box()
    assert box is not None and frame is not None
    assert box["width"] > 10 and frame["x"] <= box["x"] and box["x"] + box["width"] <= frame["x"] + frame["width"]
    assert page.locator(".key .side.right").first.inner_text() == "R"
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert complaints == []


def test_in_chromium_failed_checks_are_shown_above_the_verdict(browser: Browser, tmp_path: Path) -> None:
    path = write_synthetic_report(tmp_path / "report.html", with_metal(15))
    page = browser.new_page(viewport={"width": 1000, "height": 1400})
    page.set_default_timeout(PATIENT_MS)
    page.goto(path.as_uri())
    warned, heading = page.get_by_role("alert"), page.get_by_role("heading", name="Hemorrhage suspected")
    assert warned.is_visible() and "0.1 mL of metal" in warned.inner_text()
    above, below = warned.bounding_box(), heading.bounding_box()
    assert above is not None and below is not None
    assert above["y"] > 0 and above["y"] + above["height"] < below["y"] < 1400
    page.goto(write_synthetic_report(path, HEAD).as_uri())
    assert page.get_by_role("alert").count() == 0
    page.close()


def test_in_chromium_the_outline_can_be_hidden_without_scripts(browser: Browser, tmp_path: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.set_default_timeout(PATIENT_MS)
    page.goto(report_of(tmp_path).as_uri())
    outline = page.locator(".key .outline").first
    assert outline.is_visible()
    page.get_by_label("Show outline").uncheck()
    assert not outline.is_visible() and not page.locator(".all .outline").first.is_visible()
    context.close()


def test_in_chromium_a_slice_opens_large_without_scripts(browser: Browser, tmp_path: Path) -> None:
    context = browser.new_context(java_script_enabled=False, viewport={"width": 1000, "height": 800})
    page = context.new_page()
    page.set_default_timeout(PATIENT_MS)
    page.goto(report_of(tmp_path).as_uri())
    for kind, first, then in (("slice", 5, 6), ("key", 6, 7)):
        picture = page.locator(f"#{kind}-{first} .ct")
        small = picture.bounding_box()
        page.locator(f"#{kind}-{first} a.open").click()
        large = picture.bounding_box()
        assert small is not None and large is not None
        assert large["width"] > 1.5 * small["width"] and large["y"] + large["height"] <= 800
        page.locator(f"#{kind}-{first}").get_by_role("link", name=f"Slice {then} ›").click()
        other = page.locator(f"#{kind}-{then}")
        assert other.get_by_role("link", name="Close").is_visible()
        other.get_by_role("link", name="Close").click()
        assert not other.get_by_role("link", name="Close").is_visible()
    page.get_by_role("cell", name="1", exact=True).get_by_role("link").click()
    assert page.locator(".key .opens:target figcaption").inner_text().endswith("lesion 1")
    context.close()


def test_in_chromium_only_part_of_a_head_is_a_quiet_line_unless_another_check_fails_too(
    browser: Browser, tmp_path: Path
) -> None:
    result = result_of(HEAD)
    part = InputCheckFindings(kind=InputCheck.PART, message="Only part of a head is shown.")
    metal = InputCheckFindings(kind=InputCheck.METAL, message="There is metal.")
    page = browser.new_page()
    page.set_default_timeout(PATIENT_MS)
    for checks, in_box, in_line in (((part,), 0, 1), ((part, metal), 1, 0), ((metal,), 1, 0), ((), 0, 0)):
        scan = result.findings.scan.model_copy(update={"input_checks": checks})
        Report().write(replace(result, findings=result.findings.model_copy(update={"scan": scan})), tmp_path)
        page.goto((tmp_path / "report.html").as_uri())
        box, line = page.get_by_role("alert"), page.locator(".verdict .part")
        assert (box.count(), line.count()) == (in_box, in_line)
        shown = (box if in_box else line).all_inner_texts()
        assert all(one.message in "".join(shown) for one in checks)
    page.close()


@pytest.mark.parametrize("width", [420, 800])
def test_in_chromium_narrow_windows_need_no_sideways_scrolling(browser: Browser, tmp_path: Path, width: int) -> None:
    page = browser.new_page(viewport={"width": width, "height": 900})
    page.set_default_timeout(PATIENT_MS)
    page.goto(report_of(tmp_path, name="a-very-long-name-" * 8).as_uri())
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    page.close()


def test_in_chromium_it_prints(opened: tuple[Page, list[str]]) -> None:
    page, _ = opened
    pdf = page.pdf(format="A4", print_background=True)
    pages = len(re.findall(rb"/Type\s*/Page\b", pdf))
    assert 1 <= pages <= 4


def _bytes(source: str) -> bytes:
    return base64.b64decode(source.split(",")[1])
