"""The options of `ichor annotate PROJECT` that serve it to other machines."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ichor.errors import IchorError
from ichor.imports import require_extra

if TYPE_CHECKING:
    from ichor.serving.certificate import Certificate

# The folder in a project for a self-signed certificate.
TLS = "tls"

HostOption = Annotated[
    str | None,
    typer.Option(
        "--host",
        metavar="ADDRESS",
        help="Serve to other machines, at this address of this machine, over TLS and with passwords; 0.0.0.0 for all "
        "its addresses. Default: this machine only.",
    ),
]
CertificateOption = Annotated[
    Path | None, typer.Option("--certificate", metavar="FILE", help="Certificate for TLS, with its chain (PEM).")
]
KeyOption = Annotated[
    Path | None, typer.Option("--key", metavar="FILE", help="Private key of --certificate (PEM, without a password).")
]
SelfSignedOption = Annotated[
    bool,
    typer.Option(
        "--self-signed", help=f"Create a certificate and keep it in PROJECT/{TLS}. Browsers ask whether to trust it."
    ),
]


def certificate_of(
    project: Path, host: str, certificate: Path | None, key: Path | None, *, self_signed: bool
) -> Certificate | None:
    """The certificate for the options; None on this machine only. Raises IchorError if the options conflict."""
    from ichor.annotate.project.database import holds_anything
    from ichor.serving.address import is_loopback, require_tls

    if (certificate is None) != (key is None):
        missing = "--certificate" if certificate is None else "--key"
        raise IchorError(f"expected --certificate and --key together, found no {missing}")
    if certificate is not None and self_signed:
        raise IchorError("expected --certificate and --key, or --self-signed, found both")
    require_tls(host, wanted=certificate is not None or self_signed)
    if is_loopback(host):
        return None
    require_extra("annotate", "argon2", "cryptography", used_by="ichor annotate --host")
    from ichor.serving.certificate import given
    from ichor.serving.self_signed import self_signed as made

    if certificate is not None and key is not None:
        return given(certificate, key)
    if not holds_anything(project):
        raise IchorError(f"{project}: expected an annotation project to serve to other machines, found none")
    return made(project / TLS, host)
