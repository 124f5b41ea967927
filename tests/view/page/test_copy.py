"""A copy of a result in one file: it opens from file://, asks nothing of any network, and changes nothing."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from ichor.serving.static import page_files
from ichor.view.bundle import bundled_script
from ichor.view.copy import PAGE
from ichor.view.decisions import Asked, decide
from view.made import write_result
from view.page.hands import Hands


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
    for (i, j), words in (((36, 20), "35 HU"), ((36, 44), "65 HU"), ((1, 1), "-200 HU")):
        page.mouse.move(*hands.place(i, j))
        assert hands.hud("bottom-left") == words
    page.locator(".lesions .go").first.click()
    filled = hands.colour(34, 46)
    assert filled[0] > filled[2] + 10
    page.keyboard.press("Home")
    assert hands.hud("top-left") == "Axial 1 of 12"
    expect(page.locator(".measures")).to_contain_text("Midline shift")


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
