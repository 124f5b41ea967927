"""A reader's link, which opens a session, and the sessions of this browser."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from ichor.annotate.server.answers import plain_page
from ichor.annotate.server.context import Answer, Server
from ichor.annotate.server.guards import SESSIONS
from ichor.annotate.server.session import SECONDS

router = APIRouter()


@router.get("/enter")
async def enter(server: Server, token: str = "") -> Response:
    """Open a session and redirect to the worklist; 403 for a used or invalid token."""
    entered = server.sessions.enter(token)
    if entered is None:
        words = "Each link works only once. Restart the server to get a new link for each reader."
        return plain_page("This link has already been used, or is incomplete", words, 403)
    reader, session = entered
    key = server.sessions.key(reader)
    answer = RedirectResponse(f"/?reader={key}", 303)
    answer.set_cookie(server.sessions.cookie(key), session, max_age=SECONDS, httponly=True, samesite="strict")
    return answer


@router.get(SESSIONS)
def sessions(request: Request, server: Server) -> list[Answer]:
    """The readers who have a session in this browser, for a page that was opened without a reader's key."""
    return [{"key": key, "reader": reader} for key, reader in server.sessions.readers(request.cookies).items()]
