"""The report of a method that tells subtypes: the table, the outlines' colours, and that colour is never alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page

from ichor.anatomy.head import find_head
from ichor.scan import Scan
from ichor.subtypes import Subtype
from ichor.write.report.pictures import NAME_HEIGHT, Pictures
from synthetic_reports import PATIENT_MS, found_in, text_of, write_synthetic_report
from synthetic_scans import SubtypesMethod, synthetic_head

SPACE = {"n": 20, "distances_mm": 7.0}


def two_bleeds(*, known_spacing: bool = True) -> Scan:
    """One on the lower half of the slices, at the left, and a smaller one on the upper half, at the right."""
    lower = synthetic_head(**SPACE, blood_at_mm=(38.0, 10.0, 30.0), known_spacing=known_spacing)
    upper = synthetic_head(**SPACE, blood_at_mm=(-38.0, -10.0, 95.0), blood_radii_mm=(12.0, 12.0, 12.0))
    return replace(lower, voxels=np.where(upper.voxels == 65, upper.voxels, lower.voxels))


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_synthetic_report(
        tmp_path_factory.mktemp("report") / "report.html", two_bleeds(), method=SubtypesMethod()
    )


@pytest.fixture
def opened(browser: Browser, report: Path) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.set_default_timeout(PATIENT_MS)
    page.goto(report.as_uri())
    yield page
    page.close()


def rgb(colour: str) -> str:
    return f"rgb({int(colour[1:3], 16)}, {int(colour[3:5], 16)}, {int(colour[5:], 16)})"


def test_the_table_has_each_subtypes_probability_and_volume(opened: Page) -> None:
    rows = opened.locator(".subtypes tbody tr")
    shown = [re.split(r"\s*[\t\n]\s*", row.strip()) for row in rows.all_inner_texts()]
    told = found_in(two_bleeds(), method=SubtypesMethod()).hemorrhage.subtypes or ()
    volumes = {one.subtype: f"{one.volume_ml:.1f} mL" for one in told if one.volume_px}
    assert set(volumes) == {Subtype.IPH, Subtype.SDH}
    for row, one, probability in zip(shown, told, ("0.10", "0.90", "0.20", "< 0.01", "0.80"), strict=True):
        assert row == [f"{one.subtype} {one.subtype.label}", probability, volumes.get(one.subtype, "nothing marked")]
    assert "learned from labels of whole slices" in opened.locator(".subtypes .legend").inner_text()


def test_outlines_have_their_subtypes_color_and_name(opened: Page) -> None:
    figures = opened.locator(".key figure").all()
    names = set()
    for figure in figures:
        (path,), (name,) = figure.locator(".outline .line").all(), figure.locator(".name").all()
        code = name.inner_text()
        names.add(code)
        for element, key in ((path, "stroke"), (name, "color")):
            found = element.evaluate("(one, key) => getComputedStyle(one)[key]", key)
            assert found == rgb(Subtype(code).colour)
        assert figure.locator("img").get_attribute("alt").endswith(f"with the outline of what was marked: {code}")
        frame, box, beside = (one.bounding_box() for one in (figure.locator(".ct"), path, name))
        assert frame is not None and box is not None and beside is not None
        assert frame["x"] <= beside["x"] and beside["x"] + beside["width"] <= frame["x"] + frame["width"]
        assert box["y"] < beside["y"] + beside["height"] / 2 < box["y"] + box["height"]  # beside its lesion
    assert names == {"IPH", "SDH"}
    legend = opened.locator(".legend.names").inner_text().split()
    assert legend == ["IPH", "Intraparenchymal", "SDH", "Subdural"]
    thumbnails = opened.locator(".all li.flagged .names").all_inner_texts()
    assert set(thumbnails) == {"IPH", "SDH"} and len(thumbnails) == opened.locator(".all li.flagged").count()


def test_each_lesion_in_the_table_has_its_subtype(opened: Page) -> None:
    assert opened.locator(".lesions tbody td:nth-child(2)").all_inner_texts() == ["SDH", "IPH"]
    chip = opened.locator(".lesions .chip").first
    assert chip.evaluate("one => getComputedStyle(one).backgroundColor") == rgb(Subtype.SDH.colour)


def test_names_are_hidden_with_the_outline(opened: Page) -> None:
    name = opened.locator(".key .name").first
    assert name.is_visible()
    opened.get_by_label("Show outline").uncheck()
    assert not name.is_visible()


def test_narrow_windows_and_paper_have_room_for_it(opened: Page) -> None:
    opened.set_viewport_size({"width": 400, "height": 900})
    assert opened.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    heading, box = opened.locator(".slices > h2"), opened.locator("#outline")
    right = heading.evaluate(
        "one => { const r = document.createRange(); r.selectNodeContents(one); "
        "return r.getBoundingClientRect().right; }"
    )
    assert right < box.bounding_box()["x"]
    opened.emulate_media(media="print")
    assert opened.locator(".subtypes tbody td").first.is_visible()
    pdf = opened.pdf(format="A4", print_background=True)
    assert len(re.findall(rb"/Type\s*/Page\b", pdf)) <= 3


def test_nothing_marked_leaves_the_probabilities(tmp_path: Path) -> None:
    scan = synthetic_head(**SPACE, blood_at_mm=None)
    text = text_of(write_synthetic_report(tmp_path / "report.html", scan, method=SubtypesMethod()))
    assert "IPH Intraparenchymal 0.90 nothing marked" in text and "does not rule out" in text


def test_an_unknown_spacing_gives_voxels(tmp_path: Path) -> None:
    scan = two_bleeds(known_spacing=False)
    text = text_of(write_synthetic_report(tmp_path / "report.html", scan, method=SubtypesMethod()))
    assert re.search(r"SDH Subdural 0\.80 [\d,]+ voxels", text) and not re.search(r"\d mL\b", text)


def test_names_do_not_overlap_and_each_label_has_one() -> None:
    scan = synthetic_head()
    labels = np.zeros(scan.voxels.shape, np.uint8)
    for label, row in ((1, 60), (2, 62), (4, 64)):
        labels[3, row, 60:63] = label
    for column in (70, 73, 76, 79):
        labels[3, 90, column] = 5
    outlines = Pictures(scan, labels, find_head(scan)).full(3).outlines
    assert [one.label for one in outlines] == [1, 2, 4, 5]
    tops = [one.beside[0].top for one in outlines]
    assert np.diff(tops).min() >= NAME_HEIGHT - 1e-3
    assert len(outlines[3].beside) == 1  # the same name once for what lies side by side


def test_a_name_at_the_right_edge_is_left_of_its_lesion() -> None:
    scan = synthetic_head()
    labels = np.zeros(scan.voxels.shape, np.uint8)
    labels[3, 60, 105:108] = 3
    (outline,) = Pictures(scan, labels, find_head(scan)).full(3).outlines
    (place,) = outline.beside
    assert place.before and 0.14 < place.left < 1


def test_a_method_without_subtypes_has_a_report_without_them(tmp_path: Path) -> None:
    html = write_synthetic_report(tmp_path / "report.html", two_bleeds()).read_text()
    assert not any(f".{subtype} {{" in html or subtype.label in html for subtype in Subtype)
    assert 'class="with-subtypes"' not in html and 'class="name' not in html
