"""The sessions of a browser: whose they are, and logging out."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from ichor.serving.session import HEADER, SESSIONS, Sessions


def who_router(sessions: Sessions, left: Callable[[Request, str], None] = lambda _request, _reader: None) -> APIRouter:
    """The routes for browsers with a session; `left` is called with whoever logs out."""
    router = APIRouter(include_in_schema=False)

    @router.get(SESSIONS)
    def of_this_browser(request: Request) -> list[dict[str, str]]:
        """The readers with a session in this browser, for a page that was opened without a reader's key."""
        return [{"key": key, "reader": reader} for key, reader in sessions.readers(request.cookies).items()]

    @router.post("/api/logout")
    def log_out(request: Request) -> Response:
        """End only the session of the reader whose page sends the request."""
        key = request.headers[HEADER]  # the guards have checked it
        if (reader := sessions.reader(request.cookies, key)) is not None:
            left(request, reader)
        sessions.end(request.cookies, key)
        answer = JSONResponse({"logged_out": True})
        answer.delete_cookie(sessions.cookie(key))
        return answer

    return router
