"""What all tests share."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from paths import CT_ICH, GE_HEAD, PHANTOM, WHOLE_TEMPLATES

pytest_plugins = ("needs", "orthanc")

SOFTWARE_WEBGL = ["--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
QUIET = ["--no-sandbox", "--no-first-run", "--disable-background-networking"]
SMALL_DISK_BYTES = 2 * 1024**2
START_MS = 120_000  # on a machine that is busy with other work

# The files whose tests take longest, the longest first: two workers that begin with these end at about the same time.
LONGEST = (
    "test_docs.py",
    "cli/test_train_on_all.py",
    "cli/test_evaluate.py",
    "node/test_node.py",
    "cli/test_crossval.py",
    "annotate/page/test_safety.py",
    "test_bench.py",
    "cli/test_train.py",
    "annotate/page/test_whole_way.py",
    "annotate/page/test_reading.py",
    "cli/test_annotate_simulate.py",
    "cli/test_screen_ended.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the tests of the files that take longest."""
    here = Path(__file__).parent
    rank = {here / name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: rank.get(item.path, len(rank)))


@pytest.fixture(scope="session", autouse=True)
def default_signals() -> None:
    """Have what the tests start heed Ctrl-C and a hangup, which `&` and `nohup` make a whole run of the tests ignore.

    A signal that is ignored stays so in every process that is started; one that has a handler gets its default there.
    """
    for number in (signal.SIGINT, *([signal.SIGHUP] if hasattr(signal, "SIGHUP") else [])):
        if signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, lambda *_: None)


@pytest.fixture(scope="session")
def ct_ich() -> Path:
    """All of ct-ich 1.0.0; `paths.CT_ICH_PART` is in the repository and serves most tests."""
    return CT_ICH


@pytest.fixture(scope="session", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A cache folder for the tests and the processes that they start: the user's own is left alone."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("cache")
        patch.setenv("XDG_CACHE_HOME", str(folder))
        yield folder


@pytest.fixture(scope="session")
def ge_head() -> Path:
    """The whole GE head; `paths.GE_HEAD_PART` is in the repository."""
    return GE_HEAD


@pytest.fixture(scope="session")
def phantom() -> Path:
    """The Philips phantom: a study of three series."""
    return PHANTOM


@pytest.fixture(scope="session")
def templates() -> Path:
    """The templates at their own resolution; `paths.TEMPLATES` are in the repository."""
    return WHOLE_TEMPLATES


@pytest.fixture
def small_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A file system of 2 MB in memory, which is full soon; where none may be mounted, a folder that acts like one."""
    folder = tmp_path / "small-disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SMALL_DISK_BYTES}", "tmpfs", str(folder)]
    if shutil.which("mount") and subprocess.run(mount, capture_output=True, check=False).returncode == 0:
        yield folder
        subprocess.run(["umount", "-l", str(folder)], check=True)
    else:
        monkeypatch.setattr(os, "fsync", partial(_fsync_of_a_small_disk, folder, os.fsync))
        yield folder


def _fsync_of_a_small_disk(folder: Path, fsync: Callable[[int], None], descriptor: int) -> None:
    """Sync a file, unless `folder` holds more than a small disk would."""
    if sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) > SMALL_DISK_BYTES:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    fsync(descriptor)


@pytest.fixture(scope="session")
def storescu() -> str:
    """The command."""
    return str(shutil.which("storescu"))


@pytest.fixture(scope="session")
def openssl() -> str:
    """The command."""
    return str(shutil.which("openssl"))


@pytest.fixture(scope="session")
def git() -> str:
    """The command."""
    return str(shutil.which("git"))


@pytest.fixture(scope="session")
def chromium() -> str:
    """The command."""
    return str(shutil.which("chromium"))


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Browser]:
    """Chromium, with WebGL in software: one for all tests, since Playwright starts once in a process."""
    with sync_playwright() as playwright:
        one = playwright.chromium.launch(executable_path=chromium, args=[*SOFTWARE_WEBGL, *QUIET], timeout=START_MS)
        yield one
        one.close()
