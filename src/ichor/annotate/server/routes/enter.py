"""The reader's own link: its one-use token becomes a session cookie."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import RedirectResponse, Response

from ichor.annotate.server.answers import plain_page
from ichor.annotate.server.context import Server
from ichor.annotate.server.session import SECONDS

router = APIRouter()


@router.get("/enter")
async def enter(server: Server, token: str = "") -> Response:
    """A session and the way to the worklist; 403 for a used or wrong token."""
    session = server.sessions.enter(token)
    if session is None:
        words = "A link can be used once. Start the server again: it prints a new link for each reader."
        return plain_page("This link was used before, or is not whole", words, 403)
    answer = RedirectResponse("/", 303)
    answer.set_cookie(server.sessions.cookie, session, max_age=SECONDS, httponly=True, samesite="strict")
    return answer
