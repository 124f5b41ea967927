"""A self-signed certificate, made once and kept: for a network without an authority that signs certificates."""

from __future__ import annotations

import ipaddress
import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from ichor.atomic import make_folder, reporting_disk_errors, write_whole
from ichor.errors import IchorError
from ichor.serving.certificate import Certificate, given

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

CERTIFICATE, KEY = "certificate.pem", "key.pem"
LASTS, RENEWED_BEFORE = timedelta(days=365), timedelta(days=14)


def self_signed(folder: Path, host: str) -> Certificate:
    """The self-signed certificate kept in a folder, for a host and this machine's own names.

    It is made where there is none, where it is not for this host, or where it ends within 14 days. The folder and both
    files can be read by their owner only. Raises OutputFailed if the disk fails.
    """
    kept = Certificate(folder / CERTIFICATE, folder / KEY)
    wanted = names_of(host)
    if _is_usable(kept, wanted):
        return kept
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    content = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    certificate = _signed(key, wanted)
    with reporting_disk_errors(folder):
        make_folder(folder, private=True)
        write_whole(kept.key, content, private=True)
        write_whole(kept.certificate, certificate.public_bytes(serialization.Encoding.PEM), private=True)
    return kept


def names_of(host: str) -> tuple[str, ...]:
    """The names under which a server on this host is reached; 0.0.0.0 and :: are all addresses of the machine."""
    names = [host.lower()]
    if _is_any(host):
        names = [socket.gethostname().lower(), *_own_addresses()]
    return tuple(dict.fromkeys([*names, "localhost", "127.0.0.1"]))


def _own_addresses() -> list[str]:
    """The addresses that this machine's name stands for, and the one it uses for other networks."""
    found = []
    try:
        found += [str(one[4][0]) for one in socket.getaddrinfo(socket.gethostname(), None, type=socket.SOCK_STREAM)]
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
            one.connect(("192.0.2.1", 9))  # an address for documentation; nothing is sent
            found.append(str(one.getsockname()[0]))
    except OSError:
        pass
    return [address for address in dict.fromkeys(found) if "%" not in address]


def _is_any(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_unspecified
    except ValueError:
        return False


def _is_usable(kept: Certificate, wanted: tuple[str, ...]) -> bool:
    if not (kept.certificate.is_file() and kept.key.is_file()):
        return False
    try:
        given(kept.certificate, kept.key)
    except IchorError:
        return False
    return set(wanted) <= set(kept.names()) and datetime.now(UTC) + RENEWED_BEFORE < kept.ends()


def _signed(key: EllipticCurvePrivateKey, names: tuple[str, ...]) -> x509.Certificate:
    from cryptography import x509
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Ichor, self-signed")])
    public, now = key.public_key(), datetime.now(UTC)
    usage = x509.KeyUsage(
        digital_signature=True,
        **dict.fromkeys(
            (
                *("content_commitment", "key_encipherment", "data_encipherment", "key_agreement"),
                *("key_cert_sign", "crl_sign", "encipher_only", "decipher_only"),
            ),
            False,
        ),
    )
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + LASTS)
        .add_extension(x509.SubjectAlternativeName([_general_name(one) for one in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .sign(key, SHA256())
    )


def _general_name(name: str) -> x509.GeneralName:
    from cryptography import x509

    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
