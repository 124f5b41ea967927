"""The packages that a running node needs; nothing else is imported here, so that they can be checked first."""

from __future__ import annotations

from importlib.util import find_spec

from ichor.errors import IchorError

PACKAGES = (
    "pynetdicom",
    "dicomweb_client",
    "highdicom",
    "hl7",
    "prometheus_client",
    "fastapi",
    "uvicorn",
    "argon2",
    "cryptography",
)


def require_packages() -> None:
    """Raise IchorError, naming what to install, if a package that the node needs is missing."""
    missing = [name for name in PACKAGES if find_spec(name) is None]
    if missing:
        raise IchorError(
            f"ichor node: expected the packages of the extra node, found no {missing[0]}; "
            "install them with pip install 'ichor-ct[node]'"
        )
