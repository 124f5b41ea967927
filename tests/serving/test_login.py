"""The login of a server beyond this machine, as another machine's browser asks: passwords, limits, guards, logout."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from fastapi import FastAPI
from starlette.testclient import TestClient
from starlette.types import ASGIApp

from ichor.serving import guards, passwords, rate_limit
from ichor.serving.access import Access
from ichor.serving.accounts import Account, Accounts
from ichor.serving.address import Address
from ichor.serving.answers import handle_errors
from ichor.serving.certificate import Certificate
from ichor.serving.guards import Guards
from ichor.serving.login import OF_CLIENT, OF_NAME, OF_ONE, login_router
from ichor.serving.session import HEADER, SECONDS, Sessions
from ichor.serving.who import who_router

ADDRESS = Address(8484, ("ct.example.org",), Certificate(Path("unused"), Path("unused")))
PASSWORD = "correct horse battery"


class Server:
    def __init__(self) -> None:
        self.access = Access()
        self.accounts, self.entered = Accounts(self.access), list[Account]()
        self.accounts.add("ann", "reader", PASSWORD)
        self.accounts.add("bea", "admin", PASSWORD)
        self.sessions = Sessions(ADDRESS.port, "study", self.access, entered="password")
        app = FastAPI()
        handle_errors(app, {})
        app.include_router(who_router(self.sessions))
        app.include_router(login_router(self.sessions, self.accounts, lambda _, one: self.entered.append(one)))
        app.add_api_route("/api/x", lambda: {"x": 1}, methods=["GET", "PUT"])
        self.app: ASGIApp = Guards(app, self.sessions, ADDRESS)

    @contextmanager
    def client(self, host: str = "192.0.2.1") -> Iterator[TestClient]:
        with TestClient(self.app, base_url=ADDRESS.url, headers={"origin": ADDRESS.url}, client=(host, 50_000)) as one:
            yield one


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    """A server with cheap hashes: a hundred logins would take long with those that are stored."""
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    passwords._of_nobody.cache_clear()
    monkeypatch.setattr(passwords, "_hasher", lambda: cheap)
    return Server()


@pytest.fixture
def client(server: Server) -> Iterator[TestClient]:
    with server.client() as one:
        yield one


def log_in(client: TestClient, name: str = "ann", password: str = PASSWORD, **more: Any) -> Any:
    answer = client.post("/login", json={"name": name, "password": password}, **more)
    if answer.status_code == 200:
        client.headers[HEADER] = answer.json()["page"].removeprefix("/?reader=")
    return answer


def test_without_a_session_the_page_learns_where_to_log_in(client: TestClient) -> None:
    answer = client.get("/api/x")
    assert (answer.status_code, answer.headers["location"]) == (401, "/login")
    page = client.get("/login")
    assert page.status_code == 200 and "not a medical device" in page.text
    assert {client.get(f"/login/{name}").status_code for name in ("login.js", "login.css")} == {200}
    for name in ("login.html", "..%2flogin.py", "x"):
        assert client.get(f"/login/{name}").status_code == 404


def test_a_password_opens_a_session_until_logout(server: Server, client: TestClient) -> None:
    answer = log_in(client, "ANN")
    assert answer.status_code == 200
    assert server.entered == [server.accounts.find("ann")]
    cookie = answer.headers["set-cookie"]
    assert all(word in cookie for word in ("HttpOnly", "SameSite=strict", "Secure", f"Max-Age={SECONDS['password']}"))
    assert client.get("/api/x").json() == {"x": 1}
    assert [one["reader"] for one in client.get("/api/sessions").json()] == ["ann"]
    kept = dict(client.cookies)
    assert client.post("/api/logout").status_code == 200
    assert client.get("/api/x").status_code == 401
    client.cookies.update(kept)
    assert client.get("/api/x").status_code == 401, "the session is over, not only the cookie"


def test_two_accounts_in_one_browser_log_out_apart(client: TestClient) -> None:
    of_ann = log_in(client, "ann").json()["page"].removeprefix("/?reader=")
    log_in(client, "bea")
    assert client.post("/api/logout").status_code == 200
    assert client.get("/api/x").status_code == 401
    assert client.get("/api/x", headers={HEADER: of_ann}).status_code == 200


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("ann", "wrong password"),
        ("carl", PASSWORD),
        ("", ""),
        ("ann", ""),
        ("ann", PASSWORD + "\0"),
        ("ann ", PASSWORD),
    ],
)
def test_wrong_names_and_passwords_get_the_same_response(client: TestClient, name: str, password: str) -> None:
    answer = log_in(client, name, password)
    assert (answer.status_code, answer.json()) == (401, {"error": "unknown name or wrong password"})
    assert "set-cookie" not in answer.headers and "location" not in answer.headers


def test_malformed_logins(client: TestClient) -> None:
    for body in ({}, [], {"name": "ann"}, {"name": 1, "password": 2}, {"name": "ann", "password": "x" * 300}):
        answer = client.post("/login", json=body)
        assert answer.status_code == 422 and PASSWORD not in answer.text and "xxx" not in answer.text


def test_another_site_cannot_log_anyone_in(client: TestClient) -> None:
    for origin in ("https://evil.example", "http://ct.example.org:8484", "https://ct.example.org", "null", ""):
        answer = log_in(client, headers={"origin": origin})
        assert answer.status_code == 403 and "set-cookie" not in answer.headers
    assert (
        log_in(client, headers={"host": "evil.example:8484", "origin": "https://evil.example:8484"}).status_code == 421
    )
    del client.headers["origin"]
    assert log_in(client).status_code == 403


def test_another_site_cannot_change_anything_or_log_anyone_out(client: TestClient) -> None:
    log_in(client)
    for method, path in (("PUT", "/api/x"), ("POST", "/api/logout")):
        assert client.request(method, path, headers={"origin": "https://evil.example"}).status_code == 403
    assert client.get("/api/x", headers={"sec-fetch-site": "cross-site"}).status_code == 403
    assert client.get("/api/x").status_code == 200


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time that limits see; it stands still."""
    seconds = [0.0]
    monkeypatch.setattr(rate_limit, "monotonic", lambda: seconds[0])
    return seconds


