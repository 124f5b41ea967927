"""`ichor annotate` beyond one machine, as processes: TLS, accounts, refusals, and links while the server runs."""

from __future__ import annotations

import re
import signal
import socket
import ssl
import stat
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import httpx
import pytest

from cli.test_annotate import command, ended, write_head
from ichor.annotate.project import open_project
from ichor.serving.access import ACCESS

pytestmark = pytest.mark.long

PASSWORDS = {"ann": "the password of ann", "carl": "the password of carl", "dora": "the password of dora"}
ROLES = {"ann": "reader", "carl": "adjudicator", "dora": "admin"}


@dataclass
class Server:
    """A running `ichor annotate PROJECT --host ...`, its port and all that it prints."""

    process: subprocess.Popen[str]
    lines: list[str] = field(default_factory=list)

    @property
    def port(self) -> int:
        return int(re.search(r"https?://[^/]*:(\d+)/", "".join(self.lines))[1])  # type: ignore[index]


@contextmanager
def serving(study: Path, *words: object) -> Iterator[Server]:
    options = (study, "--port", 0, "--no-browser", *words)
    process = subprocess.Popen(command(*options), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    one, late = Server(process), threading.Timer(60, process.kill)
    late.start()
    assert process.stdout is not None
    try:
        for line in process.stdout:
            one.lines.append(line)
            if "Ctrl-C" in line:
                break
        yield one
    finally:
        process.send_signal(signal.SIGINT)
        one.lines += process.stdout.readlines()
        process.wait(30)
        late.cancel()


def told(*words: object, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """A command that ends by itself, with what it reads from standard input."""
    return subprocess.run(command(*words), capture_output=True, text=True, check=False, timeout=60, input=stdin)


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with a scan and an account of each role."""
    folder = tmp_path_factory.mktemp("network")
    with serving(folder / "study", "--add", write_head(folder / "head.nii.gz"), "--reader", "ann"):
        pass
    for name, password in PASSWORDS.items():
        done = told("account", "add", folder / "study", name, "--role", ROLES[name], stdin=f"{password}\n")
        assert done.returncode == 0, done.stderr
    return folder / "study"


@contextmanager
def client_of(server: Server, study: Path) -> Iterator[httpx.Client]:
    """A client that trusts the project's own certificate and nothing else."""
    trusted = ssl.create_default_context(cafile=study / "tls" / "certificate.pem")
    home = f"https://localhost:{server.port}"
    with httpx.Client(base_url=home, verify=trusted, headers={"origin": home}, timeout=60) as client:
        yield client


def log_in(client: httpx.Client, name: str, password: str | None = None) -> httpx.Response:
    answer = client.post("/login", json={"name": name, "password": password or PASSWORDS[name]})
    if answer.status_code == 200:
        client.headers["ichor-reader"] = answer.json()["page"].removeprefix("/?reader=")
    return answer


def test_a_client_checks_the_certificate_logs_in_and_reads(study: Path) -> None:
    with serving(study, "--host", "0.0.0.0", "--self-signed") as server:
        with client_of(server, study) as client:
            assert client.get("/api/me").status_code == 401
            assert log_in(client, "ann", "a wrong password").status_code == 401
            assert log_in(client, "ann").status_code == 200
            me = client.get("/api/me").json()
            assert (me["reader"], me["role"], me["logs_in"]) == ("ann", "reader", True)
            assert client.put("/api/scans/1/person", json={"age": 4}).status_code == 200
            elsewhere = {"origin": "https://evil.example"}
            assert client.put("/api/scans/1/person", json={"age": 5}, headers=elsewhere).status_code == 403
            assert client.get("/api/me", headers={"host": "evil.example"}).status_code == 421
            cookie = next(iter(client.cookies.values()))
        found = ssl.get_server_certificate(("127.0.0.1", server.port))
        with pytest.raises(httpx.ConnectError, match=r"(?i)certificate"):
            httpx.get(f"https://localhost:{server.port}/login")
    said = "".join(server.lines)
    fingerprint = sha256(ssl.PEM_cert_to_DER_cert(found)).hexdigest()
    assert fingerprint in re.search(r"SHA-256: (\S+)", said)[1].replace(":", "").lower()  # type: ignore[index]
    assert "token" not in said and "Traceback" not in said and cookie not in said
    assert not [one for one in PASSWORDS.values() if one in said]
    private = [study / ACCESS, study / "tls" / "key.pem", study / "tls" / "certificate.pem"]
    assert {stat.S_IMODE(one.stat().st_mode) for one in private} == {0o600}


def test_the_certificate_stays_and_only_current_tls_is_spoken(study: Path) -> None:
    fingerprints = []
    for _ in range(2):
        with serving(study, "--host", "0.0.0.0", "--self-signed") as server:
            fingerprints.append(server.lines[-2])
            old = ssl.create_default_context(cafile=study / "tls" / "certificate.pem")
            with suppress(ValueError):  # an OpenSSL without it
                old.maximum_version = ssl.TLSVersion.TLSv1_1
                with socket.create_connection(("127.0.0.1", server.port)) as one, pytest.raises(ssl.SSLError):
                    old.wrap_socket(one, server_hostname="localhost")
            with pytest.raises(httpx.HTTPError):
                httpx.get(f"http://localhost:{server.port}/login")
    assert fingerprints[0] == fingerprints[1]


def test_a_certificate_and_key_are_given(study: Path, tmp_path: Path) -> None:
    # Those of another project, here.
    for name in ("certificate.pem", "key.pem"):
        (tmp_path / name).write_bytes((study / "tls" / name).read_bytes())
    words = ("--host", "0.0.0.0", "--certificate", tmp_path / "certificate.pem", "--key", tmp_path / "key.pem")
    with serving(study, *words) as server, client_of(server, study) as client:
        assert log_in(client, "ann").status_code == 200


@pytest.mark.long
def test_accounts_change_while_the_server_runs_and_sessions_outlast_a_restart(study: Path) -> None:
    words = ("--host", "0.0.0.0", "--self-signed")
    told("account", "add", study, "eve", stdin="the password of eve\n")
    with serving(study, *words) as server, client_of(server, study) as client:
        assert log_in(client, "eve", "the password of eve").status_code == 200
        kept, key, port = dict(client.cookies), client.headers["ichor-reader"], server.port
    with (
        serving(study, *words, "--port", port) as server,
        client_of(server, study) as client,
    ):
        client.cookies.update(kept)
        client.headers["ichor-reader"] = key
        assert client.get("/api/me").json()["reader"] == "eve"
        assert told("account", "password", study, "eve", stdin="a new password of eve\n").returncode == 0
        assert client.get("/api/me").status_code == 401
        assert log_in(client, "eve", "the password of eve").status_code == 401
        assert log_in(client, "eve", "a new password of eve").status_code == 200
        assert told("account", "remove", study, "eve").returncode == 0
        assert client.get("/api/me").status_code == 401
        line = told("link", study, "ann").stderr
        assert "asks for passwords" in line and "account password" in line
    listed = told("account", "list", study).stdout
    assert [line.split("\t")[:2] for line in listed.splitlines()] == [[name, ROLES[name]] for name in PASSWORDS]


class TestLinks:
    def test_a_new_link_while_the_server_runs_and_sessions_that_outlast_it(self, tmp_path: Path) -> None:
        study = tmp_path / "study"
        with serving(study, "--add", write_head(tmp_path / "head.nii.gz"), "--reader", "ann", "bea") as server:
            done = told("link", study, "BEA")
            assert done.returncode == 0 and done.stderr == ""
            link, home = done.stdout.strip(), f"http://127.0.0.1:{server.port}"
            assert link.startswith(f"{home}/enter?token=")
            answer = httpx.get(link)
            assert answer.status_code == 303 and httpx.get(link).status_code == 403
            headers = {"ichor-reader": answer.headers["location"].removeprefix("/?reader=")}
            kept = dict(answer.cookies)
            port = server.port
            assert "expected one of ann, bea, found 'carl'" in told("link", study, "carl").stderr
        with serving(study, "--port", port):
            me = httpx.get(f"{home}/api/me", headers=headers, cookies=kept)
            assert me.json()["reader"] == "bea"
        assert "expected a running server, found none" in told("link", study, "ann").stderr

    def test_adjudicators_and_admins_have_links_and_are_not_readers(self, study: Path) -> None:
        with serving(study, "--reader", "ann", "carl") as server:
            links = dict(re.findall(r"^(\w+): (http\S+)$", "".join(server.lines), re.MULTILINE))
            assert list(links) == ["ann", "carl", "dora"]
            with httpx.Client() as client:
                answer = client.get(links["carl"])
                key = answer.headers["location"].removeprefix("/?reader=")
                me = client.get(f"http://127.0.0.1:{server.port}/api/me", headers={"ichor-reader": key}).json()
                assert (me["reader"], me["role"], me["logs_in"]) == ("carl", "adjudicator", False)
        with open_project(study) as project:
            assert {"carl", "dora"}.isdisjoint(project.readers())


class TestRefusals:
    def one_line(self, *words: object, stdin: str = "") -> str:
        done = told(*words, stdin=stdin)
        assert done.returncode == 2 and "Traceback" not in done.stderr, done.stderr
        return done.stderr.strip().splitlines()[-1]

    @pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.7", "::"])
    def test_another_address_without_tls(self, study: Path, host: str) -> None:
        line = self.one_line(study, "--host", host)
        assert "--host: expected --certificate and --key, or --self-signed" in line and host in line

    def test_tls_on_loopback_half_a_certificate_and_both_kinds(self, study: Path, tmp_path: Path) -> None:
        assert "expected a --host beyond this machine" in self.one_line(study, "--self-signed")
        half = self.one_line(study, "--host", "0.0.0.0", "--certificate", tmp_path / "c")
        assert "expected --certificate and --key together, found no --key" in half
        both = ("--certificate", tmp_path / "c", "--key", tmp_path / "k", "--self-signed")
        assert "found both" in self.one_line(study, "--host", "0.0.0.0", *both)
        absent = self.one_line(study, "--host", "0.0.0.0", *both[:-1])
        assert "expected a certificate and its key" in absent

    def test_without_accounts_nobody_could_log_in(self, tmp_path: Path) -> None:
        study = tmp_path / "study"
        with serving(study, "--add", write_head(tmp_path / "head.nii.gz")):
            pass
        line = self.one_line(study, "--host", "0.0.0.0", "--self-signed", "--port", 0)
        assert "expected accounts for people on other machines, found none" in line

    def test_invalid_accounts(self, study: Path, tmp_path: Path) -> None:
        good = "a long enough password\n"
        assert "expected an annotation project" in self.one_line("account", "add", tmp_path, "x", stdin=good)
        assert not list(tmp_path.iterdir())
        assert "found 'Ann', which has an account" in self.one_line("account", "add", study, "Ann", stdin=good)
        assert "12 to 256" in self.one_line("account", "add", study, "zoe", stdin="short\n")
        assert "12 to 256" in self.one_line("account", "password", study, "ann", stdin="")
        for name in ("consensus", "a/b", ""):
            assert "expected a reader's name" in self.one_line("account", "add", study, name, stdin=good)
        with open_project(study) as project:
            project.add_reader("fred")
        line = self.one_line("account", "add", study, "Fred", "--role", "adjudicator", stdin=good)
        assert "that no reader of the project has" in line
        assert "none named 'zoe'" in self.one_line("account", "remove", study, "zoe")
        names = [line.split("\t")[0] for line in told("account", "list", study).stdout.splitlines()]
        assert names == list(PASSWORDS)

    def test_a_password_is_not_a_word_of_the_command(self, study: Path) -> None:
        done = ended("account", "add", study, "zoe", "--password", "the password of zoe")
        assert done.returncode == 2 and "No such option" in done.stderr

    def test_a_damaged_file_of_accounts(self, study: Path, tmp_path: Path) -> None:
        with serving(tmp_path / "other", "--add", write_head(tmp_path / "head.nii.gz")):
            pass
        (tmp_path / "other" / ACCESS).write_bytes(b"damaged" * 1000)
        assert "expected a file of accounts and sessions" in self.one_line(tmp_path / "other", "--port", 0)
