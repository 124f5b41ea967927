"""What the methods that run a network share: keeping it in their package, and running that of a package."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel

from ichor.errors import BadConfig
from ichor.methods.base import Forward, Method
from ichor.methods.saving import save_config, unfitted
from ichor.models.package import NETWORK
from ichor.segmentation import Inference

if TYPE_CHECKING:
    from ichor.models.engine import Engine


def save_network(
    method: Method, forward: Forward | None, parameters: BaseModel | None, folder: Path, *, side: int
) -> None:
    """Write the network, for images of `side` pixels, and config.yaml into `folder`.

    Of a method that was loaded from a package, the network that runs is written under the name it has there. Raises
    BadConfig where the method is not fitted.
    """
    from ichor.models.engine import Engine

    if forward is None or parameters is None:
        raise unfitted(method.name)
    folder.mkdir(parents=True, exist_ok=True)
    network = NETWORK
    if isinstance(forward, Engine):  # loaded from a package: already exported
        network = forward.path.name
        if forward.path.resolve() != (folder / network).resolve():
            shutil.copyfile(forward.path, folder / network)
    else:
        from ichor.train.export import export_onnx
        from ichor.train.forward import TorchForward

        assert isinstance(forward, TorchForward)  # there is no third kind
        export_onnx(forward, side, folder / NETWORK)
    save_config(method, folder, parameters, network=network)


def load_network(folder: Path, network: str, threads: int | None) -> Engine:
    """The package's network of that file name in an engine.

    Where that computes wrong on this machine, the package's network in fp32 (`ichor.models.known_answer`). Raises
    BadConfig where the network segments nothing.
    """
    from ichor.models.known_answer import checked_engine

    engine = checked_engine(folder, network, threads)
    require_output(engine, "probability")
    return engine


def inference_of(forward: Forward | None) -> Inference | None:
    """How the network is run; None where there is none, or one in torch."""
    from ichor.models.engine import Engine

    return forward.made_by if isinstance(forward, Engine) else None


def require_output(engine: Engine, output: str) -> None:
    """Raise BadConfig where the network has no such output."""
    if output not in engine.outputs:
        found = ", ".join(sorted(engine.outputs)) or "none"
        raise BadConfig(f"{engine.path}: expected a network with the output {output}, found {found}")
