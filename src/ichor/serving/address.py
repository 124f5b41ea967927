"""Where a server is reached: on loopback without TLS, or elsewhere with a certificate."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from ichor.errors import IchorError
from ichor.serving.certificate import Certificate

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Address:
    """The address of a server.

    Attributes:
        port: the port that it listens on.
        names: the host names and addresses that requests may use, in lower case; `*.` at the start of a name stands for
            one label, as in certificates. Others are refused, because a page elsewhere can make its own name resolve to
            this server (DNS rebinding).
        certificate: the certificate for TLS, None on loopback.
    """

    port: int
    names: tuple[str, ...]
    certificate: Certificate | None = None

    @property
    def url(self) -> str:
        """The address of the start page under the first name, without a trailing slash."""
        scheme = "http" if self.certificate is None else "https"
        return f"{scheme}://{_bracketed(self.names[0])}:{self.port}"

    def origin(self, host: str | None) -> str | None:
        """The origin of this server's own page, as a browser sends it, for a request's Host; None for other hosts."""
        if host is None:
            return None
        scheme, default = ("http", 80) if self.certificate is None else ("https", 443)
        name, separator, port = host.lower().rpartition(":")
        if not separator or host.endswith("]"):
            name, port = host.lower(), str(default)
        if port != str(self.port) or not self._is_own(name):
            return None
        return f"{scheme}://{host.lower()}"

    def is_named(self, host: str | None) -> bool:
        """Whether a request's Host is one of the names, with or without the port.

        For requests of programs, some of which leave the port out (dicomweb-client does).
        """
        return host is not None and (self._is_own(host.lower()) or self.origin(host) is not None)

    def _is_own(self, name: str) -> bool:
        own = {_bracketed(one) for one in self.names}
        _, _, domain = name.partition(".")
        return name in own or (bool(domain) and f"*.{domain}" in own)


def loopback(port: int, host: str = LOOPBACK) -> Address:
    """The address of a server for this machine only."""
    return Address(port, tuple(dict.fromkeys((host, LOOPBACK, "localhost"))))


def over_tls(port: int, certificate: Certificate) -> Address:
    """The address of a server for other machines, under the names in its certificate."""
    return Address(port, tuple(sorted(certificate.names(), key=lambda name: name.startswith("*"))), certificate)


def is_loopback(host: str) -> bool:
    """Whether a host is a loopback address, which only this machine can reach."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def require_tls(host: str, *, wanted: bool) -> None:
    """Raises IchorError for a host other than loopback without TLS, and for loopback with TLS."""
    if not is_loopback(host) and not wanted:
        raise IchorError(
            f"--host: expected --certificate and --key, or --self-signed, for an address beyond this machine ({host}), "
            "found neither"
        )
    if is_loopback(host) and wanted:
        raise IchorError(f"expected a --host beyond this machine for a certificate, found {host}")


def _bracketed(name: str) -> str:
    return f"[{name}]" if ":" in name else name
