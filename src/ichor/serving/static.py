"""Serves the page's own files, each by its exact path, and no others."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter, HTTPException, Request
from starlette.responses import FileResponse, Response

from ichor.serving.compressed import compressed_file

# Listed here instead of taken from the system's table: with nosniff, a browser runs no module of another type.
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
# Types that are compressed already.
COMPRESSED = ("image/png", "font/woff2")


# What the pages share: elements, requests, planes, the base of the style.
SHARED = Path(__file__).with_name("page")


def page_files(folder: Path) -> dict[str, Path]:
    """The files of a page by their paths on it: those of its folder and those that pages share."""
    return {path.relative_to(one).as_posix(): path for one in (SHARED, folder) for path in one.rglob("*")}


def page_router(folder: Path) -> APIRouter:
    """The files of a page, and index.html at /. Files added after the start are not served.

    Anyone on this machine may read them: they contain nothing about a patient.
    """
    router = APIRouter()
    files = {name: path for name, path in page_files(folder).items() if path.suffix in TYPES}
    if "index.html" in files:
        files[""] = files["index.html"]

    @router.get("/{path:path}")
    def file(path: str, request: Request) -> Response:
        found = files.get(path)
        if found is None:
            raise HTTPException(404, "there is nothing here")
        media_type = TYPES[found.suffix]
        if media_type in COMPRESSED:
            return FileResponse(found, media_type=media_type)
        return compressed_file(found, media_type, request.headers.get("accept-encoding", ""))

    return router
