"""What a running node counts, for its health checks and for Prometheus. No label holds anything of a patient."""

from __future__ import annotations

import threading

from prometheus_client import CollectorRegistry, Counter, Histogram

# From the last image to the result: the quiet time, the wait for a worker, and the analysis.
BUCKETS_S = (10, 20, 30, 45, 60, 75, 90, 120, 150, 180, 240, 300, 450, 600, 900, 1800, 3600)


class Monitor:
    """Counters that the parts of a node share; threads may count at the same time.

    Attributes:
        registry: of the metrics.
        threads: those that run as long as the node does.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.threads: list[threading.Thread] = []
        self._images = Counter("ichor_images", "Images by outcome.", ["outcome"], registry=self.registry)
        self._analyses = Counter("ichor_analyses", "Analyses by outcome.", ["outcome"], registry=self.registry)
        self._rejected = Counter(
            "ichor_associations_rejected",
            "Associations with AE titles that are not configured, or beyond the number allowed.",
            registry=self.registry,
        )
        self._seconds = Histogram(
            "ichor_result_seconds",
            "Seconds from the last image of a study to its result.",
            buckets=BUCKETS_S,
            registry=self.registry,
        )

    def image(self, outcome: str) -> None:
        """Count an image: new, duplicate, refused or not stored."""
        self._images.labels(outcome).inc()

    def rejected_association(self) -> None:
        """Count an association that was rejected."""
        self._rejected.inc()

    def analysis(self, outcome: str, seconds: float | None = None) -> None:
        """Count an analysis that ended, with the seconds since the study's last image if there is a result."""
        self._analyses.labels(outcome).inc()
        if seconds is not None and seconds >= 0:  # negative if the clock was set back
            self._seconds.observe(seconds)
