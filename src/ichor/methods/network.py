"""What the methods with a network share: saving it in their package, and running it from a package."""

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
    """Write the network, for images of `side` x `side` pixels, and config.yaml into `folder`.

    For a method that was loaded from a package, the network that runs is copied under its own name. Raises BadConfig
    if the method is not fitted.
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

        assert isinstance(forward, TorchForward)  # the only other kind
        export_onnx(forward, side, folder / NETWORK)
    save_config(method, folder, parameters, network=network)


def load_network(folder: Path, network: str, threads: int | None, *, output: str = "probability") -> Engine:
    """Load the network of that file name from the package into an engine.

    If it computes wrong values on this machine, the package's fp32 network is loaded instead
    (`ichor.models.known_answer`). Raises BadConfig if the network has no such `output`: voxel probabilities by default.
    """
    from ichor.models.known_answer import checked_engine

    engine = checked_engine(folder, network, threads)
    require_output(engine, output)
    return engine


def inference_of(forward: Forward | None) -> Inference | None:
    """How the network is run; None if there is no network, or one in torch."""
    from ichor.models.engine import Engine

    return forward.made_by if isinstance(forward, Engine) else None


def require_output(engine: Engine, output: str) -> None:
    """Raise BadConfig if the network has no such output."""
    if output not in engine.outputs:
        found = ", ".join(sorted(engine.outputs)) or "none"
        raise BadConfig(f"{engine.path}: expected a network with the output {output}, found {found}")
