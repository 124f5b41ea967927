"""Compares the time that a package's networks take for a slice with the minimum possible on this machine.

Run by scripts/bench.py; prints one line of JSON. The limit is the highest throughput that the same engine reaches, in
the network's precision, on chains of 3x3 convolutions of favorable sizes.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from math import prod
from pathlib import Path

import numpy as np
import onnx
import openvino
from onnx import TensorProto, helper, numpy_helper

from ichor.models.engine import Engine
from ichor.models.package import DEFAULT_MODEL, INT8, NETWORK, find_package, read_config

BATCH = 4  # as `unet-slices` runs its network
CHAIN = 4  # convolutions one after another
SIZES = ((64, 128), (128, 64), (256, 32))  # filters, pixels a side
COUNTED = ("Convolution", "GroupConvolution", "MatMul")


def multiply_adds(file: Path) -> int:
    """The multiply-adds of an ONNX network for one slice, in its convolutions and matrix products."""
    network = openvino.Core().read_model(str(file))
    network.reshape({0: input_shape(file, 1)})
    return sum(_multiply_adds_of(node) for node in network.get_ordered_ops() if node.get_type_name() in COUNTED)


def input_shape(file: Path, batch: int) -> list[int]:
    """The network's input shape [N, C, H, W] for a batch."""
    dimensions = onnx.load(file).graph.input[0].type.tensor_type.shape.dim
    return [batch, *(one.dim_value for one in dimensions[1:])]


def _multiply_adds_of(node: openvino.Node) -> int:
    output, weights = prod(node.output(0).shape), node.input_value(1).shape
    if node.get_type_name() == "MatMul":
        return int(output * node.input_value(0).shape[-1])
    of_one_filter = weights[1:] if node.get_type_name() == "Convolution" else weights[2:]  # (group, out, in, ...)
    return int(output * prod(of_one_filter))


def write_chain(file: Path, filters: int, side: int) -> None:
    """Write a network of 3x3 convolutions with ReLU, for input (N, filters, side, side) and output of one channel."""
    rng = np.random.default_rng(0)
    nodes, weights, name = [], [], "hu"
    for layer in range(CHAIN):
        weights.append(numpy_helper.from_array(_weights(rng, filters, filters, 3), f"weights.{layer}"))
        nodes.append(helper.make_node("Conv", [name, f"weights.{layer}"], [f"conv.{layer}"], pads=[1] * 4))
        nodes.append(helper.make_node("Relu", [f"conv.{layer}"], [f"relu.{layer}"]))
        name = f"relu.{layer}"
    weights.append(numpy_helper.from_array(_weights(rng, 1, filters, 1), "weights.head"))
    nodes.append(helper.make_node("Conv", [name, "weights.head"], ["probability"]))
    for number, node in enumerate(nodes):
        node.name = f"{node.op_type}.{number}"
    shapes = {"hu": filters, "probability": 1}
    source, output = (
        helper.make_tensor_value_info(of, TensorProto.FLOAT, ["batch", planes, side, side])
        for of, planes in shapes.items()
    )
    graph = helper.make_graph(nodes, "convolutions", [source], [output], weights)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10), file)


def _weights(rng: np.random.Generator, n_out: int, n_in: int, size: int) -> np.ndarray:
    return rng.normal(0, (2 / (n_in * size**2)) ** 0.5, (n_out, n_in, size, size)).astype(np.float32)


def min_seconds(file: Path, repeats: int, threads: int) -> float:
    """The minimum time per slice over `repeats` passes over a batch, after a pass that is not counted."""
    engine = Engine(file, engine="openvino", threads=threads)
    batch = np.random.default_rng(0).uniform(-1000, 1000, input_shape(file, BATCH)).astype(np.float32)
    engine(batch)
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        engine(batch)
        seconds.append(time.perf_counter() - start)
    return min(seconds) / BATCH


def limit(folder: Path, int8: bool, repeats: int, threads: int) -> float:
    """The machine's limit in multiply-adds per second: the highest throughput of all chains."""
    from ichor.train.quantize import quantize_network

    throughputs = []
    for filters, side in SIZES:
        file = folder / f"chain-{filters}.onnx"
        write_chain(file, filters, side)
        counted = multiply_adds(file)
        if int8:
            batch = np.random.default_rng(0).uniform(-1000, 1000, input_shape(file, 1)).astype(np.float32)
            quantize_network(file, batch, file)
        throughputs.append(counted / min_seconds(file, repeats, threads))
    return max(throughputs)


def measure(network: Path, repeats: int, threads: int) -> dict[str, object]:
    """The network's multiply-adds and seconds for a slice, and the seconds at the machine's limit."""
    int8 = network.name == INT8
    with tempfile.TemporaryDirectory() as name:
        max_throughput = limit(Path(name), int8, repeats, threads)
    counted = multiply_adds(network)
    return {
        "precision": "int8" if int8 else "fp32",
        "multiply_adds": counted,
        "seconds": min_seconds(network, repeats, threads),
        "limit_seconds": counted / max_throughput,
    }


def main() -> None:
    """Measure each network of a package, the default network first."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default=DEFAULT_MODEL, help="the model package; default: the shipped one")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    package = find_package(args.model)
    names = sorted((NETWORK, INT8), key=lambda name: name != read_config(package).network)
    files = [package / name for name in names if (package / name).is_file()]
    # A pass takes only milliseconds, so each repeat has ten.
    print(json.dumps([measure(file, 10 * args.repeats, args.threads) for file in files]))


if __name__ == "__main__":
    main()
