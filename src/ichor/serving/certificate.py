"""The certificate of a server, and the names that it is valid for."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from ichor.errors import IchorError

if TYPE_CHECKING:
    from cryptography import x509


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate (with its chain) and its private key, both PEM files."""

    certificate: Path
    key: Path

    def ends(self) -> datetime:
        """When it expires."""
        return _read(self.certificate).not_valid_after_utc

    def names(self) -> tuple[str, ...]:
        """The names that it is valid for: DNS names in lower case, then addresses; IPv6 without brackets."""
        return _names(_read(self.certificate))

    def fingerprint(self) -> str:
        """The SHA-256 fingerprint of the certificate as browsers show it."""
        from cryptography.hazmat.primitives.hashes import SHA256

        return _read(self.certificate).fingerprint(SHA256()).hex(":").upper()


def given(certificate: Path, key: Path) -> Certificate:
    """An existing certificate and its key. Raises IchorError if they cannot be used."""
    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key, password=lambda: b"")  # without it, OpenSSL would ask in the terminal
    except OSError as error:  # includes ssl.SSLError
        found = error.strerror or getattr(error, "reason", None) or str(error)
        raise IchorError(
            f"{certificate}, {key}: expected a certificate and its key without a password (PEM), found: {found}"
        ) from error
    found_certificate = _read(certificate)
    starts, ends = found_certificate.not_valid_before_utc, found_certificate.not_valid_after_utc
    if not starts <= datetime.now(UTC) < ends:
        raise IchorError(f"{certificate}: expected a certificate that is valid today, found one for {starts} to {ends}")
    if not _names(found_certificate):
        raise IchorError(f"{certificate}: expected subject alternative names (DNS or IP), found none")
    return Certificate(certificate, key)


def _read(path: Path) -> x509.Certificate:
    from cryptography import x509

    try:
        return x509.load_pem_x509_certificates(path.read_bytes())[0]
    except (OSError, ValueError) as error:
        raise IchorError(f"{path}: expected a certificate (PEM), found: {error}") from error


def _names(certificate: x509.Certificate) -> tuple[str, ...]:
    from cryptography import x509

    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    addresses = [str(one) for one in found.get_values_for_type(x509.IPAddress)]
    return (*(name.lower() for name in found.get_values_for_type(x509.DNSName)), *addresses)
