"""`ichor view` as people run it: a process that prints its link, serves, and ends."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import threading
from pathlib import Path

import httpx
import pytest

from view.result_files import write_result

LINK = re.compile(r"^Results: (http://127\.0\.0\.1:(\d+)/enter\?token=\S+)$", re.MULTILINE)
PATIENT_S = 60


def command(*words: object) -> list[str]:
    return [sys.executable, "-m", "ichor", "view", *map(str, words)]


def ended(*words: object) -> str:
    """The last line of what a command says that ends by itself, since something is wrong."""
    done = subprocess.run(command(*words), capture_output=True, text=True, check=False, timeout=PATIENT_S)
    assert done.returncode == 2 and "Traceback" not in done.stderr
    return done.stderr.strip().splitlines()[-1]


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_results_are_served_until_a_signal(tmp_path: Path, stop: signal.Signals) -> None:
    write_result(tmp_path / "out")
    words = command(tmp_path / "out", "--port", 0, "--no-browser")
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        late = threading.Timer(PATIENT_S, process.kill)
        late.start()
        assert process.stdout is not None and process.stderr is not None
        said = ""
        for line in process.stdout:
            said += line
            if "Ctrl-C" in line:
                break
        found = LINK.search(said)
        assert found is not None and "1 result. Research use only; not a medical device." in said
        with httpx.Client(base_url=f"http://127.0.0.1:{found[2]}") as client:
            key = client.get(found[1]).headers["location"].removeprefix("/?reader=")
            (row,) = client.get("/api/results", headers={"ichor-reader": key}).json()
            assert row["name"] == "head"
            scan = client.get("/api/results/0/scan", headers={"ichor-reader": key}, timeout=PATIENT_S)
            assert scan.json()["n"] == 12
        if stop == signal.SIGINT:
            assert f"found {found[2]}" in ended(tmp_path / "out", "--port", found[2], "--no-browser")
        process.send_signal(stop)
        assert process.wait(PATIENT_S) == 0
        late.cancel()
        errors = process.stderr.read()
    assert "token" not in errors and "Traceback" not in errors


def test_folders_without_results(tmp_path: Path) -> None:
    assert "expected results of ichor screen" in ended(tmp_path / "none")
    assert "found none" in ended(tmp_path)
