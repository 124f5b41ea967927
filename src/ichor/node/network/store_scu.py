"""Delivery by C-STORE."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ichor.errors import IchorError
from ichor.node.config import DimseDestination
from ichor.node.network.tls import client_context

TIMEOUT_S = 60.0
WARNINGS = (0xB000, 0xB006, 0xB007)  # stored; warnings about coerced elements count as success (PS3.4 table B.2-1)


class StoreScu:
    """Sends objects to one destination, on one association per result."""

    def __init__(self, ae_title: str, destination: DimseDestination) -> None:
        self._ae_title, self._to = ae_title, destination
        self._tls = None if destination.tls is None else client_context(destination.tls)

    def send(self, objects: Sequence[Any]) -> None:
        """Send objects; all are stored there when this returns. Raises IchorError, in one line, if any is not."""
        from pynetdicom import AE
        from pynetdicom.presentation import build_context

        entity = AE(ae_title=self._ae_title)
        kinds = dict.fromkeys((str(one.SOPClassUID), str(one.file_meta.TransferSyntaxUID)) for one in objects)
        entity.requested_contexts = [build_context(sop_class, syntax) for sop_class, syntax in kinds]
        entity.connection_timeout = entity.acse_timeout = entity.dimse_timeout = entity.network_timeout = TIMEOUT_S
        to = self._to
        association = entity.associate(
            to.host, to.port, ae_title=to.ae_title, tls_args=None if self._tls is None else (self._tls, to.host)
        )
        if not association.is_established:
            found = "it rejected" if association.is_rejected else "no connection"
            raise IchorError(f"expected an association, found {found}")
        try:
            for one in objects:
                _store(association, one)
        finally:
            association.release()


def _store(association: Any, one: Any) -> None:
    try:
        answer = association.send_c_store(one)
    except (ValueError, RuntimeError) as error:
        raise IchorError(
            f"expected a destination that accepts the object's SOP class, found none ({type(error).__name__})"
        ) from error
    status = answer.get("Status") if answer else None
    if status is None:
        raise IchorError("expected a response, found none")
    if status != 0 and status not in WARNINGS:
        raise IchorError(f"expected an object to be stored, found status 0x{status:04X}")
