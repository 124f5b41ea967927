"""A reader's link, which opens a session, and the sessions of this browser."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from ichor.serving.answers import plain_page
from ichor.serving.session import SECONDS, SESSIONS, Sessions


def enter_router(sessions: Sessions) -> APIRouter:
    """The routes for readers of these sessions."""
    router = APIRouter()

    @router.get("/enter")
    async def enter(token: str = "") -> Response:
        """Open a session and redirect to the page; 403 for a used or invalid token."""
        entered = sessions.enter(token)
        if entered is None:
            words = "Each link works only once. Restart the server to get a new link for each reader."
            return plain_page("This link has already been used, or is incomplete", words, 403)
        reader, session = entered
        key = sessions.key(reader)
        answer = RedirectResponse(f"/?reader={key}", 303)
        answer.set_cookie(sessions.cookie(key), session, max_age=SECONDS, httponly=True, samesite="strict")
        return answer

    @router.get(SESSIONS)
    def of_this_browser(request: Request) -> list[dict[str, str]]:
        """The readers who have a session in this browser, for a page that was opened without a reader's key."""
        return [{"key": key, "reader": reader} for key, reader in sessions.readers(request.cookies).items()]

    return router
