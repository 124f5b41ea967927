"""A sender that asks for storage commitment and listens for the reports."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from pydicom.dataset import Dataset
from pydicom.uid import generate_uid
from pynetdicom import AE, evt
from pynetdicom.sop_class import StorageCommitmentPushModel, StorageCommitmentPushModelInstance

from node_parts import EXPLICIT, SENDER, associated


@dataclass
class Scanner:
    """The sender's own listener for reports."""

    port: int
    reports: list[tuple[int, Dataset]] = field(default_factory=list)
    status: int = 0


@contextmanager
def scanner() -> Iterator[Scanner]:
    """The sender, which listens."""
    entity = AE(ae_title=SENDER)
    entity.add_supported_context(StorageCommitmentPushModel, scu_role=False, scp_role=True)
    one = Scanner(0)

    def report(event: Any) -> tuple[int, None]:
        one.reports.append((event.event_type, event.event_information))
        return one.status, None

    server = entity.start_server(("127.0.0.1", 0), block=False, evt_handlers=[(evt.EVT_N_EVENT_REPORT, report)])
    one.port = server.server_address[1]
    try:
        yield one
    finally:
        entity.shutdown()


def request(port: int, *references: tuple[str, str], transaction: str | None = None, action: int = 1) -> int:
    """Ask for storage commitment of these images; the status of the answer."""
    asked = Dataset()
    asked.TransactionUID = transaction or generate_uid()
    asked.ReferencedSOPSequence = []
    for sop_class, instance in references:
        item = Dataset()
        item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = sop_class, instance
        asked.ReferencedSOPSequence.append(item)
    with associated(port, (StorageCommitmentPushModel, EXPLICIT)) as association:
        status, _ = association.send_n_action(
            asked, action, StorageCommitmentPushModel, StorageCommitmentPushModelInstance
        )
        return int(status.Status)
