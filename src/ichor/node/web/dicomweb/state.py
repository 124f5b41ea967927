"""What the routes of DICOMweb share."""

from __future__ import annotations

from typing import Annotated, Any, cast

from fastapi import Depends, Path, Request

from ichor.node.services import Services
from ichor.node.web.dicomweb.objects import Objects
from ichor.node.web.dicomweb.querying import Querying
from ichor.node.web.dicomweb.receiving import Receiving

PREFIX = "/dicom-web"
Uid = Annotated[str, Path(pattern=r"^[0-9.]{1,64}$")]  # PS3.5 9.1, without its rules on zeros and dots
_STATUSES = {
    400: "a malformed request",
    401: "no session and no token",
    403: "the role does not allow it",
    404: "there is no such thing",
    406: "nothing that the client accepts",
    408: "the request did not arrive in time",
    413: "the request is too large",
    415: "the request is of another content type",
    421: "another address than the server's own",
    429: "too many requests",
    503: "the node takes no more at the moment",
}
REFUSALS: dict[int | str, dict[str, Any]] = {
    status: {"description": said, "content": {"application/problem+json": {}}} for status, said in _STATUSES.items()
}


class Dicomweb:
    """The services of DICOMweb in one web server."""

    def __init__(self, services: Services) -> None:
        self.objects = Objects(services.queue.results, services.results)
        self.querying = Querying(self.objects)
        self.receiving = Receiving(services)


def _dicomweb(request: Request) -> Dicomweb:
    return cast(Dicomweb, request.app.state.dicomweb)


Shared = Annotated[Dicomweb, Depends(_dicomweb)]


def address_of(request: Request) -> str:
    """The address of DICOMweb by which the client reached it; the guards have checked its host.

    Clients that leave the port out of the Host header get it nevertheless.
    """
    url, (_, port) = request.base_url, request.scope["server"]
    if url.port is None and port not in (None, 80, 443):
        url = url.replace(port=port)
    return f"{str(url).rstrip('/')}{PREFIX}"


def accept_of(request: Request) -> str | None:
    """What the client accepts: the query parameter overrides the header (PS3.18 8.3.3.1)."""
    return request.query_params.get("accept") or request.headers.get("accept")
