"""TLS contexts from the files named in the configuration."""

from __future__ import annotations

import socket
import ssl
from pathlib import Path
from typing import Any

from ichor.errors import BadConfig
from ichor.node.config import ServerTls
from ichor.node.config_parts import ClientTls


class _LateHandshake(ssl.SSLContext):
    """A context whose handshake happens at the first read, so that a silent peer does not block others."""

    def wrap_socket(self, sock: socket.socket, server_side: bool = False, **options: Any) -> ssl.SSLSocket:  # type: ignore[override]
        """As in the parent class, without the handshake."""
        return super().wrap_socket(sock, server_side=server_side, **{**options, "do_handshake_on_connect": False})


def server_context(tls: ServerTls) -> ssl.SSLContext:
    """The listener's context. Raises BadConfig if a file is missing or damaged."""
    context = _LateHandshake(ssl.PROTOCOL_TLS_SERVER)
    _load(context, tls.certificate, tls.key)
    if tls.senders_ca is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        _trust(context, tls.senders_ca)
    return context


def client_context(tls: ClientTls) -> ssl.SSLContext:
    """The context for connecting to a destination. Raises BadConfig if a file is missing or damaged."""
    context = ssl.create_default_context()
    if tls.ca is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        _trust(context, tls.ca)
    if tls.certificate is not None:
        _load(context, tls.certificate, tls.key)
    return context


def _load(context: ssl.SSLContext, certificate: Path, key: Path | None) -> None:
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(certificate, key)
    except (OSError, ssl.SSLError) as error:
        raise BadConfig(f"{certificate}: expected a certificate and its key, found {_why(error)}") from error


def _trust(context: ssl.SSLContext, authority: Path) -> None:
    try:
        context.load_verify_locations(authority)
    except (OSError, ssl.SSLError) as error:
        raise BadConfig(f"{authority}: expected an authority's certificate, found {_why(error)}") from error


def _why(error: OSError) -> str:
    return error.strerror or type(error).__name__
