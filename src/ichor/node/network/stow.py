"""Delivery by STOW-RS (PS3.18 section 10.5)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ichor.errors import IchorError
from ichor.node.config import WebDestination

TIMEOUT_S = (10.0, 120.0)  # to connect, and between bytes of the response


class Stow:
    """Sends objects to one DICOMweb address, in one request per result."""

    def __init__(self, destination: WebDestination) -> None:
        self._to = destination

    def send(self, objects: Sequence[Any]) -> None:
        """Send objects; all are stored there when this returns. Raises IchorError, in one line, if any is not."""
        import requests
        from dicomweb_client.api import DICOMwebClient

        if not objects:
            return
        with _session(self._to) as session:
            client = DICOMwebClient(self._to.url, session=session)
            client.set_http_retry_params(retry=False)
            try:
                answer = client.store_instances(list(objects))
            except requests.HTTPError as error:
                code = "no status" if error.response is None else f"HTTP status {error.response.status_code}"
                raise IchorError(f"expected the objects to be stored, found {code}") from error
            except (requests.RequestException, OSError) as error:
                raise IchorError(f"expected a response, found {type(error).__name__}") from error
            except Exception as error:  # the response is not DICOM
                raise IchorError(
                    f"expected a DICOM response, found one that cannot be read ({type(error).__name__})"
                ) from error
        failed = len(answer.get("FailedSOPSequence", ()))
        stored = {str(one.ReferencedSOPInstanceUID) for one in answer.get("ReferencedSOPSequence", ())}
        missing = {str(one.SOPInstanceUID) for one in objects} - stored
        if failed or missing:
            raise IchorError(
                f"expected {len(objects)} objects to be stored, found {max(failed, len(missing))} that are not"
            )


def _session(to: WebDestination) -> Any:
    import requests

    class Patient(requests.Session):
        def request(self, *arguments: Any, **options: Any) -> Any:
            return super().request(*arguments, **{**options, "timeout": TIMEOUT_S, "allow_redirects": False})

    session = Patient()
    session.trust_env = False  # never send patient data through a proxy named in the environment
    if to.ca is not None:
        session.verify = str(to.ca)
    return session
