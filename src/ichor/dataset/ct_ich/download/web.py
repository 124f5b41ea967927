"""HTTP GET over a persistent connection, with redirects and proxies; TLS certificates are always verified."""

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
_MAX_REDIRECTS = 5
_REDIRECTS = {301, 302, 303, 307, 308}
_PORTS = {"http": http.client.HTTP_PORT, "https": http.client.HTTPS_PORT}
_RETRY = {408, 425, 429}  # and every 5xx: a later attempt may succeed


class Refused(Exception):
    """A response that will not change if the request is repeated; the message states what was found."""


class Broken(Exception):
    """The server did not respond, or the response was incomplete: another attempt may succeed.

    Attributes:
        answered: whether there was any response.
        wait_s: how long the server asks to wait.
    """

    def __init__(self, found: str, *, answered: bool, wait_s: float = 0) -> None:
        super().__init__(found)
        self.answered = answered
        self.wait_s = wait_s


@dataclass(frozen=True)
class Patience:
    """The timeout, the number of attempts, and the pause after an attempt, which is doubled each time."""

    timeout_s: float = 30
    attempts: int = 6
    pause_s: float = 1


class Connection:
    """A connection to one server at a time, for one thread.

    Attributes:
        answered: whether any server has responded so far.
    """

    def __init__(self, timeout_s: float) -> None:
        self.answered = False
        self._timeout_s = timeout_s
        self._tls = ssl.create_default_context()
        self._open: http.client.HTTPConnection | None = None
        self._to = ("", "")

    def get(self, url: str, headers: dict[str, str]) -> http.client.HTTPResponse:
        """The response to a GET after redirects, with status 200, 206 or 416.

        Raises Broken if there is none or a later attempt may succeed, Refused for any other response.
        """
        for _ in range(_MAX_REDIRECTS + 1):
            try:
                response = self._ask(url, headers)
            except ssl.SSLCertVerificationError as error:
                raise Refused(f"an untrusted certificate ({error.verify_message})") from error
            except (OSError, http.client.HTTPException) as error:
                raise Broken(_description(error), answered=False) from error
            self.answered = True
            if response.status not in _REDIRECTS:
                return self._checked(response)
            url = _redirected(url, response.getheader("Location", ""))
            self.close()
        raise Refused(f"more than {_MAX_REDIRECTS} redirects")

    def close(self) -> None:
        """Close the connection; the next GET opens a new one."""
        if self._open is not None:
            self._open.close()
            self._open = None

    def interrupt(self) -> None:
        """Called by another thread: abort waiting for the server."""
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
        return self._ask_once(parts, headers)  # the server had closed the connection after the last file

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

    def _checked(self, response: http.client.HTTPResponse) -> http.client.HTTPResponse:
        status = response.status
        if status in (200, 206, 416):
            return response
        self.close()
        found = f"{status} {response.reason}".strip()
        if status in _RETRY or status >= 500:
            asked = response.getheader("Retry-After", "")
            raise Broken(found, answered=True, wait_s=float(asked) if asked.isdecimal() else 0)
        raise Refused(found)


def read(response: http.client.HTTPResponse) -> bytes:
    """The next part of the response, empty at its end. Raises Broken if it is incomplete."""
    before = response.length
    try:
        chunk = response.read(CHUNK)
    except (OSError, http.client.HTTPException) as error:
        raise Broken(_description(error), answered=True) from error
    if not chunk and before:
        raise Broken(f"a response that is {before} bytes too short", answered=True)
    return chunk


def _redirected(url: str, location: str) -> str:
    target = urljoin(url, location)
    allowed = {"https"} if urlsplit(url).scheme == "https" else {"http", "https"}
    if not location or urlsplit(target).scheme not in allowed:
        raise Refused(f"a redirect to {location or 'nowhere'!r}")
    return target


def _proxy(parts: SplitResult) -> SplitResult | None:
    """The proxy for this address according to the environment."""
    named = getproxies().get(parts.scheme)
    if not named or proxy_bypass(parts.hostname or ""):
        return None
    return urlsplit(named if "://" in named else f"http://{named}")


def _proxy_login(proxy: SplitResult) -> dict[str, str]:
    if proxy.username is None:
        return {}
    login = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
    return {"Proxy-Authorization": "Basic " + base64.b64encode(login.encode()).decode()}


def _description(error: OSError | http.client.HTTPException) -> str:
    """A short description of the error."""
    if isinstance(error, TimeoutError):
        return "no response in time"
    if isinstance(error, OSError):
        return error.strerror or str(error) or type(error).__name__
    return f"no valid HTTP response ({type(error).__name__})"
