"""How people enter, with what the audit log says of it: by a link on this machine, or else by passwords."""

from __future__ import annotations

from fastapi import APIRouter, Request

from ichor.node.people import Person, Role, Way
from ichor.node.queue.audit import Did
from ichor.node.web.context import Context, client_of
from ichor.serving.accounts import Account
from ichor.serving.enter import enter_router
from ichor.serving.login import login_router
from ichor.serving.who import who_router

# A name that is no account's may be a password in the wrong place, or a patient's.
UNKNOWN = "somebody unknown"


def entrance(context: Context) -> APIRouter:
    """The routes to enter and to leave."""
    router = APIRouter(include_in_schema=False)

    def noted(did: Did, request: Request, reader: str) -> None:
        if (person := context.of_session(reader, client_of(request))) is not None:
            context.note(person, did)

    def refused(request: Request, name: str) -> None:
        account = context.accounts.find(name)
        known = UNKNOWN if account is None else account.name
        role = Role.VIEWER if account is None else Role(account.role)
        context.note(Person(known, role, Way.PASSWORD, client_of(request)), Did.REFUSED)

    if context.sessions.entered == "link":
        router.include_router(enter_router(context.sessions, lambda request, name: noted(Did.ENTERED, request, name)))
    else:

        def entered(request: Request, account: Account) -> None:
            noted(Did.ENTERED, request, account.name)

        router.include_router(login_router(context.sessions, context.accounts, entered, refused))
    router.include_router(who_router(context.sessions, lambda request, name: noted(Did.LEFT, request, name)))
    return router


def refused_token(context: Context, client: str) -> None:
    """Note that a client brought a wrong token."""
    context.note(Person(UNKNOWN, Role.VIEWER, Way.TOKEN, client), Did.REFUSED)
