"""Saves a method's `config.yaml`: its name, settings and parameters."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel

from ichor.errors import BadConfig
from ichor.methods.base import Method
from ichor.models.package import NETWORK, PackageConfig, write_config
from ichor.version import __version__


def save_config(method: Method, folder: Path, parameters: BaseModel | None, *, network: str = NETWORK) -> None:
    """Write config.yaml with a method's settings and its learned or calibrated parameters.

    `network` is the file of the network that runs, if the method has one. Raises BadConfig if there are no
    parameters, that is, if the method is not fitted.
    """
    if parameters is None:
        raise unfitted(method.name)
    config = PackageConfig(
        model=method.name,
        version=__version__,
        method=method.name,
        settings=method.settings.model_dump(mode="json"),
        parameters=parameters.model_dump(mode="json"),
        network=network,
    )
    write_config(folder, config)


def unfitted(name: str) -> BadConfig:
    """The error for a method that is used before it is fitted or loaded."""
    return BadConfig(f"{name}: expected a fitted or loaded method, found one that is neither")
