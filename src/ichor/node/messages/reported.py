"""What messages are made from: the findings of a result, and the facts of its study."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from ichor.errors import UnreadableInput
from ichor.findings.schema import Findings
from ichor.node.messages.facts import StudyFacts, facts_of
from ichor.node.queue.deliveries import Delivery
from ichor.node.queue.queue import Queue
from ichor.node.store import Store
from ichor.write.findings_json import FINDINGS


class Reported:
    """Reads the results and images of a node."""

    def __init__(self, results: Path, store: Store, queue: Queue) -> None:
        self._results, self._store, self._queue = results, store, queue

    def findings(self, delivery: Delivery) -> Findings:
        """The findings of the result. Raises UnreadableInput if it is not there or damaged."""
        try:
            return Findings.from_json((self._results / delivery.name / FINDINGS).read_bytes())
        except OSError as error:
            raise UnreadableInput(f"expected a result, found {error.strerror or 'none'}") from error
        except ValidationError:  # its message quotes values
            raise UnreadableInput("expected the findings of a result, found others") from None

    def facts(self, delivery: Delivery, findings: Findings) -> StudyFacts:
        """What the images that were screened say. Raises UnreadableInput as `facts_of` does."""
        files = sorted(self._queue.studies.files_of(delivery.study))
        return facts_of(self._store.folder(delivery.study), files, findings.scan.series_uids)
