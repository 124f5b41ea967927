"""From torch to ONNX: the network with its windowing inside, so that whoever runs it gives it HU."""

from __future__ import annotations

import copy
import warnings
from pathlib import Path

import torch

from ichor.train.forward import Probabilities, TorchForward

OPSET = 18


def export_onnx(forward: TorchForward, side: int, file: Path) -> None:
    """Write a network as one ONNX file with a free batch size, `side` pixels a side, fp32 weights inside.

    Batch norm stays a layer of its own, under torch's names, so that training can go on from the file
    (`ichor.train.start`). The engines fold it into the convolutions when they load it.
    """
    from onnxscript.optimizer import fold_constants_ir

    network = copy.deepcopy(forward.network).to("cpu", memory_format=torch.contiguous_format).eval()
    example = torch.zeros(2, int(network.input_channels), side, side)
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
            optimize=False,  # it would fold batch norm
        )
    assert program is not None  # only the old exporter writes the file itself and returns nothing
    fold_constants_ir(program.model)
    temporary = file.with_name(f"{file.name}.part")
    program.save(temporary, external_data=False)
    temporary.replace(file)
