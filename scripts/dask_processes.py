"""A Dask scheduler and workers as processes of this machine, on loopback, that a campaign or a test kills and restarts.

Started as a user starts them: `dask scheduler` and `dask worker`, each worker with a nanny, which replaces it when it
dies.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

import psutil

HANG_S = 120


@dataclass
class DaskProcesses:
    """A cluster with one thread in each worker; as a context manager, it is ended at the end.

    Attributes:
        folder: for logs and the workers' files.
        port: of the scheduler, the same after a restart.
        workers: how many, with `memory` each.
        security: options of TLS for scheduler and workers.
        environment: of the processes, in addition to that of this one.
    """

    folder: Path
    port: int
    workers: int = 1
    memory: str = "2GiB"
    threads: int = 1
    security: Sequence[str] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    _scheduler: subprocess.Popen[bytes] | None = None
    _nannies: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def address(self) -> str:
        """The address of the scheduler."""
        return f"{'tls' if self.security else 'tcp'}://127.0.0.1:{self.port}"

    def __enter__(self) -> DaskProcesses:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.start_scheduler()
        for _ in range(self.workers):
            self.add_worker()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for one in (*self._nannies, self._scheduler):
            if one is not None:
                _end(one)

    def start_scheduler(self) -> None:
        """Start the scheduler, and wait until it listens."""
        words = ("scheduler", "--host", "127.0.0.1", "--port", str(self.port), "--no-dashboard", *self.security)
        self._scheduler = self._start("scheduler", *words)
        self._wait(self._scheduler)

    def add_worker(self, memory: str | None = None) -> None:
        """Start another worker."""
        words = ("worker", self.address, "--host", "127.0.0.1", "--nworkers", "1", "--nthreads", str(self.threads))
        kept = ("--memory-limit", memory or self.memory, "--local-directory", str(self.folder), "--no-dashboard")
        self._nannies.append(self._start(f"worker-{len(self._nannies)}", *words, *kept, *self.security))

    def kill_worker(self, which: int) -> int | None:
        """Kill the process that screens, and return its number; None if it is not there now. Its nanny replaces it."""
        found = self.worker(which)
        if found is not None:
            found.kill()
        return None if found is None else found.pid

    def worker(self, which: int) -> psutil.Process | None:
        """The process that screens; None if it is not there now."""
        try:
            below = psutil.Process(self._nannies[which].pid).children()
            return next((one for one in below if "spawn_main" in " ".join(one.cmdline())), None)
        except psutil.Error:
            return None

    def scheduler(self) -> psutil.Process:
        """The process of the scheduler."""
        assert self._scheduler is not None
        return psutil.Process(self._scheduler.pid)

    def lose_scheduler(self) -> None:
        """Kill the scheduler, wait until the workers have noticed and ended, and start all of them again."""
        assert self._scheduler is not None
        self._scheduler.kill()
        self._scheduler.wait(HANG_S)
        nannies, self._nannies = self._nannies, []
        for one in nannies:
            _end(one)
        self.start_scheduler()
        for _ in nannies:
            self.add_worker()

    def _start(self, log: str, *words: str) -> subprocess.Popen[bytes]:
        """Start a command of Dask whose output is added to a log."""
        with (self.folder / f"{log}.log").open("ab") as file:
            environment = {
                **os.environ,
                **self.environment,
                "DASK_DISTRIBUTED__WORKER__MULTIPROCESSING_METHOD": "spawn",
            }
            command = [sys.executable, "-m", "dask", *words]
            return subprocess.Popen(command, stdout=file, stderr=file, env=environment)

    def _wait(self, process: subprocess.Popen[bytes]) -> None:
        until = time.monotonic() + HANG_S
        while not any(one.status == "LISTEN" for one in psutil.Process(process.pid).net_connections()):
            if process.poll() is not None or time.monotonic() > until:
                raise RuntimeError((self.folder / "scheduler.log").read_text())
            time.sleep(0.05)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process and what it has started."""
    try:
        below = psutil.Process(process.pid).children(recursive=True)
    except psutil.Error:
        below = []
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(HANG_S)
    for one in below:
        try:
            one.kill()
        except psutil.Error:
            continue
