"""Alerts by mail (SMTP, RFC 5321), over TLS unless the server is on this machine.

The Message-ID is the same for every attempt: many mail systems deliver a message that they have seen only once.
"""

from __future__ import annotations

import smtplib
from contextlib import suppress
from email.message import EmailMessage
from email.utils import formatdate

from ichor.errors import BadConfig, IchorError
from ichor.fetch.login import Login, read_login
from ichor.node.config_messages import SmtpDestination
from ichor.node.messages.alert import AlertMessage
from ichor.node.messages.deadline import ends_within
from ichor.node.network.tls import client_context

STEP_S, WHOLE_S = 20.0, 60.0


class Mail:
    """Mails alerts to one address. Raises IchorError for a login or TLS that cannot be used."""

    def __init__(self, destination: SmtpDestination) -> None:
        self._to = destination
        self._tls = None if destination.security == "none" else client_context(destination.tls)
        self._login = None if destination.login is None else read_login(destination.login, {})
        if self._login is not None and self._login.user is None:
            raise BadConfig(f"{destination.login}: expected user and password, found a token")

    def post(self, message: AlertMessage) -> None:
        """Send an alert; when this returns, it was accepted. Raises IchorError, in one line, if it was not."""
        mail = self._mail(message)
        try:
            server = self._server()
            try:
                with ends_within(WHOLE_S, lambda: server.sock):
                    server.connect(self._to.host, self._to.port)
                    self._converse(server, mail)
                    with suppress(OSError):  # the message is accepted, whatever the server says now
                        server.quit()
            finally:
                with suppress(OSError):
                    server.close()
        except smtplib.SMTPResponseException as error:
            raise IchorError(f"expected the mail to be accepted, found SMTP status {error.smtp_code}") from error
        except smtplib.SMTPRecipientsRefused as error:
            codes = sorted({code for code, _ in error.recipients.values()})
            raise IchorError(f"expected the recipient to be accepted, found SMTP status {codes[0]}") from error
        except (OSError, smtplib.SMTPException, ValueError) as error:
            raise IchorError(f"expected a mail server, found {type(error).__name__}") from error

    def _server(self) -> smtplib.SMTP:
        if self._to.security == "tls":
            server: smtplib.SMTP = smtplib.SMTP_SSL(timeout=STEP_S, context=self._tls)
        else:
            server = smtplib.SMTP(timeout=STEP_S)
        server._host = self._to.host  # type: ignore[attr-defined]  # that TLS checks; `connect` does not set it
        return server

    def _converse(self, server: smtplib.SMTP, mail: EmailMessage) -> None:
        if self._to.security == "starttls":
            server.starttls(context=self._tls)
        if isinstance(self._login, Login) and self._login.password is not None:
            server.login(str(self._login.user), self._login.password.get_secret_value())
        server.send_message(mail, self._to.sender, [self._to.to])

    def _mail(self, message: AlertMessage) -> EmailMessage:
        mail = EmailMessage()
        mail["From"], mail["To"] = self._to.sender, self._to.to
        mail["Subject"] = f"Ichor: {message.subject} (research use only)"
        mail["Date"] = formatdate()
        mail["Message-ID"] = f"<{message.key}@{self._to.sender.partition('@')[2]}>"
        mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no automatic answer, please
        mail.set_content(message.text())
        return mail
