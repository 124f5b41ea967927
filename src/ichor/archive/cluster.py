"""Connects to a Dask cluster, or starts one on this machine that only its own processes can use."""

from __future__ import annotations

import ipaddress
import logging
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ichor.archive.memory import LEAST_BYTES, in_mib
from ichor.errors import IchorError
from ichor.interruption import undisturbed
from ichor.processes import ctrl_c_held_back
from ichor.read.temporary import private_folder

LOCAL = re.compile(r"local(:(?P<count>[1-9]\d{0,3}))?")
PACKAGES = ("cryptography", "distributed", "fsspec", "pyarrow")
END_S = 10.0  # until the workers of this machine, which are asked to end, are killed


@dataclass(frozen=True, slots=True)
class Where:
    """Which cluster to use: that of the scheduler at `address`, or `count` workers here (None: as many as fit)."""

    address: str | None
    count: int | None = None


def where(text: str) -> Where:
    """What a user says of the cluster. Raises IchorError if it cannot be understood."""
    if (local := LOCAL.fullmatch(text)) is not None:
        return Where(None, int(local["count"]) if local["count"] else None)
    address = text if "://" in text else f"tcp://{text}"
    try:
        parts = urlsplit(address)
        understood = parts.scheme in ("tcp", "tls") and parts.hostname and parts.port and not parts.path.strip("/")
    except ValueError:  # no number of a port
        understood = False
    if not understood:
        raise IchorError(
            "--cluster: expected local, local:N for N workers, or the address of a Dask scheduler, as in "
            f"tls://scheduler.example:8786, found {text}"
        )
    return Where(address.rstrip("/"))


def require_packages() -> None:
    """Raises IchorError if the extra `archive` is not installed."""
    from importlib.util import find_spec

    missing = [name for name in PACKAGES if find_spec(name) is None]
    if missing:
        raise IchorError(
            f"--cluster: expected the packages {', '.join(PACKAGES)}, found no {' and no '.join(missing)}; "
            "install them with pip install 'ichor-ct[archive]'"
        )


def workers_here(count: int | None, scans: int) -> int:
    """How many workers to start on this machine: `count`, or as many as it has processors, memory and work for.

    Raises IchorError if it has not the memory for `count` of them.
    """
    from distributed.system import MEMORY_LIMIT

    most = int(MEMORY_LIMIT // LEAST_BYTES)
    if most < (count or 1):
        raise IchorError(
            f"--cluster local{f':{count}' if count else ''}: expected {in_mib(LEAST_BYTES)} of memory for each worker, "
            f"found {in_mib(MEMORY_LIMIT)} in total" + (f": local:{most} fits" if most else "")
        )
    return min(count or min(os.cpu_count() or 1, most), max(scans, 1))


@contextmanager
def connected(to: Where, workers: int, notify: Callable[[str], None]) -> Iterator[Any]:
    """A Dask client for the block: `workers` here, or those of the scheduler, which keep running after the block.

    Raises IchorError if there is no scheduler at the address, or if it cannot be reached.
    """
    _keep_quiet()
    if to.address is None:
        with _started(workers) as client:
            yield client
        return
    if to.address.startswith("tcp://") and not _is_loopback(to.address):
        notify(
            f"ichor: warning: {to.address} is not encrypted, and anyone who can reach it can run programs on its "
            "workers; use tls://"
        )
    from distributed import Client, Security

    if to.address.startswith("tls://") and Security().get_connection_args("client")["ssl_context"] is None:
        raise IchorError(
            f"{to.address}: expected certificates in Dask's configuration (distributed.comm.tls), found none"
        )
    try:
        client = Client(to.address, set_as_default=False)
    except (OSError, TypeError, ValueError, RuntimeError) as error:
        known = "no answer" if isinstance(error, TimeoutError) else " ".join(str(error).split())[:200]
        raise IchorError(f"{to.address}: expected a Dask scheduler, found none ({known})") from error
    try:
        yield client
    finally:
        with undisturbed():
            client.close(timeout=END_S)


@contextmanager
def _started(workers: int) -> Iterator[Any]:
    """Workers of one thread each on this machine, reachable only with a certificate that no other process has."""
    import dask
    from distributed import Client, LocalCluster, Security

    client = cluster = None
    with private_folder() as folder, dask.config.set(_settings(folder)):
        try:
            # Ctrl-C reaches every process of a terminal, but only the command handles it: it is held back in the thread
            # that starts workers, and so in all of them, also in those that are started later.
            with undisturbed(), ctrl_c_held_back():
                cluster = LocalCluster(
                    n_workers=workers,
                    threads_per_worker=1,
                    host="127.0.0.1",
                    security=Security.temporary(),
                    dashboard_address=None,
                    scheduler_kwargs={"dashboard_address": "127.0.0.1:0"},
                    silence_logs=logging.CRITICAL,
                    local_directory=str(folder),
                )
                client = Client(cluster, set_as_default=False)
            yield client
        finally:
            with undisturbed():
                for one in (client, cluster):
                    if one is not None:
                        one.close(timeout=END_S)


def _settings(folder: Path) -> dict[str, Any]:
    return {
        # Dask makes folders where it is told to put temporary files; the scheduler takes only this setting.
        "temporary-directory": str(folder),
        # Scheduler and workers always serve HTTP, without access control: they say no more than that they run.
        "distributed.scheduler.http.routes": ["distributed.http.health"],
        "distributed.worker.http.routes": ["distributed.http.health"],
    }


def _keep_quiet() -> None:
    """Have Dask log nothing here: users are told what they need to know in one line, and tracebacks quote arguments."""
    import distributed  # noqa: F401 (it sets up its loggers)

    for name in list(logging.root.manager.loggerDict):
        if name.partition(".")[0] in ("distributed", "tornado"):
            logging.getLogger(name).setLevel(logging.CRITICAL)


def _is_loopback(address: str) -> bool:
    host = urlsplit(address).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
