"""The page's own files: which are served, and what is sent to a browser that has them already."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from ichor.serving.address import LOOPBACK, Address
from ichor.serving.guards import HEADERS, Guards
from ichor.serving.session import Sessions
from ichor.serving.static import page_router

ADDRESS = Address(8484, (LOOPBACK,))
SCRIPT = "export const a = 1;\n" * 200
FILES = ("/", "/index.html", "/script.js", "/shot.png")


@pytest.fixture
def page(tmp_path: Path) -> Path:
    """A page's folder, with files that are not part of the page in it and beside it."""
    folder = tmp_path / "page"
    folder.mkdir()
    (folder / "index.html").write_text("<!doctype html><title>page</title>")
    (folder / "script.js").write_text(SCRIPT)
    (folder / "shot.png").write_bytes(b"\x89PNG")
    (folder / "secret.key").write_text("secret")
    (tmp_path / "beside.js").write_text("beside")
    return folder


@pytest.fixture
def client(page: Path) -> Iterator[TestClient]:
    app = FastAPI()
    app.include_router(page_router(page))
    with TestClient(Guards(app, Sessions(ADDRESS.port, "study"), ADDRESS), base_url=ADDRESS.url) as one:
        yield one


@pytest.mark.parametrize("path", FILES)
@pytest.mark.parametrize("encoding", ["gzip", "identity"])
def test_an_unchanged_file_is_not_sent_again(client: TestClient, path: str, encoding: str) -> None:
    first = client.get(path, headers={"accept-encoding": encoding})
    assert first.status_code == 200 and first.headers["cache-control"] == "private, no-cache"
    again = client.get(
        path, headers={"accept-encoding": encoding, "if-none-match": f'"other", {first.headers["etag"]}'}
    )
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    for response in (first, again):
        others = {name: value for name, value in HEADERS.items() if name != "cache-control"}
        assert {name: response.headers.get(name) for name in others} == others
        assert response.headers.get_list("cache-control") == ["private, no-cache"]


def test_a_changed_file_is_sent(client: TestClient, page: Path) -> None:
    first = client.get("/script.js")
    assert first.text == SCRIPT
    (page / "script.js").write_text(SCRIPT.replace("1", "2"))
    os.utime(page / "script.js", (1, 1))  # an upgrade may install files that are older than those before
    again = client.get("/script.js", headers={"if-none-match": first.headers["etag"]})
    assert again.status_code == 200 and again.text == SCRIPT.replace("1", "2")


@pytest.mark.parametrize("path", ["/secret.key", "/beside.js", "/../beside.js", "/%2e%2e/beside.js", "/nothing.js"])
def test_nothing_else_is_served_or_kept(client: TestClient, path: str) -> None:
    response = client.get(path)
    assert response.status_code == 404 and response.headers["cache-control"] == "no-store"
