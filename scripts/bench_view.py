"""Measure how fast the viewer of results answers, in headless Chromium with WebGL in software, into a Markdown table.

    make bench

A real server and its real page on results of a made scan of 35 slices, which the shipped model screens.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from bench import synthetic_series
from bench_page import PATIENT_MS, SLICE_MS, Row, opened, serving, write_table
from bench_screen import SIZE, SLICES

OPEN_MS = 1000
NOTES = [
    "From the click or the key until the slice is drawn, and until the browser begins another frame. Measurements,",
    "such as the midline shift, appear later and are not waited for. A graphics card is faster.",
]
FORGOTTEN = 4  # results after which the server has let go of the first: it holds the last three

# One key at a time, each when what it changed is on the screen. The page draws in the next frame; reading a pixel back
# waits for it.
SCROLL = """async (keys) => {
  const canvas = document.querySelector('.axial canvas').getContext('2d');
  const frame = () => new Promise((next) => requestAnimationFrame(next));
  const drawn = [], shown = [];
  for (const key of keys) {
    await new Promise((next) => setTimeout(next, 60));
    const start = performance.now();
    document.body.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }));
    await frame();
    canvas.getImageData(0, 0, 1, 1);
    drawn.push(performance.now() - start);
    await frame();
    shown.push(performance.now() - start);
  }
  return { drawn, shown };
}"""

# From the change of the address until the slice is painted.
OPEN = """async (address) => {
  const main = document.querySelector('main');
  const frame = () => new Promise((next) => requestAnimationFrame(next));
  const start = performance.now();
  delete main.dataset.ready;
  location.hash = address;
  while (!('ready' in main.dataset)) await frame();
  await frame();
  document.querySelector('.axial canvas')?.getContext('2d').getImageData(0, 0, 1, 1);
  const drawn = performance.now() - start;
  await frame();
  return { drawn, shown: performance.now() - start };
}"""


def screened(folder: Path, slices: int, count: int) -> Path:
    """Results of one made scan, `count` times the same."""
    scan, out = synthetic_series(folder / "scan", slices), folder / "out"
    subprocess.run([sys.executable, "-m", "ichor", "screen", scan, "--out", out], check=True, capture_output=True)
    (first,) = (one.parent for one in out.glob("*/findings.json"))
    for number in range(1, count):
        shutil.copytree(first, out / f"copy-{number}")
    return out


def opening(page: Page, numbers: list[int], what: str) -> Row:
    """Open results by their numbers, each from the list."""
    took: list[dict[str, Any]] = []
    for number in numbers:
        page.evaluate(OPEN, f"#/?{len(took)}")  # another address each time, or nothing would change
        took.append(page.evaluate(OPEN, f"#/result/{number}"))
        # What is measured afterwards would take the processor from the next.
        expect(page.locator("[aria-busy=true]")).to_have_count(0, timeout=PATIENT_MS)
    return Row(what, [one["drawn"] for one in took], [one["shown"] for one in took], OPEN_MS)


def measure(link: str, slices: int, count: int, repeats: int) -> list[Row]:
    """Open results for the first time and again, then scroll through one, up and down."""
    with opened(link) as page:
        expect(page.locator("tbody tr")).to_have_count(count, timeout=PATIENT_MS)
        rows = [opening(page, list(range(count)), "opening a result, its scan read from the disk")]
        rows.append(opening(page, [count - 1] * count, "opening it again"))
        keys = (["ArrowUp"] * (slices - 1) + ["ArrowDown"] * (slices - 1)) * repeats
        page.keyboard.press("Home")
        page.evaluate(SCROLL, keys[: slices // 2])  # what is made once is made
        page.keyboard.press("Home")
        rows.append(Row("scrolling, a slice", **page.evaluate(SCROLL, keys), limit_ms=SLICE_MS))
    return rows


def main() -> None:
    """Measure and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="the Markdown file to write")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--slices", type=int, default=SLICES, help="fewer for a quick look")
    args = parser.parse_args()
    count = FORGOTTEN * args.repeats
    with tempfile.TemporaryDirectory() as name, serving("view", screened(Path(name), args.slices, count)) as link:
        rows = measure(link, args.slices, count, args.repeats)
    slices = f"{args.slices} slices of {SIZE} x {SIZE} pixels with what the shipped model outlines"
    write_table(args.out, "How fast the viewer of results answers", slices, rows, NOTES)


if __name__ == "__main__":
    main()
