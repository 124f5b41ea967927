"""What the methods that run a network share: saving and loading their package, and refusing to run without one."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from pydantic import BaseModel

from ichor.errors import BadConfig
from ichor.methods.base import Forward, Method
from ichor.segmentation import Inference

if TYPE_CHECKING:
    from ichor.models.engine import Engine
    from ichor.models.package import PackageConfig


class NetworkMethod(Method, Protocol):
    """A method with a network: `forward` runs it, `chosen` what was chosen."""

    forward: Forward | None

    @property
    def chosen(self) -> BaseModel | None:
        """What it learned beside the network's weights."""
        ...


def config_of(method: Method, chosen: BaseModel | None) -> PackageConfig:
    """The config.yaml of a method and of what it has chosen.

    Raises BadConfig where it has chosen nothing, which is to say that it is not fitted.
    """
    if chosen is None:
        raise BadConfig(f"{method.name}: expected a fitted method to save, found one that is not")
    return PackageConfig(
        model=method.model or method.name,
        version=method.version,
        method=method.name,
        settings=method.settings.model_dump(mode="json"),
        chosen=chosen.model_dump(mode="json"),
    )


def save_network(method: NetworkMethod, folder: Path, side: int) -> None:
    """Write model.onnx, for images of `side` pixels, and config.yaml into `folder`.

    Of a method that was loaded from a package, the network that runs is written under the name it has there. Raises
    BadConfig where the method is not fitted.
    """
    from ichor.models.engine import Engine
    from ichor.models.package import NETWORK, write_config

    config = config_of(method, method.chosen)
    folder.mkdir(parents=True, exist_ok=True)
    if isinstance(method.forward, Engine):  # loaded from a package: already exported
        network = method.forward.path
        config = config.model_copy(update={"network": network.name})
        if network.resolve() != (folder / network.name).resolve():
            shutil.copyfile(network, folder / network.name)
    else:
        from ichor.train.export import export_onnx
        from ichor.train.forward import TorchForward

        assert isinstance(method.forward, TorchForward)  # there is no third kind
        export_onnx(method.forward, side, folder / NETWORK)
    write_config(folder, config)


def adopt_network(method: NetworkMethod, config: PackageConfig, folder: Path, threads: int | None) -> None:
    """Let `method` run the network of the package in `folder` that its `config` names, under its name and version.

    Where that computes wrong on this machine, the package's network in fp32 (`ichor.models.known_answer`). Raises
    BadConfig where the network segments nothing.
    """
    from ichor.models.known_answer import checked_engine

    method.model, method.version = config.model, config.version
    engine = checked_engine(folder, config.network, threads)
    require_output(engine, "probability")
    method.forward = engine


def inference_of(forward: Forward | None) -> Inference | None:
    """How the network is run; None where there is none, or one in torch."""
    from ichor.models.engine import Engine

    return forward.made_by if isinstance(forward, Engine) else None


def require_output(engine: Engine, output: str) -> None:
    """Raise BadConfig where the network has no such output."""
    if output not in engine.outputs:
        found = ", ".join(sorted(engine.outputs)) or "none"
        raise BadConfig(f"{engine.path}: expected a network with the output {output}, found {found}")


def unfitted(name: str) -> BadConfig:
    """The error of a method that is asked before it is fitted or loaded."""
    return BadConfig(f"{name}: expected a fitted or loaded method, found one that is neither")
