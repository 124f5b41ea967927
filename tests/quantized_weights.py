"""What a quantized network's file holds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

# The largest weight w with which two products of an unsigned byte and a weight fit a signed 16-bit sum, 2 x 255 x w:
# what x86 processors without VNNI and some of ARM add up in 16 bits then never saturates.
LARGEST = (2**15 - 1) // (2 * 255)


def weights_of(file: Path) -> dict[str, NDArray[np.int32]]:
    """The int8 weights of every quantized convolution, by its name."""
    graph = onnx.load(file).graph
    stored = {one.name: numpy_helper.to_array(one) for one in graph.initializer}
    dequantized = {node.output[0]: node.input[0] for node in graph.node if node.op_type == "DequantizeLinear"}
    found = {}
    for node in graph.node:
        if node.op_type == "Conv" and node.input[1] in dequantized:
            weights = stored[dequantized[node.input[1]]]
            assert weights.dtype == np.int8
            found[node.name] = weights.astype(np.int32)
    return found
