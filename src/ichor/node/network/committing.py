"""Answers to storage commitment requests: N-EVENT-REPORT, on an association that the node opens."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ichor.errors import IchorError
from ichor.node.config import Listener, Sender
from ichor.node.intake import instance_key
from ichor.node.queue.commitments import Commitment
from ichor.node.queue.studies import Studies

# PS3.4 J.3.3.1: the types of the event; PS3.3 C.14.1.1: why an image is not committed.
ALL_COMMITTED, SOME_FAILED = 1, 2
NO_SUCH_OBJECT, CLASS_CONFLICT = 0x0112, 0x0119
TIMEOUT_S = 30.0


class Committer:
    """Sends each report to the address of the sender that requested it."""

    def __init__(self, listener: Listener, senders: Mapping[str, Sender], studies: Studies) -> None:
        self._listener, self._senders, self._studies = listener, senders, studies

    def answer(self, commitment: Commitment) -> None:
        """Send one report. Raises IchorError, in one line, if it was not confirmed."""
        sender = self._senders.get(commitment.sender)
        if sender is None or sender.host is None or sender.port is None:
            raise IchorError("expected a sender with host and port in the configuration, found none")
        report, event_type = self._report(commitment)
        association = _associated(self._listener.ae_title, sender)
        try:
            from pynetdicom.sop_class import (  # type: ignore[attr-defined]
                StorageCommitmentPushModel,
                StorageCommitmentPushModelInstance,
            )

            status, _ = association.send_n_event_report(
                report, event_type, StorageCommitmentPushModel, StorageCommitmentPushModelInstance
            )
        finally:
            association.release()
        if not status or status.Status != 0:
            raise IchorError("expected the report to be confirmed, found no confirmation")

    def _report(self, commitment: Commitment) -> tuple[Any, int]:
        """The report and its event type. Only images that are on disk, synced, are committed."""
        from pydicom.dataset import Dataset

        report = Dataset()
        report.TransactionUID = commitment.transaction_uid
        committed, failed = [], []
        for sop_class, instance in commitment.references:
            item = Dataset()
            item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = sop_class, instance
            held = self._studies.holds(instance_key(instance))
            if held == sop_class:
                committed.append(item)
            else:
                item.FailureReason = NO_SUCH_OBJECT if held is None else CLASS_CONFLICT
                failed.append(item)
        if committed:
            report.ReferencedSOPSequence = committed
        if failed:
            report.FailedSOPSequence = failed
        return report, SOME_FAILED if failed else ALL_COMMITTED


def _associated(ae_title: str, sender: Sender) -> Any:
    from pynetdicom import AE, build_role
    from pynetdicom.sop_class import StorageCommitmentPushModel  # type: ignore[attr-defined]

    entity = AE(ae_title=ae_title)
    entity.add_requested_context(StorageCommitmentPushModel)
    entity.connection_timeout = entity.acse_timeout = entity.dimse_timeout = entity.network_timeout = TIMEOUT_S
    role = build_role(StorageCommitmentPushModel, scp_role=True)  # the provider opens this association
    association = entity.associate(sender.host, sender.port, ae_title=sender.ae_title, ext_neg=[role])  # type: ignore[arg-type]
    if not association.is_established:
        raise IchorError("expected to open an association with the sender, found no way to")
    return association
