"""The DICOM listener: an association acceptor for verification, CT images and storage commitment."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

from ichor.errors import IchorError
from ichor.node.config import Listener, NodeConfig
from ichor.node.logs import log
from ichor.node.monitor import Monitor
from ichor.node.network.answers import Answers
from ichor.node.network.guard import MOST_PDU_BYTES, Guard
from ichor.node.network.tls import server_context
from ichor.node.syntaxes import SOP_CLASSES, TRANSFER_SYNTAXES

HANDSHAKE_S = 30.0  # for an association request, and for its release


class DicomListener:
    """Listens from `start` until `stop`. `monitor` counts the associations that it rejects."""

    def __init__(self, config: NodeConfig, answers: Answers, monitor: Monitor | None = None) -> None:
        self._config: Listener = config.listener
        self._answers, self._monitor = answers, monitor or Monitor()
        self._senders = [one.ae_title for one in config.senders]
        self._guards: WeakKeyDictionary[Any, Guard] = WeakKeyDictionary()
        self._entity: Any = None

    def start(self) -> int:
        """Listen; returns the port. Raises IchorError if it is in use, and BadConfig if a TLS file cannot be used."""
        from pynetdicom import AE, evt
        from pynetdicom.sop_class import StorageCommitmentPushModel, Verification  # type: ignore[attr-defined]

        config, limits = self._config, self._config.limits
        entity = AE(ae_title=config.ae_title)
        entity.require_called_aet, entity.require_calling_aet = True, self._senders
        entity.maximum_associations, entity.maximum_pdu_size = limits.associations, MOST_PDU_BYTES // 2
        entity.network_timeout, entity.dimse_timeout = limits.idle_s, limits.idle_s
        entity.acse_timeout = HANDSHAKE_S
        for sop_class in sorted(SOP_CLASSES):
            entity.add_supported_context(sop_class, list(TRANSFER_SYNTAXES))
        for sop_class in (Verification, StorageCommitmentPushModel):
            entity.add_supported_context(sop_class)
        handlers: list[Any] = [
            (evt.EVT_CONN_OPEN, self._guard),
            (evt.EVT_CONN_CLOSE, self._forget),
            (evt.EVT_REJECTED, self._rejected),
            (evt.EVT_C_ECHO, self._handled(self._answers.echo)),
            (evt.EVT_C_STORE, self._handled(self._answers.store)),
            (evt.EVT_N_ACTION, self._handled(self._answers.commit)),
        ]
        tls = None if config.tls is None else server_context(config.tls)
        try:
            server: Any = entity.start_server(
                (config.address, config.port), block=False, ssl_context=tls, evt_handlers=handlers
            )
        except OSError as error:
            raise IchorError(
                f"listener: expected an address and a free port of this machine, found {config.address} port "
                f"{config.port}: {error.strerror or 'no such address'}"
            ) from error
        self._entity = entity
        return int(server.server_address[1])

    def stop(self) -> None:
        """Stop listening and end every association."""
        if self._entity is not None:
            self._entity.shutdown()

    def _guard(self, event: Any) -> None:
        most = int(self._config.limits.image_mib * 2**20)
        connection = event.assoc.dul.socket
        self._guards[event.assoc] = connection.recv = Guard(connection.socket, most, self._config.limits.idle_s)

    def _forget(self, event: Any) -> None:
        self._guards.pop(event.assoc, None)
        self._answers.ended(event)

    def _rejected(self, event: Any) -> None:  # noqa: ARG002 (the form of a handler)
        self._monitor.rejected_association()
        log.warning("an association was rejected: its AE titles are not configured, or too many associations are open")

    def _handled(self, answer: Callable[[Any], Any]) -> Callable[[Any], Any]:
        def handle(event: Any) -> Any:
            try:
                return answer(event)
            finally:
                guard = self._guards.get(event.assoc)
                if guard is not None:
                    guard.answered()

        return handle