@pytest.mark.usefixtures("now")
class TestLimits:
    def test_failures_for_one_name_are_limited_and_so_is_the_right_password(self, server: Server) -> None:
        with server.client() as client:
            for _ in range(OF_ONE[0]):
                assert log_in(client, "ann", "wrong password").status_code == 401
            for password in ("wrong password", PASSWORD):
                answer = log_in(client, "Ann", password)
                assert answer.status_code == 429 and "try again in 1 min" in answer.json()["error"]
                assert 0 < int(answer.headers["retry-after"]) <= 60
            assert log_in(client, "bea").status_code == 200, "another name is not affected"
        with server.client("192.0.2.2") as other:
            assert log_in(other, "ann").status_code == 200, "nor is the reader at another machine"

    def test_failures_of_one_client_are_limited_over_all_names(self, server: Server) -> None:
        with server.client() as client:
            for number in range(int(OF_CLIENT[0])):
                assert log_in(client, f"guess{number}").status_code == 401
            assert log_in(client, "ann").status_code == 429

    def test_failures_for_one_name_are_limited_over_all_clients(self, server: Server) -> None:
        for number in range(int(OF_NAME[0])):
            with server.client(f"192.0.2.{number + 10}") as client:
                assert log_in(client, "ann", "wrong password").status_code == 401
        with server.client("192.0.2.5") as client:
            assert log_in(client, "ann").status_code == 429

    def test_right_passwords_are_not_counted(self, client: TestClient) -> None:
        for _ in range(int(OF_ONE[0]) + 2):
            assert log_in(client).status_code == 200

    def test_requests_of_one_client_are_limited(self, server: Server, now: list[float]) -> None:
        with server.client() as client, server.client("192.0.2.2") as other:
            for _ in range(guards.REQUESTS):
                assert client.get("/nothing").status_code == 404
            answer = client.get("/nothing")
            assert answer.status_code == 429 and answer.headers["retry-after"] == "1"
            assert answer.headers["cache-control"] == "no-store"
            assert other.get("/nothing").status_code == 404
            now[0] = 1.0
            assert client.get("/nothing").status_code == 404


def test_a_removed_account_is_out_at_once(server: Server, client: TestClient) -> None:
    log_in(client)
    server.accounts.remove("ann")
    assert client.get("/api/x").status_code == 401
    assert log_in(client).status_code == 401


def test_no_secret_is_logged(
    client: TestClient, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(0)
    log_in(client, "ann", "wrong password")
    log_in(client)
    cookie = next(iter(client.cookies.values()))
    said = caplog.text + "".join(capfd.readouterr())
    assert not [one for one in (PASSWORD, "wrong password", cookie) if one in said]
