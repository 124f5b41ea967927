"""The connection to a PACS by DICOMweb, and its errors in one line each."""

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

TIMEOUT_S = 60.0  # without a byte
REFUSED = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)


class Interrupted(IchorError):
    """The connection broke, or the server was too busy: what was asked for may be asked for again."""


class _Bearer(requests.auth.AuthBase):
    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


def connect(address: str, login: Login | None, ca: Path | None) -> DICOMwebClient:
    """A client of the DICOMweb service at an address, such as https://pacs.example/dicom-web.

    `ca` is a file of certificates to trust instead of the usual ones. Raises UnreadableInput for another address: one
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
        raise UnreadableInput(f"{address}: expected https, since patients' data leave this machine, found http")
    if ca is not None and not ca.is_file():
        raise UnreadableInput(f"{ca}: expected a file of certificates, found none")
    session = requests.Session()
    if ca is not None:
        session.verify = str(ca)
        session.trust_env = False  # else REQUESTS_CA_BUNDLE of the environment would come before
    if login is not None and login.token is not None:
        session.auth = _Bearer(login.token.get_secret_value())
    elif login is not None and login.user is not None and login.password is not None:
        session.auth = (login.user, login.password.get_secret_value())
    client = DICOMwebClient(address.rstrip("/"), session=session, timeout=TIMEOUT_S)
    client.set_http_retry_params(retry=False)
    return client


@contextmanager
def told(address: str) -> Iterator[None]:
    """A block whose errors of the connection become one line; nothing that the server sent is quoted.

    Raises Interrupted where asking again may help, UnreadableInput otherwise.
    """
    try:
        yield
    except requests.exceptions.SSLError as error:
        raise UnreadableInput(
            f"{address}: expected a certificate that this machine trusts, found another; --ca FILE names one to trust"
        ) from error
    except requests.HTTPError as error:
        raise _of_status(address, 0 if error.response is None else error.response.status_code) from error
    except requests.exceptions.ConnectionError as error:
        raise Interrupted(f"{address}: expected a server that answers, found none, or the connection broke") from error
    except (requests.Timeout, requests.exceptions.ChunkedEncodingError) as error:
        raise Interrupted(f"{address}: expected a whole answer, found that the connection broke") from error
    except (requests.RequestException, InvalidDicomError, EOFError, ValueError, KeyError, TypeError) as error:
        raise UnreadableInput(f"{address}: expected the answers of DICOMweb, found something else") from error


def _of_status(address: str, status: int) -> IchorError:
    if status in REFUSED:
        names = ", ".join(ENVIRONMENT.values())
        return UnreadableInput(
            f"{address}: expected a user name and password, or a token, that the server takes, found that it refuses "
            f"them ({status}); they are read from --login FILE or from {names}"
        )
    if status == HTTPStatus.NOT_FOUND:
        return UnreadableInput(f"{address}: expected DICOMweb, found nothing at that address ({status})")
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.TOO_MANY_REQUESTS:
        return Interrupted(f"{address}: expected an answer, found an error of the server ({status})")
    return UnreadableInput(f"{address}: expected the answers of DICOMweb, found status {status}")


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
