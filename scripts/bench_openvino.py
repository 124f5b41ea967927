"""The paper's U-Net in OpenVINO, the engine that Ichor runs on: seconds for one slice of 49 tiles.

Run by scripts/bench.py; prints one line of JSON. `--export` writes the network as ONNX first, which needs
torch, so that the measured process is one without it.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np

TILE = 160


def export(path: Path, width: int) -> None:
    """Write the paper's network with random weights, from HU to probability."""
    import torch

    from ichor.nets.unet import PAPER_PARAMETERS, PAPER_WIDTH, UNet

    class Probability(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.net = UNet(width)

        def forward(self, hu: torch.Tensor) -> torch.Tensor:
            return torch.sigmoid(self.net(hu)["logits"])

    module = Probability().eval()
    if width == PAPER_WIDTH:
        assert sum(one.numel() for one in module.parameters()) == PAPER_PARAMETERS
    batch = torch.export.Dim("batch", min=1, max=64)
    torch.onnx.export(
        module,
        (torch.zeros(2, 1, TILE, TILE),),
        path,
        input_names=["hu"],
        output_names=["probability"],
        dynamic_shapes={"hu": {0: batch}},
        external_data=False,
        verbose=False,
    )


def measure(path: Path, tiles: int, batch: int, repeats: int, precision: str) -> dict[str, object]:
    """Seconds of each repeat over all tiles, after one pass that is not counted."""
    import openvino

    core = openvino.Core()
    model = core.read_model(path)
    model.reshape([batch, 1, TILE, TILE])
    settings = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": precision}
    compiled = core.compile_model(model, "CPU", settings)
    hu = np.random.default_rng(0).uniform(-1000, 1000, (tiles, 1, TILE, TILE)).astype(np.float32)
    compiled(hu[:batch])
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        for first in range(0, tiles, batch):
            compiled(hu[first : first + batch])
        seconds.append(time.perf_counter() - start)
    return {"seconds": seconds, "version": f"OpenVINO {openvino.__version__.split('-')[0]} {precision}"}


def main() -> None:
    """Export or measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path", type=Path)
    parser.add_argument("--export", action="store_true")
    parser.add_argument("--tiles", type=int, default=49)
    parser.add_argument("--batch", type=int, default=7)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--width", type=int, default=64)
    parser.add_argument("--precision", choices=["f32", "bf16"], default="f32")
    arguments = parser.parse_args()
    if arguments.export:
        export(arguments.path, arguments.width)
        return
    asked = (arguments.tiles, arguments.batch, arguments.repeats, arguments.precision)
    print(json.dumps(measure(arguments.path, *asked)))


if __name__ == "__main__":
    main()
