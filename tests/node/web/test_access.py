"""Who gets in to the node's web server, and what the audit log says of it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.routing import APIRoute

from ichor.node.people import Role
from ichor.node.queue.audit import Did
from ichor.node.queue.queue import Queue
from ichor.node.web.app import ROUTERS, is_open
from ichor.node.web.routes.health import LIVE, READY
from ichor.serving.bearers import WRONG
from made_web import SOMEBODY, Web, made_web


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Web]:
    with made_web(tmp_path / "node") as one:
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
