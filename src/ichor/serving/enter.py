"""A reader's one-use link, which opens a session."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from ichor.serving.answers import plain_page
from ichor.serving.session import Sessions


def enter_router(
    sessions: Sessions, noted: Callable[[Request, str], None] = lambda _request, _reader: None
) -> APIRouter:
    """The route that links lead to; `noted` is told who entered."""
    router = APIRouter()

    @router.get("/enter", include_in_schema=False)
    def enter(request: Request, token: str = "") -> Response:
        """Open a session and redirect to the page; 403 for a used or invalid token."""
        entered = sessions.enter(token)
        if entered is None:
            words = "Each link works only once. Whoever started the server can print a new one."
            return plain_page("This link has already been used, or is incomplete", words, 403)
        reader, session = entered
        noted(request, reader)
        key = sessions.key(reader)
        answer = RedirectResponse(f"/?reader={key}", 303)
        sessions.set_cookie(answer, key, session)
        return answer

    return router
