"""Who gets in to the node's web server, and what the audit log says of it."""

from __future__ import annotations

import sqlite3
import ssl
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from fastapi.routing import APIRoute
from starlette.testclient import TestClient

from ichor.node.people import Role
from ichor.node.queue.audit import Did
from ichor.node.queue.queue import Queue
from ichor.node.web.app import ROUTERS, is_open
from ichor.node.web.routes.health import LIVE, READY
from ichor.node.web.server import WebServer
from ichor.serving import guards
from ichor.serving.access import ACCESS, Access
from ichor.serving.bearers import WRONG
from ichor.serving.tokens import Tokens
from web_parts import HOME, SOMEBODY, Web, made_services, web_parts

RIGHT = "the right password"


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Web]:
    with web_parts(tmp_path / "node") as one:
        yield one


def did(web: Web) -> list[tuple[str, str]]:
    return [(one.who, one.did) for one in web.queue.audit.entries()]


def test_a_stranger_sees_the_empty_page_and_nothing_else(web: Web) -> None:
    stranger = web.stranger()
    assert "Research use only" in stranger.get("/").text
    for path in ("/api/me", "/api/openapi.json", "/api/nothing", "/metrics", "/dicom-web/studies", "/elsewhere"):
        answer = stranger.get(path)
        assert answer.status_code == 401, path
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["www-authenticate"] == "Bearer"
        assert answer.json()["status"] == 401


def test_a_link_opens_one_session_of_an_operator(web: Web) -> None:
    browser = web.browser()
    assert browser.get("/api/me").json() == {
        "name": "Ada",
        "role": "operator",
        "way": "link",
        "decides": True,
        "corrects": False,
        "home": "/",
    }
    assert browser.post("/api/logout").status_code == 200
    assert browser.get("/api/me").status_code == 401
    assert did(web) == [("Ada", "entered"), ("Ada", "left")]


def test_a_token_has_its_role(web: Web) -> None:
    assert web.program(Role.VIEWER).get("/api/me").json()["role"] == "viewer"
    assert web.program(Role.OPERATOR).get("/api/me").json()["role"] == "operator"


def test_wrong_and_ended_and_removed_tokens(web: Web) -> None:
    client = web.program()
    token = client.headers["authorization"]
    for wrong in (token[:-1], token.lower(), "Bearer", "Bearer ", "Basic YTpi", token + "x", "Bearer \u00e9"):
        answer = client.get("/api/me", headers={"authorization": wrong.encode("latin-1")})
        assert answer.status_code == 401, wrong
    assert client.get("/api/me", headers=[("authorization", token), ("authorization", token)]).status_code == 401
    web.tokens._access.write("UPDATE token SET ends = '2020-01-01T00:00:00+00:00'")
    assert client.get("/api/me").status_code == 401
    web.tokens._access.write("UPDATE token SET ends = '2999-01-01T00:00:00+00:00'")
    assert client.get("/api/me").status_code == 200
    web.tokens.remove("program 1")
    assert client.get("/api/me").status_code == 401
    assert set(did(web)) == {("somebody unknown", "was refused")}


def test_too_many_wrong_tokens_are_answered_later_and_the_right_one_still_at_once(web: Web) -> None:
    client = web.program()
    wrong = {"authorization": "Bearer ichor_wrong"}
    statuses = [client.get("/api/me", headers=wrong).status_code for _ in range(WRONG[0] + 1)]
    assert statuses == [401] * WRONG[0] + [429]
    answer = client.get("/api/me", headers=wrong)
    assert answer.json()["title"] == "Too Many Requests" and int(answer.headers["retry-after"]) >= 1
    assert client.get("/api/me").status_code == 200
    assert len(did(web)) == WRONG[0]


def test_tokens_are_stored_hashed(web: Web, tmp_path: Path) -> None:
    token = web.program().headers["authorization"].removeprefix("Bearer ")
    content = b"".join(one.read_bytes() for one in (tmp_path / "node").glob("access.sqlite*"))
    assert b"program 1" in content and token.encode() not in content and token[6:].encode() not in content


def test_every_route_needs_a_role() -> None:
    for router in ROUTERS:
        for route in router.routes:
            assert isinstance(route, APIRoute)
            if is_open(route.path):
                assert route.path in (LIVE, READY), "a path that anyone may ask for"
                continue
            names = {one.call.__qualname__ for one in [*_dependencies(route)] if one.call is not None}
            assert any("require" in name for name in names), route.path


def _dependencies(route: APIRoute) -> Iterator[object]:
    waiting = [route.dependant]
    while waiting:
        one = waiting.pop()
        yield one
        waiting += one.dependencies


