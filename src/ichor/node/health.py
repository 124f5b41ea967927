"""Whether a running node works, and its metrics: what it has counted, and what queue and disk say now."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from ichor.errors import IchorError
from ichor.node.queue.studies import StudyState
from ichor.node.services import Services
from ichor.version import __version__

GIB = 2**30


def not_alive(services: Services) -> list[str]:
    """Why the process has to be restarted; empty if it need not be."""
    ended = [one.name for one in services.monitor.threads if not one.is_alive()]
    return [f"a thread has ended: {name}" for name in ended] if not services.stopping.is_set() else []


def not_ready(services: Services) -> list[str]:
    """Why the node cannot take images now; empty if it can."""
    problems = not_alive(services)
    if services.stopping.is_set():
        problems.append("the node is stopping")
    try:
        services.queue.studies.counts()
        if _free_bytes(services) < services.config.listener.limits.keep_free_gib * GIB:
            problems.append("there is less disk space than listener.limits.keep_free_gib")
    except (IchorError, OSError):
        problems.append("the queue or the disk cannot be read")
    return problems


def metrics(services: Services) -> bytes:
    """All metrics in the text format of Prometheus. Raises IchorError if the queue cannot be read."""
    now = CollectorRegistry()
    now.register(_Now(services))
    return generate_latest(services.monitor.registry) + generate_latest(now)


def _free_bytes(services: Services) -> int:
    return shutil.disk_usage(services.folder).free


class _Now(Collector):
    """The state of queue and disk at the time of a request."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def describe(self) -> Iterator[GaugeMetricFamily]:
        """Nothing: otherwise the registry would collect when the collector is registered."""
        yield from ()

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """The gauges."""
        services = self._services
        counts = services.queue.studies.counts()
        studies = GaugeMetricFamily("ichor_studies", "Studies by state.", labels=["state"])
        for state in StudyState:
            studies.add_metric([state.value], counts.get(state.value, 0))
        yield studies
        oldest = services.queue.studies.waiting_since()
        yield GaugeMetricFamily(
            "ichor_oldest_waiting_seconds",
            "Seconds since the last image of the study that has waited longest for its analysis; 0 if none waits.",
            value=0 if oldest is None else max(0.0, time.time() - oldest),
        )
        deliveries = GaugeMetricFamily(
            "ichor_deliveries", "Deliveries that are pending or given up (dead).", labels=["destination", "state"]
        )
        left = services.queue.deliveries.counts()
        for name in dict.fromkeys([*services.config.destinations, *(name for name, _ in left)]):
            for one in ("pending", "dead"):
                deliveries.add_metric([name, one], left.get((name, one), 0))
        yield deliveries
        yield GaugeMetricFamily(
            "ichor_disk_free_bytes", "Free disk space for images and results.", _free_bytes(services)
        )
        yield GaugeMetricFamily("ichor_workers", "Worker processes.", services.config.screening.workers)
        yield GaugeMetricFamily(
            "ichor_workers_busy", "Worker processes with a study.", services.queue.analyses.running()
        )
        info = GaugeMetricFamily("ichor_info", "The version of Ichor.", labels=["version"])
        info.add_metric([__version__], 1)
        yield info
