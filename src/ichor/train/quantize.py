"""Static quantization of an exported network from fp32 to int8 (Jacob et al. 2018, arXiv:1712.05877).

Weights become 7-bit integers (-64 to 64) with a scale per filter. Activations become uint8 with a single scale and zero
point, from their minimum and maximum on calibration slices. Windowing and heads stay in fp32.

Why 7 bits: processors without VNNI multiply bytes in pairs and add each pair in 16 bits, which saturates from two
products of 255 x 65 on (Intel's VPMADDUBSW). With weights up to 64 nothing saturates, and all processors and engines
compute the same sums.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

# All layers between convolutions, so that an engine does not have to convert to fp32 there.
_LAYERS = ("Conv", "Relu", "Add", "Concat", "MaxPool", "Resize")
_BATCH = 4


def quantize_network(network: Path, slices: NDArray[np.float32], file: Path) -> None:
    """Write the int8 variant of an fp32 ONNX network to `file`, calibrated on slices (N, C, H, W) in HU."""
    onnxruntime.set_default_logger_severity(3)  # it warns about unused constants
    with tempfile.TemporaryDirectory(dir=file.parent, prefix=".") as name:
        folded, quantized = Path(name) / "folded.onnx", Path(name) / "quantized.onnx"
        quant_pre_process(network, folded, skip_symbolic_shape=True)  # folds batch norm into the convolutions
        quantize_static(
            folded,
            quantized,
            _Batches(_input_name(folded), slices),
            quant_format=QuantFormat.QDQ,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            per_channel=True,
            reduce_range=True,  # weights of 7 bits
            op_types_to_quantize=list(_LAYERS),
            nodes_to_exclude=_heads(folded),  # 256 steps are too coarse for logits and thresholds
        )
        quantized.replace(file)


class _Batches(CalibrationDataReader):
    """Slices in batches, in the interface that ONNX Runtime expects."""

    def __init__(self, name: str, slices: NDArray[np.float32]) -> None:
        self._batches = iter([{name: slices[first : first + _BATCH]} for first in range(0, len(slices), _BATCH)])

    def get_next(self) -> dict[str, NDArray[np.float32]] | None:
        """The next batch, by the name of the network's input; None after the last."""
        return next(self._batches, None)


def _input_name(file: Path) -> str:
    return str(onnx.load(file).graph.input[0].name)


def _heads(file: Path) -> list[str]:
    """The names of the layers of the heads: the last convolutions and everything after them."""
    before_convolution: set[str] = set()
    heads = []
    for node in reversed(onnx.load(file).graph.node):
        leads_on = not before_convolution.isdisjoint(node.output)
        if not leads_on:
            heads.append(str(node.name))
        if leads_on or node.op_type == "Conv":
            before_convolution.update(node.input)
    return heads
