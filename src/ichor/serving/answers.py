"""Error responses: {"error": "one line"} with an HTTP status and without internal details."""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, JSONResponse, Response

from ichor.errors import IchorError, OutputFailed

PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Ichor</title>
<h1>{title}</h1><p>{text}</p><p>Research use only; not a medical device.</p></html>"""


def plain_page(title: str, text: str, status: int) -> HTMLResponse:
    """A page without script or style, for visitors without a session; it quotes nothing from the request."""
    return HTMLResponse(PAGE.format(title=title, text=text), status)


def handle_errors(app: FastAPI, statuses: Mapping[type[IchorError], int]) -> None:
    """Make the app respond to every error in this form.

    `statuses` has the HTTP status for each kind of error; all others get status 500.
    """
    known: dict[type[IchorError], int] = {OutputFailed: 507, **statuses}

    def of_ours(request: Request, raised: Exception) -> Response:  # noqa: ARG001 (Starlette's form)
        return error(next((status for kind, status in known.items() if isinstance(raised, kind)), 500), str(raised))

    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _malformed)
    app.add_exception_handler(IchorError, of_ours)
    app.add_exception_handler(Exception, _unexpected)


def error(status: int, line: str) -> JSONResponse:
    """An error response with one line."""
    return JSONResponse({"error": line}, status)


def _http(request: Request, raised: Exception) -> Response:  # noqa: ARG001 (Starlette's form)
    assert isinstance(raised, HTTPException)
    return error(raised.status_code, str(raised.detail))


def _malformed(request: Request, raised: Exception) -> Response:  # noqa: ARG001
    assert isinstance(raised, RequestValidationError)
    first = raised.errors()[0]
    kind, *where = first["loc"]
    # An impossible path is "not found"; an invalid body is "unprocessable".
    status = 404 if kind == "path" else 422
    return error(status, f"{'.'.join(map(str, where)) or kind}: {first['msg']}"[:300])


def _unexpected(request: Request, raised: Exception) -> Response:  # noqa: ARG001 (the guards log it)
    return error(500, "the server failed to process this request; nothing was changed")
