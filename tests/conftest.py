"""What all tests share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from paths import SHARED

CHROMIUM = Path("/usr/bin/chromium")
SOFTWARE_WEBGL = ["--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
QUIET = ["--no-sandbox", "--no-first-run", "--disable-background-networking"]
START_MS = 120_000  # on a machine that is busy with other work


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of data (ct-ich, DICOM series) that lies beside the repository."""
    if not (SHARED / "ct-ich").is_dir():
        pytest.fail(f"expected the data folder {SHARED.name}/ beside the repository, found none: see CONTRIBUTING.md")
    return SHARED


@pytest.fixture(scope="session", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A cache folder for the tests and the processes that they start: the user's own is left alone."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("cache")
        patch.setenv("XDG_CACHE_HOME", str(folder))
        yield folder


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium, with WebGL in software: one for all tests, since Playwright starts once in a process."""
    assert CHROMIUM.exists(), f"expected Chromium at {CHROMIUM} (apt-get install chromium), found none"
    with sync_playwright() as playwright:
        one = playwright.chromium.launch(
            executable_path=str(CHROMIUM), args=[*SOFTWARE_WEBGL, *QUIET], timeout=START_MS
        )
        yield one
        one.close()
