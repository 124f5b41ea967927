"""The login page: a name and a password open a session, with limits on how often a password can be tried."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import BaseModel, StringConstraints
from starlette.responses import FileResponse, JSONResponse, Response

from ichor.serving.accounts import Account, Accounts
from ichor.serving.guards import LOGIN
from ichor.serving.passwords import LONGEST
from ichor.serving.rate_limit import RateLimit, client_of
from ichor.serving.session import Sessions
from ichor.serving.static import TYPES

PAGE = Path(__file__).with_name("login_page")
FILES = ("login.css", "login.js")
WRONG = "unknown name or wrong password"
# Failed logins, and the seconds after which as many are allowed again: of one client for one name, of one client for
# all names, and of all clients for one name. The last is high, so that a stranger cannot easily lock somebody out.
OF_ONE, OF_CLIENT, OF_NAME = (5, 300.0), (20, 300.0), (60, 300.0)


class Login(BaseModel):
    """What the login page sends."""

    name: Annotated[str, StringConstraints(max_length=100)]
    password: Annotated[str, StringConstraints(max_length=LONGEST)]


class Attempts:
    """Counts failed logins, and checks one password at a time: each takes 64 MiB of memory, and time."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts
        self._one_at_a_time = threading.Lock()
        self._limits = [RateLimit(*one) for one in (OF_ONE, OF_CLIENT, OF_NAME)]

    def check(self, login: Login, client: str) -> tuple[Account | None, float]:
        """The account if name and password are correct, and the seconds to wait after too many failures."""
        name = login.name.casefold()
        keys = (f"{client}\n{name}", client, name)
        with self._one_at_a_time:
            wait_s = max(limit.wait_s(key) for limit, key in zip(self._limits, keys, strict=True))
            if wait_s:
                return None, wait_s
            account = self._accounts.check(login.name, login.password)
            if account is None:
                for limit, key in zip(self._limits, keys, strict=True):
                    limit.take(key)
            return account, 0.0


def login_router(
    sessions: Sessions,
    accounts: Accounts,
    entered: Callable[[Request, Account], None],
    refused: Callable[[Request, str], None] = lambda _request, _name: None,
) -> APIRouter:
    """The login page and its files.

    `entered` is called with each account before its session opens, `refused` with each name for which a login failed.
    """
    router = APIRouter(include_in_schema=False)
    attempts = Attempts(accounts)

    @router.get(LOGIN)
    def page() -> FileResponse:
        return FileResponse(PAGE / "login.html", media_type=TYPES[".html"])

    @router.get(f"{LOGIN}/{{name}}")
    def file(name: str) -> Response:
        if name not in FILES:
            return JSONResponse({"error": "there is nothing here"}, 404)
        return FileResponse(PAGE / name, media_type=TYPES[Path(name).suffix])

    @router.post(LOGIN)
    def log_in(request: Request, login: Login) -> Response:
        """Open a session; 401 for a wrong name or password, 429 after too many of them."""
        account, wait_s = attempts.check(login, client_of(request.scope))
        if wait_s or account is None:
            refused(request, login.name)
        if wait_s:
            line = f"too many failed logins: try again in {math.ceil(wait_s / 60)} min"
            return JSONResponse({"error": line}, 429, {"retry-after": str(math.ceil(wait_s))})
        if account is None:
            return JSONResponse({"error": WRONG}, 401)
        entered(request, account)
        key = sessions.key(account.name)
        answer = JSONResponse({"page": f"/?reader={key}"})
        sessions.set_cookie(answer, key, sessions.open(account.name))
        return answer

    return router
