"""Which host a request may ask for, and which origin it must come from."""

from __future__ import annotations

from pathlib import Path

import pytest

from ichor.errors import IchorError
from ichor.serving.address import Address, is_loopback, loopback, require_tls
from ichor.serving.certificate import Certificate
from ichor.serving.serve import listening

TLS = Certificate(Path("certificate"), Path("key"))
ELSEWHERE = Address(8484, ("ct.example.org", "2001:db8::7", "*.ward.example.org"), TLS)


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("ct.example.org:8484", "https://ct.example.org:8484"),
        ("CT.example.org:8484", "https://ct.example.org:8484"),
        ("[2001:db8::7]:8484", "https://[2001:db8::7]:8484"),
        ("a.ward.example.org:8484", "https://a.ward.example.org:8484"),
        ("a.b.ward.example.org:8484", None),
        ("ward.example.org:8484", None),
        ("*.ward.example.org.evil.org:8484", None),
        ("ct.example.org", None),
        ("ct.example.org:443", None),
        ("evil.example:8484", None),
        ("127.0.0.1:8484", None),
        ("[2001:db8::7]", None),
        (":8484", None),
        ("", None),
        ("\0", None),
        (None, None),
    ],
)
def test_hosts_elsewhere(host: str | None, origin: str | None) -> None:
    assert ELSEWHERE.origin(host) == origin


def test_the_usual_port_is_left_out_by_browsers() -> None:
    one = Address(443, ("ct.example.org", "2001:db8::7"), TLS)
    assert one.origin("ct.example.org") == "https://ct.example.org"
    assert one.origin("[2001:db8::7]") == "https://[2001:db8::7]"
    assert one.origin("evil.example") is None


def test_hosts_on_loopback() -> None:
    one = loopback(8484)
    assert one.origin("127.0.0.1:8484") == "http://127.0.0.1:8484" == one.url
    assert one.origin("localhost:8484") == "http://localhost:8484"
    assert one.origin("127.0.0.1:8485") is None and one.origin("192.0.2.7:8484") is None
    assert loopback(1, "::1").url == "http://[::1]:1" and loopback(1, "::1").origin("[::1]:1")


def test_what_is_loopback() -> None:
    assert all(map(is_loopback, ("127.0.0.1", "127.9.9.9", "::1", "localhost")))
    assert not any(map(is_loopback, ("0.0.0.0", "::", "192.0.2.7", "ct.example.org", "localhost.example.org", "")))


def test_tls_is_required_elsewhere_and_only_there() -> None:
    require_tls("127.0.0.1", wanted=False)
    require_tls("192.0.2.7", wanted=True)
    with pytest.raises(IchorError, match=r"--host: expected --certificate and --key, or --self-signed.*192\.0\.2\.7"):
        require_tls("192.0.2.7", wanted=False)
    with pytest.raises(IchorError, match="expected a --host beyond this machine"):
        require_tls("localhost", wanted=True)


@pytest.mark.parametrize("host", ["192.0.2.7", "no.such.host.invalid"])
def test_an_address_of_another_machine_is_reported_in_one_line(host: str) -> None:
    with pytest.raises(IchorError, match=f"(--host|--port): expected.*{host}"):
        listening(0, host)


def test_programs_may_leave_the_port_out() -> None:
    one = loopback(8484)
    assert all(one.is_named(host) for host in ("127.0.0.1", "127.0.0.1:8484", "LOCALHOST"))
    assert not any(one.is_named(host) for host in (None, "", "evil.example", "127.0.0.1:8485", "\0"))
    assert ELSEWHERE.is_named("ct.example.org") and not ELSEWHERE.is_named("example.org")
