"""A copy of a result in one file: it opens from file://, asks nothing of any network, and changes nothing."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from ichor.errors import IchorError
from ichor.read import open_scan
from ichor.serving.static import page_files
from ichor.view.bundle import bundled_script
from ichor.view.copied_data import data_of
from ichor.view.copy import PAGE
from ichor.view.decisions import Asked, decide
from ichor.view.opened import open_result
from ichor.view.results import find_results
from paths import GE_HEAD_PART
from view.page.hands import Hands
from view.result_files import save_result, write_result
from view.test_prior import write_study


def copied(*words: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ichor", "view", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


def test_a_copy_shows_the_same_and_needs_nothing(tmp_path: Path, new_page: Callable[..., Page]) -> None:
    folder = write_result(tmp_path / "out")
    decide(folder, Asked(about=1, decision="accept", who="Ada </script><b>"))
    done = copied(folder, "--html", tmp_path / "copy.html")
    assert done.returncode == 0, done.stderr
    assert "not a medical device" in done.stdout
    (tmp_path / "head.nii.gz").unlink()
    page = new_page(allowed=("file://", "data:", "blob:"))
    page.goto((tmp_path / "copy.html").as_uri())
    expect(page.locator("main[data-ready]")).to_be_attached()
    expect(page.locator("#saved")).to_have_text("Read-only copy")
    expect(page.locator(".lesions .by").first).to_contain_text("Accepted by Ada </script><b>")
    assert "not a medical device" in page.locator("footer").inner_text()
    for name in ("Accept", "Reject", "Correct", "Store", "List"):
        assert page.get_by_role("button", name=name).count() == page.get_by_role("link", name=name).count() == 0
    hands = Hands(page)
    for (i, j), words in (((36, 20), "35 HU"), ((36, 44), "65 HU"), ((1, 1), "-1000 HU")):
        page.mouse.move(*hands.place(i, j))
        assert hands.hud("bottom-left") == words
    page.locator(".lesions .go").first.click()
    filled = hands.colour(34, 46)
    assert filled[0] > filled[2] + 10
    page.keyboard.press("2")
    assert hands.hud("top-right") == "L 700  W 3200"
    page.keyboard.press("1")
    page.get_by_label("Opacity").fill("0")
    before = hands.colour(34, 46)
    page.get_by_role("checkbox", name="Probability").check()
    while hands.colour(34, 46)[0] <= before[0]:  # it takes a moment to unpack
        page.wait_for_timeout(50)
    page.keyboard.press("Home")
    assert hands.hud("top-left") == "Axial 1 of 12"
    expect(page.locator(".measures")).to_contain_text("Midline shift")
    expect(page.locator(".copy")).to_have_text("This is a read-only copy: decisions cannot be changed.")


def test_a_copy_with_a_prior_scan(tmp_path: Path, new_page: Callable[..., Page]) -> None:
    write_study(tmp_path / "first", StudyDate="20240101")
    folder = write_study(tmp_path / "second", StudyDate="20240102")
    done = copied(folder, tmp_path / "out", "--html", tmp_path / "copy.html")
    assert done.returncode == 0, done.stderr
    page = new_page(allowed=("file://", "data:", "blob:"))
    page.goto((tmp_path / "copy.html").as_uri())
    expect(page.locator(".panel")).to_contain_text("Prior scan of the same patient")
    page.get_by_role("button", name="Show beside").click()
    expect(page.locator(".view.axial")).to_have_count(2)
    page.keyboard.press("Home")
    expect(page.locator(".view.axial").nth(1).locator("[data-hud=top-left]")).to_have_text("Prior 1 of 8")
    assert page.locator("a").count() == page.locator("a:not([href])").count()  # nothing leads anywhere
    assert "SECRET" not in page.content() and "Secret" not in page.content()


@pytest.mark.long
def test_what_is_too_large_is_left_out_and_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = save_result(open_scan(GE_HEAD_PART), GE_HEAD_PART, tmp_path / "out" / "head")
    opened = open_result(find_results([folder])[0], [])
    parts, left_out = data_of(opened, opened, None)
    assert left_out == [] and {"0-probability", "prior", "1-hu"} <= set(parts)

    shown = set(parts) - {"correction", "left-out"}

    def size(*leaving: str) -> int:
        return sum(len(text) for name, text in parts.items() if name in shown and not name.startswith(leaving))

    scan, probability = size("0-probability", "1-", "prior"), size("1-", "prior")
    expected = {
        size() - 1: "the prior scan (the file would be larger",
        probability - 1: "the probability of each voxel",
        scan - 1: "the bone window",
    }
    for most, words in expected.items():
        monkeypatch.setattr("ichor.view.copied_data.MOST_BYTES", most)
        smaller, left_out = data_of(opened, opened, None)
        assert left_out[0].startswith(words)
        assert sum(len(text) for name, text in smaller.items() if name in shown) <= most
    assert {one["name"] for one in json.loads(smaller["0-result"])["windows"]} == {"brain", "stroke", "subdural"}
    monkeypatch.setattr("ichor.view.copied_data.MOST_BYTES", 1000)
    with pytest.raises(IchorError, match="expected a scan whose copy has at most"):
        data_of(opened, None, None)


def test_a_result_without_probabilities_says_so(tmp_path: Path) -> None:
    folder = write_result(tmp_path / "out", outputs=("nifti", "json"))
    done = copied(folder, "--html", tmp_path / "copy.html")
    assert "without the probability of each voxel (the result does not have it)" in done.stdout
    assert "the result does not have it" in (tmp_path / "copy.html").read_text()


def test_the_policy_of_a_copy_forbids_everything_else(tmp_path: Path) -> None:
    folder = write_result(tmp_path / "out")
    assert copied(folder, "--html", tmp_path / "copy.html").returncode == 0
    text = (tmp_path / "copy.html").read_text()
    assert "default-src 'none'; script-src 'sha256-" in text and "unsafe" not in text
    assert not re.search(r'(src|href)="(?!data:|#)[^"]', text.split("<script>")[0])
    assert (tmp_path / "copy.html").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("wrong", ["two", "no folder", "scan gone"])
def test_what_cannot_be_copied(tmp_path: Path, wrong: str) -> None:
    folder = write_result(tmp_path / "out")
    path, source = tmp_path / "copy.html", folder
    if wrong == "two":
        write_result(tmp_path / "out", "second")
        source = tmp_path / "out"
    elif wrong == "no folder":
        path = tmp_path / "none" / "copy.html"
    else:
        (tmp_path / "head.nii.gz").unlink()
    done = copied(source, "--html", path)
    assert done.returncode == 2 and len(done.stderr.strip().splitlines()) == 1
    assert not path.exists()


def test_a_module_in_another_form_is_refused(tmp_path: Path) -> None:
    (tmp_path / "odd.js").write_text('import * as all from "./dom.js";\n')
    files = {**page_files(PAGE), "js/odd.js": tmp_path / "odd.js"}
    with pytest.raises(ValueError, match=r"odd\.js: expected imports"):
        bundled_script(files, "odd.js")
