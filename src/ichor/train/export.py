"""From torch to ONNX: the network with its windowing inside, so that whoever runs it gives it HU."""

from __future__ import annotations

import shutil
import warnings
from pathlib import Path

import torch

from ichor.methods.network import NetworkMethod
from ichor.models.engine import Engine
from ichor.train.forward import Probabilities, TorchForward

OPSET = 18


def export_onnx(method: NetworkMethod, file: Path) -> None:
    """Write the method's network as one ONNX file with a free batch size and fp32 weights inside."""
    if isinstance(method.forward, Engine):  # loaded from a package: already exported
        shutil.copyfile(method.forward.path, file)
        return
    assert isinstance(method.forward, TorchForward)
    network = method.forward.network.eval()
    channels, side = network.input_channels, getattr(method.settings, "tile", None) or method.settings.size
    example = torch.zeros(2, int(channels), int(side), int(side))
    model = Probabilities(network).eval()
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter warns of its own internals
        names = list(model(example))
        program = torch.onnx.export(
            model,
            (example,),
            input_names=["hu"],
            output_names=names,
            opset_version=OPSET,
            dynamic_shapes={"hu": {0: torch.export.Dim("batch", min=1)}},
            dynamo=True,
            verbose=False,
        )
    assert program is not None  # only the old exporter writes the file itself and returns nothing
    temporary = file.with_name(f"{file.name}.part")
    program.save(temporary, external_data=False)
    temporary.replace(file)
