"""Serves the page's own files, each by its exact path, and no others.

A browser caches them, and checks each time whether they have changed (RFC 9111, section 5.2.2.4; RFC 9110, section
13.1.2): a page that is reopened is not downloaded again, and never runs the code of an older version.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

from fastapi import APIRouter, HTTPException, Request
from starlette.responses import FileResponse, Response

from ichor.serving.compressed import compressed_file

# Listed here instead of using the system's table: with nosniff, browsers run only modules of the right type.
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".woff2": "font/woff2",
    ".txt": "text/plain; charset=utf-8",
    ".md": "text/plain; charset=utf-8",
}
# Types that are already compressed.
COMPRESSED = ("image/png", "font/woff2")


# The code that pages share: elements, requests, planes, the base style.
SHARED = Path(__file__).with_name("page")


def page_files(folder: Path) -> dict[str, Path]:
    """The files of a page by path: those in its folder and the shared ones."""
    return {path.relative_to(one).as_posix(): path for one in (SHARED, folder) for path in one.rglob("*")}


def page_router(folder: Path, at: str = "") -> APIRouter:
    """The files of a page below a path, and its index.html at `{at}/`. Files added after the start are not served.

    Anyone on this machine may read them: they contain nothing about a patient.
    """
    router = APIRouter(prefix=at, include_in_schema=False)
    files = {name: path for name, path in page_files(folder).items() if path.suffix in TYPES}
    if "index.html" in files:
        files[""] = files["index.html"]

    @router.get("/{path:path}")
    def file(path: str, request: Request) -> Response:
        found = files.get(path)
        if found is None:
            raise HTTPException(404, "there is nothing here")
        tag = _tag(found, found.stat().st_mtime_ns)
        kept = {"etag": tag, "cache-control": "private, no-cache"}
        if tag in (one.strip() for one in request.headers.get("if-none-match", "").split(",")):
            return Response(status_code=304, headers=kept)
        media_type = TYPES[found.suffix]
        response = (
            FileResponse(found, media_type=media_type)
            if media_type in COMPRESSED
            else compressed_file(found, media_type, request.headers.get("accept-encoding", ""))
        )
        response.headers.update(kept)
        return response

    return router


@lru_cache(maxsize=512)
def _tag(path: Path, changed_ns: int) -> str:  # noqa: ARG001 (a file that has changed gets another tag)
    """An entity tag by content; weak, because the compressed and the plain form share it."""
    return f'W/"{hashlib.sha256(path.read_bytes()).hexdigest()[:32]}"'