def test_changed_and_removed_entries_of_the_audit_log_are_found(tmp_path: Path) -> None:
    with Queue(tmp_path) as queue:
        for number in range(4):
            queue.audit.add(SOMEBODY, Did.SAW_STUDY, [f"{number}" * 64])
        assert queue.audit.first_broken() is None
    database = sqlite3.connect(tmp_path / "queue.sqlite")
    for statement in ("UPDATE audit SET who = 'Bert' WHERE id = 3", "DELETE FROM audit WHERE id = 3"):
        with pytest.raises(sqlite3.IntegrityError, match="only added to"):
            database.execute(statement)
    database.execute("DROP TRIGGER audit_is_not_changed")
    database.execute("DROP TRIGGER audit_is_not_deleted")
    for statement in ("UPDATE audit SET who = 'Bert' WHERE id = 3", "DELETE FROM audit WHERE id = 2"):
        database.execute(statement)
        database.commit()
        with Queue(tmp_path) as queue:
            assert queue.audit.first_broken() == (3 if "UPDATE" in statement else 2)
    database.close()


def test_requests_of_other_pages_are_refused(web: Web) -> None:
    browser = web.browser()
    for headers, status in (
        ({"origin": "http://evil.example"}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"host": "evil.example"}, 421),
        ({"ichor-reader": "x"}, 401),
    ):
        assert browser.post("/api/logout", headers=headers).status_code == status
    assert browser.get("/api/me").status_code == 200
    assert web.stranger().post("/api/logout").status_code == 401
    assert web.program().get("/api/me", headers={"host": "evil.example"}).status_code == 421


class TestPasswords:
    """A server with accounts, as on other machines."""

    @pytest.fixture
    def web(self, tmp_path: Path) -> Iterator[Web]:
        with web_parts(tmp_path / "node", entered="password") as one:
            one.context.accounts.add("Ada", "operator", RIGHT)
            one.context.accounts.add("Vera", "viewer", RIGHT)
            yield one

    def log_in(self, web: Web, name: str, password: str = RIGHT) -> TestClient:
        client = web.stranger()
        client.headers["origin"] = HOME
        client.answer = client.post("/login", json={"name": name, "password": password})  # type: ignore[attr-defined]
        if client.answer.status_code == 200:  # type: ignore[attr-defined]
            client.headers["ichor-reader"] = client.answer.json()["page"].partition("=")[2]  # type: ignore[attr-defined]
        return client

    def test_a_session_has_the_role_that_the_account_has_now(self, web: Web) -> None:
        vera = self.log_in(web, "vera")
        assert vera.get("/api/me").json()["role"] == "viewer"
        web.context.accounts._access.write("UPDATE account SET role = 'operator' WHERE name = 'Vera'")
        assert vera.get("/api/me").json()["role"] == "operator"
        web.context.accounts.remove("Vera")
        answer = vera.get("/api/me")
        assert answer.status_code == 401 and answer.headers["location"] == "/login"

    def test_links_open_nothing(self, web: Web) -> None:
        token = web.context.sessions.new_tokens(["Ada"])["Ada"]
        assert web.stranger().get("/enter", params={"token": token}).status_code == 404

    def test_failed_logins_are_noted_without_the_name_that_was_typed_and_limited(self, web: Web) -> None:
        for name in ("Ada", "Doe^Secret"):
            assert self.log_in(web, name, "wrong" * 4).answer.status_code == 401  # type: ignore[attr-defined]
        statuses = [self.log_in(web, "Ada", "wrong" * 4).answer.status_code for _ in range(5)]  # type: ignore[attr-defined]
        assert statuses == [401] * 4 + [429]
        assert self.log_in(web, "Ada").answer.status_code == 429  # type: ignore[attr-defined]
        assert self.log_in(web, "Vera").answer.status_code == 200  # type: ignore[attr-defined]
        assert set(did(web)) == {
            ("Ada", "was refused"),
            ("somebody unknown", "was refused"),
            ("Vera", "entered"),
        }
        assert "Secret" not in " ".join(str(one) for one in web.queue.audit.entries())


def test_browsers_elsewhere_may_ask_only_so_often_and_programs_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guards, "REQUESTS", 5)
    monkeypatch.setattr(guards, "REQUESTS_S", 3600.0)
    web = {"address": "0.0.0.0", "port": 0, "tls": {"self_signed": True}}
    with made_services(tmp_path / "node", web=web) as services:
        with closing(Access(services.folder / ACCESS)) as access:
            token = Tokens(access).add("program", "viewer")
        assert services.config.web is not None
        server = WebServer(services, services.config.web, None)
        trusts = ssl.create_default_context(cafile=services.folder / "tls" / "certificate.pem")
        with httpx.Client(base_url=f"https://127.0.0.1:{server.port}", verify=trusts) as client:
            answers = [client.get("/login") for _ in range(6)]
            assert [one.status_code for one in answers] == [200] * 5 + [429]
            assert int(answers[-1].headers["retry-after"]) >= 1
            bearer = {"authorization": f"Bearer {token}"}
            assert [client.get("/api/me", headers=bearer).status_code for _ in range(6)] == [200] * 6
        server.stop()
