"""A real `ichor annotate` process for the page's tests: started, killed, started again."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import StorageState

from ports import free_port

PATIENT_S = 120  # on a machine that is busy with other work


@dataclass
class Served:
    """One project and its server.

    `links` are the readers' one-use links, by name; `cookies` what a reader's browser kept of one that was used.
    """

    project: Path
    readers: Sequence[str] = ("Ada", "Bert")
    port: int = field(default_factory=free_port)
    links: dict[str, str] = field(default_factory=dict)
    cookies: dict[str, StorageState] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)
    process: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        """Where the page is."""
        return f"http://127.0.0.1:{self.port}/"

    def start(self, *add: Path, options: Sequence[str] = ()) -> Served:
        """Start the server and wait for its links; `add` are scans to take into the project first."""
        command = [sys.executable, "-m", "ichor", "annotate", str(self.project), "--no-browser"]
        command += ["--port", str(self.port), "--reader", *self.readers, *options]
        if add:
            command += ["--add", *map(str, add)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.process, self.links, self.cookies, self.said = process, {}, {}, []
        late = threading.Timer(PATIENT_S, process.kill)
        late.start()
        assert process.stdout is not None
        for line in process.stdout:
            self.said.append(line)
            self._note_links()
            if len(self.links) == len(self.readers):
                break
        late.cancel()
        assert len(self.links) == len(self.readers), "".join(self.said)
        return self

    def _note_links(self) -> None:
        found = re.findall(r"^(.+): (http://127\.0\.0\.1:\d+/enter\?token=[\w-]+)$", "".join(self.said), re.MULTILINE)
        self.links = dict(found)

    def kill(self) -> None:
        """End it as a power cut would."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(PATIENT_S)

    def stop(self) -> None:
        """End it as Ctrl-C does."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(PATIENT_S)
