"""Serves the page's own files, each by its exact path, and no others."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter, HTTPException
from starlette.responses import FileResponse

# Not from the system's table: because of nosniff, browsers refuse modules of any other type.
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


# Files that all pages share: helpers for elements and requests, and the base style.
SHARED = Path(__file__).with_name("page")


def page_files(folder: Path) -> dict[str, Path]:
    """The files of a page by their URL paths: those in its folder and the shared ones."""
    return {path.relative_to(one).as_posix(): path for one in (SHARED, folder) for path in one.rglob("*")}


def page_router(folder: Path) -> APIRouter:
    """Routes for the files of a page, with index.html at /; files added later are not served.

    They need no session, since they contain no patient data.
    """
    router = APIRouter()
    files = {name: path for name, path in page_files(folder).items() if path.suffix in TYPES}
    if "index.html" in files:
        files[""] = files["index.html"]

    @router.get("/{path:path}")
    def file(path: str) -> FileResponse:
        found = files.get(path)
        if found is None:
            raise HTTPException(404, "there is nothing here")
        return FileResponse(found, media_type=TYPES[found.suffix])

    return router
