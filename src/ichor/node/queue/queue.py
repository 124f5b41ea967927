"""The whole queue of a node."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from ichor.node.queue.analyses import Analyses
from ichor.node.queue.audit import Audit
from ichor.node.queue.commitments import Commitments
from ichor.node.queue.database import Database
from ichor.node.queue.deliveries import Deliveries
from ichor.node.queue.finished import Finished
from ichor.node.queue.results import Results
from ichor.node.queue.scores import Scores
from ichor.node.queue.studies import Studies
from ichor.node.queue.worklist import Worklist


class Queue:
    """The queue in a node's folder, created if necessary. Raises the same errors as `Database`."""

    def __init__(self, folder: Path) -> None:
        self._database = Database(folder)
        self.studies = Studies(self._database)
        self.analyses = Analyses(self._database)
        self.deliveries = Deliveries(self._database)
        self.commitments = Commitments(self._database)
        self.finished = Finished(self._database)
        self.results = Results(self._database)
        self.audit = Audit(self._database)
        self.scores = Scores(self._database)
        self.worklist = Worklist(self._database)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._database.close()
