"""The web server of a running node, in a thread of its own."""

from __future__ import annotations

import socket
from contextlib import ExitStack, closing

from ichor.errors import BadConfig, IchorError
from ichor.node.config import CONFIG, Web
from ichor.node.people import local_person
from ichor.node.services import Services
from ichor.node.web.app import create_app
from ichor.node.web.context import Context
from ichor.serving.access import ACCESS, Access
from ichor.serving.accounts import Accounts
from ichor.serving.address import loopback, over_tls
from ichor.serving.background import BackgroundServer
from ichor.serving.certificate import Certificate, given
from ichor.serving.running import announced
from ichor.serving.self_signed import self_signed
from ichor.serving.serve import link, listening
from ichor.serving.session import Entered, Sessions
from ichor.serving.tokens import Tokens
from ichor.view.correction import Corrector

TLS = "tls"  # the folder for the certificate that is made


class WebServer:
    """Serves from its making until `stop`.

    Raises IchorError, in one line, if it cannot listen, if the certificate cannot be used, or if nobody could log in.

    Attributes:
        port: that it listens on.
        where: how to reach it, in words.
    """

    def __init__(self, services: Services, web: Web, corrector: Corrector | None) -> None:
        self._corrector = corrector
        with ExitStack() as undone:
            certificate = _certificate(services, web)
            access = undone.enter_context(closing(Access(services.folder / ACCESS)))
            accounts, tokens = Accounts(access), Tokens(access)
            if certificate is not None and not (accounts.all() or tokens.all()):
                raise BadConfig(
                    f"{services.folder / CONFIG}: web: expected accounts or tokens for an address beyond this machine, "
                    f"found none: ichor node account add {services.folder} NAME"
                )
            listener = undone.enter_context(_listening(web))
            self.port = listener.getsockname()[1]
            address = loopback(self.port, web.address) if certificate is None else over_tls(self.port, certificate)
            entered: Entered = "link" if certificate is None and not accounts.all() else "password"
            sessions = Sessions(self.port, "node", access, entered=entered, over_tls=certificate is not None)
            sessions.forget_old()
            context = Context(services, sessions, accounts, corrector)
            undone.enter_context(announced(access, address.url, entered))
            server = BackgroundServer(create_app(context, tokens, address), listener, certificate)
            undone.callback(server.stop)
            self.where = f"Worklist: {address.url}/ for everyone with an account."
            if entered == "link":
                person = local_person().name
                self.where = f"Worklist: {link(address, sessions.new_tokens([person])[person])} (the link works once)"
            if certificate is not None:
                self.where += f" Certificate, SHA-256: {certificate.fingerprint()}"
            self._ending = undone.pop_all()

    def stop(self) -> None:
        """Answer what was asked for, and end."""
        if self._corrector is not None:
            self._corrector.stop_work()
        self._ending.close()
        if self._corrector is not None:
            self._corrector.close()


def _certificate(services: Services, web: Web) -> Certificate | None:
    if web.tls is None:
        return None
    if web.tls.certificate is not None and web.tls.key is not None:
        return given(web.tls.certificate, web.tls.key)
    return self_signed(services.folder / TLS, web.address)


def _listening(web: Web) -> socket.socket:
    try:
        return listening(web.port, web.address)
    except IchorError as error:
        raise BadConfig(str(error).replace("--host", "web.address").replace("--port", "web.port")) from error
