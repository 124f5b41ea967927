"""Commands that serve a page, as processes, and the links that they print."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import threading
from pathlib import Path

PATIENT_S = 120
LINK = re.compile(r"http://127\.0\.0\.1:(\d+)/enter\?token=\S+")


def started(processes: list[subprocess.Popen[str]], *words: Path | str) -> tuple[subprocess.Popen[str], str, str]:
    """Starts `ichor` with these words on a free port: the process, which is added, its link, and all said before."""
    command = [sys.executable, "-m", "ichor", *map(str, words), "--port", "0", "--no-browser"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    processes.append(process)
    late = threading.Timer(PATIENT_S, process.kill)
    late.start()
    assert process.stdout is not None
    said, link = "", None
    for line in process.stdout:
        said += line
        if (link := LINK.search(line)) is not None:
            break
    late.cancel()
    assert link is not None, said
    return process, link[0], said


def interrupt(process: subprocess.Popen[str]) -> int:
    """Its exit code, after Ctrl-C if it still runs."""
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
    return process.wait(PATIENT_S)
