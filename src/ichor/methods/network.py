"""What the methods that run a network share: saving and loading their package, and refusing to run without one."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol, TypeVar

from pydantic import BaseModel

from ichor.errors import BadConfig
from ichor.methods.base import Forward


class NetworkMethod(Protocol):
    """A method with a network: `forward` runs it, `chosen` holds what was chosen on the validation cases."""

    name: str
    model: str | None
    version: str
    forward: Forward | None
    settings: BaseModel
    chosen: BaseModel | None


Loaded = TypeVar("Loaded", bound=NetworkMethod)


def save_network(method: NetworkMethod, folder: Path) -> None:
    """Write model.onnx and config.yaml into `folder`. Raises BadConfig where the method is not fitted."""
    from ichor.models.package import NETWORK, PackageConfig, write_config
    from ichor.train.export import export_onnx

    if method.forward is None or method.chosen is None:
        raise BadConfig(f"{method.name}: expected a fitted method to save, found one that is not")
    folder.mkdir(parents=True, exist_ok=True)
    export_onnx(method, folder / NETWORK)
    write_config(
        folder,
        PackageConfig(
            model=method.model or method.name,
            version=method.version,
            method=method.name,
            settings=method.settings.model_dump(mode="json"),
            chosen=method.chosen.model_dump(mode="json"),
        ),
    )


def load_network(method: type[Loaded], chosen: type[BaseModel], folder: Path, threads: int | None) -> Loaded:
    """The method that `save_network` wrote, run by the engine that is installed."""
    from ichor.models.engine import Engine
    from ichor.models.package import NETWORK, read_config

    config = read_config(folder)
    loaded: Any = method(**config.settings)
    loaded.chosen = chosen(**config.chosen)
    loaded.model, loaded.version = config.model, config.version
    loaded.forward = Engine(folder / NETWORK, threads=threads)
    return loaded  # type: ignore[no-any-return]


def unfitted(name: str) -> BadConfig:
    """The error of a method that is asked before it is fitted or loaded."""
    return BadConfig(f"{name}: expected a fitted or loaded method, found one that is neither")
