"""Measures the paper's U-Net in Ichor's inference engine, on one slice of 49 tiles.

Run by scripts/bench.py; prints one line of JSON. With `--export`, the network is only written as ONNX, which needs
torch, so that the measured process does not load torch.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np

from ichor.models.engine import Engine

TILE = 160


def export(path: Path, width: int) -> None:
    """Write the paper's network, from HU to probability, with random weights."""
    from ichor.nets.unet import PAPER_PARAMETERS, PAPER_WIDTH, UNet
    from ichor.train.export import export_onnx
    from ichor.train.forward import TorchForward

    network = UNet(width)
    if width == PAPER_WIDTH:
        assert sum(one.numel() for one in network.parameters()) == PAPER_PARAMETERS
    export_onnx(TorchForward(network), TILE, path)


def measure(path: Path, tiles: int, batch: int, repeats: int, threads: int) -> dict[str, object]:
    """The seconds of each repeat over all tiles, after a pass that is not counted."""
    engine = Engine(path, threads=threads)
    hu = np.random.default_rng(0).uniform(-1000, 1000, (tiles, 1, TILE, TILE)).astype(np.float32)
    engine(hu[:batch])
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        for first in range(0, tiles, batch):
            engine(hu[first : first + batch])
        seconds.append(time.perf_counter() - start)
    return {"seconds": seconds, "version": f"in the same engine ({engine.name})"}


def main() -> None:
    """Export or measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path", type=Path)
    parser.add_argument("--export", action="store_true")
    parser.add_argument("--tiles", type=int, default=49)
    parser.add_argument("--batch", type=int, default=7)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--width", type=int, default=64)
    args = parser.parse_args()
    if args.export:
        export(args.path, args.width)
    else:
        print(json.dumps(measure(args.path, args.tiles, args.batch, args.repeats, args.threads)))


if __name__ == "__main__":
    main()
