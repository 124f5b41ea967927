"""Measure how fast the annotation page responds, in headless Chromium with software WebGL, and write a Markdown table.

    make bench

The server and its page show a synthetic scan of 35 slices with a region on each. Each event is sent at the start of a
frame, and its time is measured until the next frame.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from bench import synthetic_series
from bench_page import PATIENT_MS, SLICE_MS, Row, opened, serving, write_table
from bench_screen import SIZE, SLICES

# A delay that a reader does not notice: one frame at 60 Hz for a move of the mouse.
MOVE_MS = 16
NOTES = [
    "Times from a key press or mouse move until the image is drawn, and until the browser has composited the page",
    "and begins another frame; one event at a time, with an unlimited frame rate. A graphics card is faster.",
]

# Each event is sent when everything before it is on the screen. `drawn` is the time until the event's image is drawn,
# which reading back a pixel waits for; `shown` is the time until the browser has composited the page and begins another
# frame.
EVENTS = """async ([kind, events]) => {
  const target = kind === 'key' ? document.body : document.querySelector('.stage .overlay');
  const made = {
    key: (key) => new KeyboardEvent('keydown', { key, code: key, bubbles: true }),
    move: ([clientX, clientY]) => new PointerEvent('pointermove', { clientX, clientY, bubbles: true, buttons: 1 }),
  }[kind];
  const gl = document.querySelector('.stage canvas').getContext('webgl2');
  const overlay = document.querySelector('.stage .overlay').getContext('2d');
  const pixel = new Uint8Array(4);
  const frame = () => new Promise((next) => requestAnimationFrame(next));
  // A key redraws the slice and the overlay; a move redraws only the overlay.
  const finish = () => {
    if (kind === 'key') gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, pixel);
    overlay.getImageData(0, 0, 1, 1);
  };
  const drawn = [], shown = [];
  for (const event of events) {
    await new Promise((next) => setTimeout(next, 60));
    const start = performance.now();
    target.dispatchEvent(made(event));
    finish();
    drawn.push(performance.now() - start);
    await frame();
    gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, pixel);
    shown.push(performance.now() - start);
  }
  return { drawn, shown };
}"""


def draw_on_every_slice(page: Page, slices: int) -> None:
    """Save a region of EDH, an ellipse of about 6000 pixels, on each slice."""
    runs = [0, 200 * SIZE]
    for row in range(-50, 50):
        half = round(40 * (1 - (row / 50) ** 2) ** 0.5) + 1
        runs += [0, 200 - half, 4, 2 * half, 0, SIZE - 200 - half]
    runs += [0, (SIZE - 300) * SIZE]
    merged: list[int] = []
    for label, length in zip(runs[::2], runs[1::2], strict=True):
        if merged and merged[-2] == label:
            merged[-1] += length
        else:
            merged += [label, length]
    home, _, reader = page.url.split("#")[0].partition("/?reader=")
    for k in range(slices):
        answer = page.request.put(
            f"{home}/api/scans/1/layers/mine/slices/{k}",
            data={"base_revision": 0, "runs": merged},
            headers={"origin": home, "ichor-reader": reader},
        )
        assert answer.ok, answer.text()


def measure(link: str, slices: int, repeats: int) -> list[Row]:
    """Measure scrolling up and down through the scan, and drawing on one slice with each tool."""
    with opened(link) as page:
        expect(page.locator("#reader")).to_have_text("bench", timeout=PATIENT_MS)
        draw_on_every_slice(page, slices)
        page.goto(page.url.split("#")[0] + "#/scan/1")
        expect(page.locator("main[data-ready]")).to_be_attached(timeout=PATIENT_MS)
        expect(page.locator(".reading:not(.loading)")).to_be_visible(timeout=PATIENT_MS)
        expect(page.get_by_role("progressbar", name="Loading the scan")).to_be_hidden(timeout=PATIENT_MS)
        page.keyboard.press("Shift+4")
        page.keyboard.press("Home")
        keys = (["ArrowUp"] * (slices - 1) + ["ArrowDown"] * (slices - 1)) * repeats
        page.evaluate(EVENTS, ["key", keys[: slices // 2]])  # warm up
        page.keyboard.press("Home")
        rows = [Row("scrolling, a slice", **page.evaluate(EVENTS, ["key", keys]), limit_ms=SLICE_MS)]
        box: Any = page.locator(".stage .overlay").first.bounding_box()
        middle = [box["x"] + box["width"] / 2, box["y"] + box["height"] / 2]
        across = [[middle[0] - 150 + 3 * step, middle[1] - 60 + 1.2 * step] for step in range(100)]
        for tool, key in (("brush", "b"), ("freehand outline", "o"), ("ruler", "r")):
            page.keyboard.press(key)
            page.mouse.move(*across[0])
            page.mouse.down()
            took = page.evaluate(EVENTS, ["move", across * repeats])
            page.mouse.up()
            rows.append(Row(f"drawing with the {tool}, a move", **took, limit_ms=MOVE_MS))
    return rows


def main() -> None:
    """Measure and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="the Markdown file to write")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--slices", type=int, default=SLICES, help="fewer for a quick test")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        scan = synthetic_series(folder / "scan", args.slices)
        with serving("annotate", folder / "project", "--add", scan, "--reader", "bench") as link:
            rows = measure(link, args.slices, args.repeats)
    slices = f"{args.slices} slices of {SIZE} x {SIZE} pixels, a region on each"
    write_table(args.out, "How fast the annotation page responds", slices, rows, NOTES)


if __name__ == "__main__":
    main()
