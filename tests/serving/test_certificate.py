"""Certificates: a self-signed one that is kept, and given ones that can be used; checked by a TLS client."""

from __future__ import annotations

import ipaddress
import re
import ssl
import stat
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import NameOID

from ichor.errors import IchorError
from ichor.serving import self_signed as module
from ichor.serving.certificate import Certificate, given
from ichor.serving.self_signed import names_of, self_signed

NAMES: list[x509.GeneralName] = [
    x509.DNSName("CT.example.org"),
    x509.DNSName("*.ward.example.org"),
    x509.IPAddress(ipaddress.ip_address("192.0.2.7")),
    x509.IPAddress(ipaddress.ip_address("2001:db8::7")),
]


def made(
    folder: Path, name: str = "own", *, names: list[x509.GeneralName] = NAMES, days: int = 1, password: bytes = b""
) -> Certificate:
    """A certificate that somebody else made, which ends in so many days."""
    key = rsa.generate_private_key(65537, 2048)
    subject, ends = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "x")]), datetime.now(UTC) + timedelta(days)
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(ends - timedelta(30)).not_valid_after(ends)
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    pem, lock = serialization.Encoding.PEM, serialization.NoEncryption()
    locked = serialization.BestAvailableEncryption(password) if password else lock
    one = Certificate(folder / f"{name}.crt", folder / f"{name}.key")
    one.certificate.write_bytes(builder.sign(key, SHA256()).public_bytes(pem))
    one.key.write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, locked))
    return one


def handshake(one: Certificate, name: str) -> bytes:
    """The certificate that a strict client accepts of a server under this name. Raises ssl.SSLError."""
    here = ssl.create_default_context(cafile=one.certificate)
    here.verify_flags |= ssl.VERIFY_X509_STRICT
    there = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    there.load_cert_chain(one.certificate, one.key)
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = here.wrap_bio(down, up, server_hostname=name)
    server = there.wrap_bio(up, down, server_side=True)
    for _ in range(4):
        for side in (client, server):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
    found = client.getpeercert(binary_form=True)
    assert found is not None
    return found


class TestSelfSigned:
    def test_it_is_made_once_for_the_owner_only(self, tmp_path: Path) -> None:
        one = self_signed(tmp_path / "tls", "192.0.2.7")
        assert stat.S_IMODE((tmp_path / "tls").stat().st_mode) == 0o700
        assert {stat.S_IMODE(file.stat().st_mode) for file in (one.certificate, one.key)} == {0o600}
        before = one.fingerprint(), one.key.read_bytes()
        again = self_signed(tmp_path / "tls", "192.0.2.7")
        assert (again.fingerprint(), again.key.read_bytes()) == before

    def test_a_client_accepts_it_for_its_names_and_no_other(self, tmp_path: Path) -> None:
        one = self_signed(tmp_path, "192.0.2.7")
        assert one.names() == ("localhost", "192.0.2.7", "127.0.0.1")
        for name in one.names():
            assert sha256(handshake(one, name)).hexdigest().upper() == one.fingerprint().replace(":", "")
        assert re.fullmatch(r"(?:[0-9A-F]{2}:){31}[0-9A-F]{2}", one.fingerprint())
        with pytest.raises(ssl.SSLCertVerificationError, match=r"192\.0\.2\.8"):
            handshake(one, "192.0.2.8")

    def test_a_new_one_is_made_for_another_host_and_before_the_end(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        first = self_signed(tmp_path, "192.0.2.7").fingerprint()
        second = self_signed(tmp_path, "ct.example.org")
        found = second.fingerprint()
        assert "ct.example.org" in second.names() and found != first
        monkeypatch.setattr(module, "RENEWED_BEFORE", timedelta(days=400))
        assert self_signed(tmp_path, "ct.example.org").fingerprint() not in (first, found)

    def test_a_damaged_one_is_regenerated(self, tmp_path: Path) -> None:
        first = self_signed(tmp_path, "192.0.2.7")
        first.key.write_bytes(b"nothing")
        assert given(*(self_signed(tmp_path, "192.0.2.7").certificate, first.key)).names()

    def test_all_addresses_are_the_machine_s_own_names(self) -> None:
        assert {"localhost", "127.0.0.1"} < set(names_of("0.0.0.0"))
        assert "0.0.0.0" not in names_of("0.0.0.0") and "::" not in names_of("::")


class TestGiven:
    def test_its_names(self, tmp_path: Path) -> None:
        one = made(tmp_path)
        assert given(one.certificate, one.key).names() == (
            "ct.example.org",
            "*.ward.example.org",
            "192.0.2.7",
            "2001:db8::7",
        )

    def refusal(self, one: Certificate) -> str:
        with pytest.raises(IchorError) as refused:
            given(one.certificate, one.key)
        line = str(refused.value)
        assert "\n" not in line and str(one.certificate) in line and "expected" in line
        return line

    def test_a_key_of_another_certificate(self, tmp_path: Path) -> None:
        one, other = made(tmp_path), made(tmp_path, "other")
        assert "found: " in self.refusal(Certificate(one.certificate, other.key))

    def test_invalid_and_missing_certificates(self, tmp_path: Path) -> None:
        one = made(tmp_path)
        (tmp_path / "text").write_text("no certificate")
        self.refusal(Certificate(tmp_path / "text", one.key))
        assert "No such file" in self.refusal(Certificate(tmp_path / "absent", one.key))

    def test_no_password_is_asked_for_a_protected_key(self, tmp_path: Path) -> None:
        self.refusal(made(tmp_path, password=b"secret"))

    def test_without_names(self, tmp_path: Path) -> None:
        assert "expected subject alternative names" in self.refusal(made(tmp_path, names=[]))

    def test_one_that_has_ended(self, tmp_path: Path) -> None:
        one = made(tmp_path, days=-1)
        assert "expected a certificate that is valid today" in self.refusal(one)
        assert one.ends() < datetime.now(UTC)
