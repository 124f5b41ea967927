"""What the benches of pages share: a server as a process, its page in headless Chromium, and the table of times."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from playwright.sync_api import Page, sync_playwright

from bench_process import hardware

CHROMIUM = "/usr/bin/chromium"
SOFTWARE_WEBGL = ["--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
QUIET = ["--no-sandbox", "--disable-background-networking"]
UNLIMITED = ["--disable-frame-rate-limit", "--disable-gpu-vsync"]  # otherwise no frame is shorter than 1/60 s
PATIENT_MS = 120_000
LINK = re.compile(r"http://127\.0\.0\.1:\d+/enter\?token=\S+")
SLICE_MS = 50  # a delay that a reader does not notice, for a slice


@dataclass(frozen=True)
class Row:
    """One row of the table: milliseconds until each event's image was drawn and shown, and the limit."""

    what: str
    drawn: list[float]
    shown: list[float]
    limit_ms: float

    def __str__(self) -> str:
        percentile_95 = sorted(self.drawn)[int(0.95 * (len(self.drawn) - 1))]
        figures = [f"{one:.1f}" for one in (median(self.drawn), percentile_95, median(self.shown))]
        ratio = f"{median(self.drawn) / self.limit_ms:.2f}"
        return "| " + " | ".join([self.what, *figures, str(len(self.drawn)), f"{self.limit_ms:g}", ratio]) + " |"


@contextmanager
def serving(*words: object) -> Iterator[str]:
    """Run an `ichor` command that serves a page, on any free port; yields its link."""
    command = [sys.executable, "-m", "ichor", *map(str, words), "--no-browser", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield next(found[0] for line in process.stdout if (found := LINK.search(line)))
        finally:
            process.send_signal(signal.SIGINT)


@contextmanager
def opened(link: str) -> Iterator[Page]:
    """The page at the link, in a browser of its own."""
    with sync_playwright() as playwright:
        flags = [*SOFTWARE_WEBGL, *QUIET, *UNLIMITED]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=flags, timeout=PATIENT_MS)
        page = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
        page.set_default_timeout(PATIENT_MS)
        page.goto(link)
        yield page
        browser.close()


def write_table(out: Path, title: str, slices: str, rows: list[Row], notes: list[str]) -> None:
    """Write and print the Markdown page, with each median compared with its limit; `slices` describes the scan."""
    lines = [
        f"# {title}",
        "",
        f"{hardware(2)}. Headless Chromium at 1280 x 800, WebGL in software (SwiftShader); {slices}.",
        "",
        "| what | drawn, median ms | drawn, 95th percentile ms | shown, median ms | n | limit, ms | drawn / limit |",
        "|---|---|---|---|---|---|---|",
        *map(str, rows),
        "",
        *notes,
        "",
        "Reproduce with `make bench`.",
        "",
    ]
    text = "\n".join(lines)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(text)
    print(text)
