"""The DICOMweb connection to a PACS, with errors of one line."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlsplit

import requests
from dicomweb_client import DICOMwebClient
from pydicom.errors import InvalidDicomError

from ichor.errors import IchorError, UnreadableInput
from ichor.fetch.login import ENVIRONMENT, Login

TIMEOUT_S = 60.0  # without receiving anything
REFUSED = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)


class Interrupted(IchorError):
    """The connection broke, or the server was too busy: the request may be repeated."""


class _Bearer(requests.auth.AuthBase):
    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


def connect(address: str, login: Login | None, ca: Path | None) -> DICOMwebClient:
    """A client of the DICOMweb service at an address, such as https://pacs.example/dicom-web.

    `ca` is a file of certificates to trust instead of the usual ones. Raises UnreadableInput for an unsafe address: one
    without TLS that leaves this machine, or one that contains a password.
    """
    parts = urlsplit(address)
    if parts.scheme not in ("https", "http") or not parts.hostname:
        raise UnreadableInput(
            f"expected an address such as https://pacs.example/dicom-web, found {parts.scheme or 'none'}"
        )
    if parts.username or parts.password:
        raise UnreadableInput(f"{parts.hostname}: expected an address without a password, found one; see --login")
    if parts.scheme == "http" and not _is_loopback(parts.hostname):
        raise UnreadableInput(f"{address}: expected https, because patient data leave this machine, found http")
    if ca is not None and not ca.is_file():
        raise UnreadableInput(f"{ca}: expected a file of certificates, found none")
    session = requests.Session()
    if ca is not None:
        session.verify = str(ca)
        session.trust_env = False  # otherwise REQUESTS_CA_BUNDLE in the environment would take precedence
    if login is not None and login.token is not None:
        session.auth = _Bearer(login.token.get_secret_value())
    elif login is not None and login.user is not None and login.password is not None:
        session.auth = (login.user, login.password.get_secret_value())
    client = DICOMwebClient(address.rstrip("/"), session=session, timeout=TIMEOUT_S)
    client.set_http_retry_params(retry=False)
    return client


@contextmanager
def one_line_errors(address: str) -> Iterator[None]:
    """Turn connection errors in a block into one-line errors that quote nothing the server sent.

    Raises Interrupted if repeating the request may help, UnreadableInput otherwise.
    """
    try:
        yield
    except requests.exceptions.SSLError as error:
        raise UnreadableInput(
            f"{address}: expected a certificate that this machine trusts, found another; --ca FILE adds one"
        ) from error
    except requests.HTTPError as error:
        raise _of_status(address, 0 if error.response is None else error.response.status_code) from error
    except requests.exceptions.ConnectionError as error:
        raise Interrupted(f"{address}: expected a server that responds, found none, or the connection broke") from error
    except (requests.Timeout, requests.exceptions.ChunkedEncodingError) as error:
        raise Interrupted(f"{address}: expected a complete response, found a broken connection") from error
    except (requests.RequestException, InvalidDicomError, EOFError, ValueError, KeyError, TypeError) as error:
        raise UnreadableInput(f"{address}: expected a DICOMweb response, found something else") from error


def _of_status(address: str, status: int) -> IchorError:
    if status in REFUSED:
        names = ", ".join(ENVIRONMENT.values())
        return UnreadableInput(
            f"{address}: expected a user name and password, or a token, that the server accepts, found that it refuses "
            f"them ({status}); they are read from --login FILE or from {names}"
        )
    if status == HTTPStatus.NOT_FOUND:
        return UnreadableInput(f"{address}: expected DICOMweb, found nothing at that address ({status})")
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.TOO_MANY_REQUESTS:
        return Interrupted(f"{address}: expected a response, found a server error ({status})")
    return UnreadableInput(f"{address}: expected a DICOMweb response, found status {status}")


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
