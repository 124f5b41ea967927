"""What the routes share: the node's services, and who asks.

A route says which role it needs, for itself or for its whole router:

    router = APIRouter(prefix="/api/things", dependencies=[require(Role.VIEWER)])

    @router.post("/{number}")
    def change(number: int, server: Server, person: Annotated[Person, require(Role.OPERATOR)]) -> None: ...
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, cast

from fastapi import Depends, HTTPException, Request

from ichor.node.people import Person, Role, Way
from ichor.node.queue.audit import Did
from ichor.node.services import Services
from ichor.serving.accounts import Accounts
from ichor.serving.guards import TOKEN
from ichor.serving.session import HEADER, Sessions
from ichor.serving.tokens import Token
from ichor.view.correction import Corrector


@dataclass(frozen=True)
class Context:
    """One running web server.

    Attributes:
        services: of the node.
        sessions: of browsers.
        accounts: who may log in; asked at every request, since commands change them while the node runs.
        corrector: opens the annotation tool, where there is one for the readers of this server.
    """

    services: Services
    sessions: Sessions
    accounts: Accounts
    corrector: Corrector | None

    def person(self, request: Request) -> Person | None:
        """Who asks: by the token that the guards have checked, or else by the session; None for a stranger."""
        client = client_of(request)
        token: Token | None = getattr(request.state, TOKEN, None)
        if token is not None:
            return Person(token.name, Role(token.role), Way.TOKEN, client)
        reader = self.sessions.reader(request.cookies, request.headers.get(HEADER, ""))
        return None if reader is None else self.of_session(reader, client)

    def of_session(self, reader: str, client: str) -> Person | None:
        """The person of a session."""
        if self.sessions.entered == "link":
            return Person(reader, Role.OPERATOR, Way.LINK, client)
        account = self.accounts.find(reader)
        return None if account is None else Person(account.name, Role(account.role), Way.PASSWORD, client)

    def note(self, person: Person, did: Did, *studies: str, detail: str = "") -> None:
        """Enter in the audit log what somebody saw or did. `studies` are keys."""
        self.services.queue.audit.add(person, did, studies or ("",), detail)


def client_of(request: Request) -> str:
    """The address that a request comes from."""
    return "" if request.client is None else request.client.host


def _context(request: Request) -> Context:
    return cast(Context, request.app.state.context)


Server = Annotated[Context, Depends(_context)]


@cache
def require(role: Role) -> Any:
    """A dependency on the person who asks, who needs to have at least this role: 401 for a stranger, 403 for less."""

    def required(request: Request, server: Server) -> Person:
        person = server.person(request)
        if person is None:
            raise HTTPException(401, "log in, or send a token", {"www-authenticate": "Bearer"})
        if not person.role.includes(role):
            raise HTTPException(403, f"expected the role {role}, found {person.role}")
        return person

    return Depends(required)


Viewer = Annotated[Person, require(Role.VIEWER)]
Operator = Annotated[Person, require(Role.OPERATOR)]
