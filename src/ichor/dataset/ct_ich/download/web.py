"""GET over a connection that stays open from file to file, with redirects and proxies; TLS is always verified."""

from __future__ import annotations

import base64
import http.client
import ssl
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import SplitResult, unquote, urljoin, urlsplit
from urllib.request import getproxies, proxy_bypass

from ichor.version import __version__

USER_AGENT = f"ichor-ct/{__version__} (dataset download)"
CHUNK = 16 * 1024
_MOST_REDIRECTS = 5
_REDIRECTS = {301, 302, 303, 307, 308}
_PORTS = {"http": http.client.HTTP_PORT, "https": http.client.HTTPS_PORT}
_ASK_AGAIN = {408, 425, 429}  # and every 5xx: the server may answer otherwise a little later


class Refused(Exception):
    """The server's answer is no, and would be no again; the message says what was found."""


class Broken(Exception):
    """The server did not answer, or its answer was cut short: asking again may help.

    Attributes:
        answered: whether there was an answer at all.
        wait_s: how long the server asks to wait.
    """

    def __init__(self, found: str, *, answered: bool, wait_s: float = 0) -> None:
        super().__init__(found)
        self.answered = answered
        self.wait_s = wait_s


@dataclass(frozen=True)
class Patience:
    """How long a silent server is waited for, how often it is asked, and the pause, doubled after each time."""

    timeout_s: float = 30
    attempts: int = 6
    pause_s: float = 1


class Connection:
    """To one server at a time, for one thread.

    Attributes:
        answered: whether any server has answered so far.
    """

    def __init__(self, timeout_s: float) -> None:
        self.answered = False
        self._timeout_s = timeout_s
        self._tls = ssl.create_default_context()
        self._open: http.client.HTTPConnection | None = None
        self._to = ("", "")

    def get(self, url: str, headers: dict[str, str]) -> http.client.HTTPResponse:
        """The answer to a GET after redirects, with status 200, 206 or 416.

        Raises Broken where there is none or it may be another one later, Refused for every other answer.
        """
        for _ in range(_MOST_REDIRECTS + 1):
            try:
                response = self._ask(url, headers)
            except ssl.SSLCertVerificationError as error:
                raise Refused(f"a certificate that is not to be trusted ({error.verify_message})") from error
            except (OSError, http.client.HTTPException) as error:
                raise Broken(_said(error), answered=False) from error
            self.answered = True
            if response.status not in _REDIRECTS:
                return self._judged(response)
            url = _redirected(url, response.getheader("Location", ""))
            self.close()
        raise Refused(f"more than {_MOST_REDIRECTS} redirects")

    def close(self) -> None:
        """Hang up; the next GET opens a new connection."""
        if self._open is not None:
            self._open.close()
            self._open = None

    def interrupt(self) -> None:
        """From another thread: whatever waits for the server stops waiting."""
        one = self._open
        if one is not None and one.sock is not None:
            with suppress(OSError):
                one.sock.shutdown(2)

    def _ask(self, url: str, headers: dict[str, str]) -> http.client.HTTPResponse:
        parts = urlsplit(url)
        kept_open = self._open is not None and self._to == (parts.scheme, parts.netloc)
        try:
            return self._ask_once(parts, headers)
        except (ConnectionError, http.client.RemoteDisconnected):
            self.close()
            if not kept_open:
                raise
        return self._ask_once(parts, headers)  # the server had hung up after the last file

    def _ask_once(self, parts: SplitResult, headers: dict[str, str]) -> http.client.HTTPResponse:
        proxy = _proxy(parts)
        if self._open is None or self._to != (parts.scheme, parts.netloc):
            self.close()
            self._open, self._to = self._connect(parts, proxy), (parts.scheme, parts.netloc)
        target = parts._replace(scheme="", netloc="", fragment="").geturl() or "/"
        own = {"User-Agent": USER_AGENT, "Accept-Encoding": "identity"}
        if proxy is not None and parts.scheme == "http":
            target = parts._replace(fragment="").geturl()
            own |= _proxy_login(proxy)
        self._open.request("GET", target, headers={**own, **headers})
        return self._open.getresponse()

    def _connect(self, parts: SplitResult, proxy: SplitResult | None) -> http.client.HTTPConnection:
        to = proxy or parts
        host, port = to.hostname or "", to.port or _PORTS.get(to.scheme, http.client.HTTP_PORT)
        if parts.scheme == "http":
            return http.client.HTTPConnection(host, port, timeout=self._timeout_s)
        one = http.client.HTTPSConnection(host, port, timeout=self._timeout_s, context=self._tls)
        if proxy is not None:
            one.set_tunnel(parts.hostname or "", parts.port or http.client.HTTPS_PORT, _proxy_login(proxy))
        return one

    def _judged(self, response: http.client.HTTPResponse) -> http.client.HTTPResponse:
        status = response.status
        if status in (200, 206, 416):
            return response
        self.close()
        found = f"{status} {response.reason}".strip()
        if status in _ASK_AGAIN or status >= 500:
            asked = response.getheader("Retry-After", "")
            raise Broken(found, answered=True, wait_s=float(asked) if asked.isdecimal() else 0)
        raise Refused(found)


def read(response: http.client.HTTPResponse) -> bytes:
    """The next part of the answer, nothing at its end. Raises Broken where it is cut short."""
    before = response.length
    try:
        chunk = response.read(CHUNK)
    except (OSError, http.client.HTTPException) as error:
        raise Broken(_said(error), answered=True) from error
    if not chunk and before:
        raise Broken(f"the answer cut short by {before} bytes", answered=True)
    return chunk


def _redirected(url: str, location: str) -> str:
    target = urljoin(url, location)
    allowed = {"https"} if urlsplit(url).scheme == "https" else {"http", "https"}
    if not location or urlsplit(target).scheme not in allowed:
        raise Refused(f"a redirect to {location or 'nowhere'!r}")
    return target


def _proxy(parts: SplitResult) -> SplitResult | None:
    """The proxy that the environment names for this address."""
    named = getproxies().get(parts.scheme)
    if not named or proxy_bypass(parts.hostname or ""):
        return None
    return urlsplit(named if "://" in named else f"http://{named}")


def _proxy_login(proxy: SplitResult) -> dict[str, str]:
    if proxy.username is None:
        return {}
    login = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
    return {"Proxy-Authorization": "Basic " + base64.b64encode(login.encode()).decode()}


def _said(error: OSError | http.client.HTTPException) -> str:
    """What went wrong, in a few words."""
    if isinstance(error, TimeoutError):
        return "silence"
    if isinstance(error, OSError):
        return error.strerror or str(error) or type(error).__name__
    return f"no answer in HTTP ({type(error).__name__})"
