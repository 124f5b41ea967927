"""Error responses without internal details: {"error": "one line"}, or problem details (RFC 9457)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, JSONResponse, Response

from ichor.errors import IchorError, OutputFailed

PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Ichor</title>
<h1>{title}</h1><p>{text}</p><p>Research use only; not a medical device.</p></html>"""

# Makes an error response of a status, one line, and more headers.
Answer = Callable[[int, str, Mapping[str, str] | None], Response]


def error(status: int, line: str, headers: Mapping[str, str] | None = None) -> Response:
    """An error response as the pages of this package take it."""
    return JSONResponse({"error": line}, status, headers)


def problem(status: int, line: str, headers: Mapping[str, str] | None = None) -> Response:
    """An error response as programs take it: problem details (RFC 9457)."""
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": line}
    return JSONResponse(body, status, headers, "application/problem+json")


def plain_page(title: str, text: str, status: int) -> HTMLResponse:
    """A page without script or style, for visitors without a session; it quotes nothing from the request."""
    return HTMLResponse(PAGE.format(title=title, text=text), status)


def handle_errors(app: FastAPI, statuses: Mapping[type[IchorError], int], answer: Answer = error) -> None:
    """Make the app respond to every error in this form.

    `statuses` has the HTTP status for each kind of error; all others get status 500.
    """
    known: dict[type[IchorError], int] = {OutputFailed: 507, **statuses}

    def of_ours(request: Request, raised: Exception) -> Response:  # noqa: ARG001 (Starlette's form)
        status = next((status for kind, status in known.items() if isinstance(raised, kind)), 500)
        return answer(status, str(raised), None)

    def of_http(request: Request, raised: Exception) -> Response:  # noqa: ARG001
        assert isinstance(raised, HTTPException)
        return answer(raised.status_code, str(raised.detail), raised.headers)

    def malformed(request: Request, raised: Exception) -> Response:  # noqa: ARG001
        assert isinstance(raised, RequestValidationError)
        first = raised.errors()[0]
        kind, *where = first["loc"]
        # An impossible path is "not found"; an invalid body is "unprocessable".
        status = 404 if kind == "path" else 422
        return answer(status, f"{'.'.join(map(str, where)) or kind}: {first['msg']}"[:300], None)

    def unexpected(request: Request, raised: Exception) -> Response:  # noqa: ARG001 (the guards log it)
        return answer(500, "the server failed to process this request; nothing was changed", None)

    app.add_exception_handler(HTTPException, of_http)
    app.add_exception_handler(RequestValidationError, malformed)
    app.add_exception_handler(IchorError, of_ours)
    app.add_exception_handler(Exception, unexpected)
