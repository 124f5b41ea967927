"""What the parts of a running node share."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from pathlib import Path

from ichor.node.config import NodeConfig
from ichor.node.intake import Intake
from ichor.node.monitor import Monitor
from ichor.node.queue.queue import Queue
from ichor.node.store import Store


@dataclass(frozen=True, slots=True)
class Services:
    """The services of a running node; threads may share all of them.

    Attributes:
        folder: the node's folder.
        config: its configuration.
        queue: studies, analyses, deliveries and the audit log.
        store: the received images.
        intake: takes images in.
        results: the folder of results.
        stopping: set when the node ends.
        monitor: what it counts.
    """

    folder: Path
    config: NodeConfig
    queue: Queue
    store: Store
    intake: Intake
    results: Path
    stopping: threading.Event
    monitor: Monitor = field(default_factory=Monitor)
