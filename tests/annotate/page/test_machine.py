"""Help from the machine: off until asked for, its outlines marked until touched, the order by uncertainty."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from playwright.sync_api import Page, expect

from annotate.page.conftest import Enter, open_scan
from annotate.page.hands import Hands, asked
from annotate.page.served import Served
from ichor.subtypes import Subtype
from phantom import BLOOD, BRAIN, bleed, head
from synthetic_dicom import synthetic_series

N, ROWS, COLUMNS = 6, 128, 112
HU = head(N, ROWS, COLUMNS)
NAMES = (*Subtype, "hemorrhage, subtype not specified")
# The lines drawn over the picture; fills are a third opaque.
LINE_PIXELS = """() => {
  const canvas = document.querySelector('.overlay');
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  let count = 0;
  for (let i = 3; i < data.length; i += 4) count += data[i] > 160;
  return count;
}"""


def origins(hands: Hands) -> dict[str, str]:
    """How the regions of slice 5 came about, as the server has it."""
    found: dict[str, str] = hands.layer(2)["slices"]["4"]["origins"]
    return found


def ask(page: Page, answer: str) -> None:
    page.keyboard.press("m")
    dialog = page.get_by_role("dialog", name="Request AI outlines?")
    expect(dialog).to_contain_text("not a medical device")
    dialog.get_by_role("button", name=answer, exact=True).click()


def test_ai_outlines_come_on_request_and_stay_marked(served: Served, enter: Enter, tmp_path: Path) -> None:
    healthy = np.where(bleed(N, ROWS, COLUMNS), HU - (BLOOD - BRAIN), HU).astype(np.int16)
    served.start(synthetic_series(tmp_path / "healthy", healthy), synthetic_series(tmp_path / "bleeding", HU))
    page = enter(served)
    rows = page.locator("tr[data-scan]")
    expect(rows.locator("td:nth-child(2)")).to_have_text(["healthy", "bleeding"])
    expect(page.get_by_role("columnheader", name="Uncertainty")).to_be_hidden()
    assert [one["uncertainty"] for one in asked(page, "scans").json()] == [None, None]

    open_scan(page, 2)
    hands = Hands(page, ROWS, COLUMNS)
    of_machine = page.locator(".thumb[data-state=machine]")
    hands.to_slice(4)
    page.keyboard.press("Shift+5")
    page.keyboard.press("b")
    hands.drag([(20, 64), (30, 64)])
    hands.saved()
    own = hands.map_of(4, 2)
    ask(page, "Cancel")
    expect(of_machine).to_have_count(0)
    # Of the slices that it finds blood on, the one that the reader drew on stays as it is.
    ask(page, "Request")
    expect(page.locator("#notice")).to_have_text(re.compile(r"The AI outlined regions on \d slices?\."))
    hands.saved()
    outlined = of_machine.count()
    assert outlined >= 1
    assert np.array_equal(hands.map_of(4, 2), own)
    mark = page.get_by_text("AI outlines, neither changed nor accepted yet")
    expect(mark).to_be_hidden()
    hands.to_slice(5)
    expect(mark).to_be_visible()
    found = hands.map_of(5, 2)
    blood = bleed(N, ROWS, COLUMNS)[4]
    assert ((found > 0) & blood).sum() > 0.5 * blood.sum()
    nothing, label = np.unique(found)  # one subtype for the slice
    assert nothing == 0
    assert origins(hands) == {str(label): "ai"}
    dashed = page.evaluate(LINE_PIXELS)

    page.keyboard.press("Control+z")
    hands.saved()
    assert not hands.map_of(5, 2).any()
    page.keyboard.press("Control+y")
    hands.saved()
    expect(mark).to_be_visible()
    assert np.array_equal(hands.map_of(5, 2), found) and origins(hands) == {str(label): "ai"}

    # Every tool's touch makes it the reader's, and without it it is the machine's again.
    page.keyboard.press("Shift+5")
    row, column = np.argwhere(found)[0]
    for key, points in (("o", [(10, 10), (14, 10), (14, 14)]), ("a", [(float(column) + 0.5, float(row) + 0.5)])):
        page.keyboard.press(key)
        hands.drag(points)
        hands.saved()
        expect(mark).to_be_hidden()
        # What is drawn beside it is the reader's; another subtype for it makes it the model's with the reader's change.
        assert origins(hands) == ({str(label): "ai", "5": "drawn"} if key == "o" else {"5": "ai edited"})
        page.keyboard.press("Control+z")
        hands.saved()
        expect(mark).to_be_visible()
        assert origins(hands) == {str(label): "ai"}

    # A touch of the reader's makes it the reader's: a pixel less, whole lines, no mark.
    page.keyboard.press("e")
    page.get_by_label("Size in pixels").fill("1")
    page.get_by_label("Size in pixels").blur()
    page.mouse.click(*hands.place(float(column) + 0.5, float(row) + 0.5))
    hands.point(2, 2)
    hands.saved()
    expect(mark).to_be_hidden()
    expect(of_machine).to_have_count(outlined - 1)
    assert origins(hands) == {str(label): "ai edited"}
    assert (hands.map_of(5, 2) != found).sum() == 1
    assert page.evaluate(LINE_PIXELS) > 1.3 * dashed
    page.keyboard.press("y")
    expect(page.get_by_role("dialog")).to_contain_text(f"drew {NAMES[label - 1]} (AI outline)")
    page.keyboard.press("Escape")

    page.keyboard.press("l")
    page.get_by_label("Sort by AI uncertainty").check()
    expect(rows.locator("td:nth-child(2)")).to_have_text(["bleeding", "healthy"])
    uncertainty = page.locator("td:nth-child(9)")
    expect(uncertainty.filter(has_text="…")).to_have_count(0)
    most, least = map(float, uncertainty.all_inner_texts())
    assert most > least >= 0
    page.get_by_label("Sort by AI uncertainty").uncheck()
    expect(rows.locator("td:nth-child(2)")).to_have_text(["healthy", "bleeding"])
