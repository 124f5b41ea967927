"""A package's known answer: an input and the exact outputs of its networks, to detect machines that compute wrongly.

It is needed because processors without VNNI gave different results for an int8 network whose sums exceed 16 bits. The
input is a synthetic slice of a head, not a patient: with blood in the brain and along the skull, where such sums are
large. The outputs come from exact arithmetic (`Engine`'s `reference`).
"""

from __future__ import annotations

import hashlib
import io
import zlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from ichor.atomic import write_whole
from ichor.errors import BadConfig
from ichor.models.cache import read_cached, write_cached
from ichor.models.engine import Engine
from ichor.models.package import NETWORK, one_line

KNOWN_ANSWER = "known-answer.npz"
_HU = "hu"
# Tolerances. For voxels: the difference of the probabilities as a fraction of their sum. For the shipped model, correct
# engines differ by 0.003 through rounding, saturated sums by 0.03.
_MAX_VOXEL_DIFFERENCE = 0.01
_MAX_SLICE_DIFFERENCE = 0.1  # largest difference of a slice's probability, including subtypes
_MIN_MEAN = 1e-3  # lower bound of the mean voxel probability that differences are divided by
_DECIMALS = 4  # of a known probability: much finer than the tolerance, and the file stays small
_PASSED = b"passed"


class Ellipse(NamedTuple):
    """An ellipse in a slice: its center and half axes as fractions of half the side, x first, and its HU."""

    x: float
    y: float
    half_x: float
    half_y: float
    hu: float


# From the outside in; y points towards posterior.
_HEAD = (
    Ellipse(0, 0, 0.72, 0.90, 20),
    Ellipse(0, 0, 0.68, 0.86, 900),
    Ellipse(0, 0, 0.62, 0.80, 30),
    Ellipse(0, 0, 0.54, 0.72, 36),
    Ellipse(0.12, -0.1, 0.06, 0.25, 8),
    Ellipse(-0.12, -0.1, 0.06, 0.25, 8),
    Ellipse(0, 0, 0.008, 0.80, 45),
    Ellipse(0.3, 0.1, 0.05, 0.06, 60),
)
_ALONG_THE_SKULL = Ellipse(-0.60, 0.05, 0.05, 0.35, 60)
_NOISE_HU = 3.0


def synthetic_slice(channels: int, side: int) -> NDArray[np.int16]:
    """(1, channels, side, side) HU: a synthetic slice of a head and its neighbors, the same at each call."""
    y, x = np.meshgrid(*2 * [np.linspace(-1, 1, side)], indexing="ij")

    def within(one: Ellipse) -> NDArray[np.bool_]:
        return np.asarray(((x - one.x) / one.half_x) ** 2 + ((y - one.y) / one.half_y) ** 2 < 1)

    hu = np.full((side, side), -1000.0)
    for one in _HEAD:
        hu[within(one)] = one.hu
    hu[within(_ALONG_THE_SKULL) & within(_HEAD[2])] = _ALONG_THE_SKULL.hu
    noise = np.random.default_rng(0).normal(0, _NOISE_HU, (1, channels, side, side))
    return np.asarray(np.rint(hu + np.where(hu > -1000, noise, 0)), np.int16)


def write_known_answer(folder: Path, networks: Sequence[str]) -> None:
    """Write the package's known answer: the outputs of its networks, by file name, for a synthetic head."""
    import onnx

    _, channels, side, _ = onnx.load(folder / networks[0]).graph.input[0].type.tensor_type.shape.dim
    hu = synthetic_slice(channels.dim_value, side.dim_value)
    outputs = {
        f"{name}/{output}": np.round(values, _DECIMALS)
        for name in networks
        for output, values in Engine(folder / name, engine="reference")(hu.astype(np.float32)).items()
    }
    content = io.BytesIO()
    np.savez_compressed(content, **{_HU: hu}, **outputs)  # type: ignore[arg-type] # of a parameter that is not given
    write_whole(folder / KNOWN_ANSWER, content.getvalue())


def checked_engine(folder: Path, network: str, threads: int | None) -> Engine:
    """The engine for the package's network, or for its fp32 network if the int8 one computes wrongly here.

    The `made_by` of the latter has a warning. Raises BadConfig if the fp32 network computes wrongly, and as `Engine`
    does.
    """
    engine = Engine(folder / network, threads=threads)
    wrong = fault(engine, folder)
    if not wrong:
        return engine
    how = f"{engine.name} with {engine.made_by.instruction_set}"
    if network == NETWORK:
        raise BadConfig(f"{engine.path}: expected its known answer from {how}, found {wrong}")
    exact = checked_engine(folder, NETWORK, threads)
    warning = (
        f"{how} computes the model's int8 network incorrectly on this machine ({wrong}): its fp32 network was used "
        "instead"
    )
    exact.made_by = replace(exact.made_by, warning=warning)
    return exact


def fault(engine: Engine, folder: Path) -> str:
    """How the engine's output differs from the known answer, in words; empty if it does not.

    Also empty if the package has no known answer, as in older packages. The result is kept in the user's cache, so that
    a network is tested once on each processor. Raises BadConfig if the known answer is damaged.
    """
    file = folder / KNOWN_ANSWER
    if not file.is_file():
        return ""
    content = file.read_bytes()
    tried = (hashlib.sha256(content).hexdigest(), engine.sha256, engine.made_by, engine.version)
    name = f"known-answer-{hashlib.sha256(repr(tried).encode()).hexdigest()}"
    kept = read_cached(name)
    if kept is None:
        kept = _difference(engine, file, content).encode() or _PASSED
        write_cached(name, kept)
    return "" if kept == _PASSED else kept.decode()


def _difference(engine: Engine, file: Path, content: bytes) -> str:
    """The first output that differs too much from the known one, in words; empty if there is none."""
    hu, known = _read(file, content, engine.path.name)
    found = engine(hu.astype(np.float32))
    for name, expected in known.items():
        if name not in found or found[name].shape != expected.shape:
            raise BadConfig(f"{file}: expected the outputs of {engine.path.name}, found others")
        if name == "probability":
            difference, limit = _voxel_difference(found[name], expected), _MAX_VOXEL_DIFFERENCE
        else:
            difference, limit = float(np.abs(found[name] - expected).max()), _MAX_SLICE_DIFFERENCE
        if not difference <= limit:  # also if it is NaN
            return f"{name.replace('_', ' ')} differs by {difference:.3f}, more than the {limit:g} of rounding"
    return ""


def _read(file: Path, content: bytes, network: str) -> tuple[NDArray[np.int16], dict[str, NDArray[np.float32]]]:
    """The input, and the network's outputs by name. Raises BadConfig if they are missing."""
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            hu = arrays[_HU]
            known = {
                name.removeprefix(f"{network}/"): arrays[name] for name in arrays if name.startswith(f"{network}/")
            }
    except (OSError, ValueError, KeyError, EOFError, BadZipFile, zlib.error) as error:
        raise BadConfig(f"{file}: expected a known answer, found {one_line(error)}") from error
    if not known:
        raise BadConfig(f"{file}: expected the known answer of {network}, found none")
    return hu, known


def _voxel_difference(found: NDArray[np.float32], expected: NDArray[np.float32]) -> float:
    """The difference of voxel probabilities as a fraction of their sum."""
    total = max(float((found + expected).sum(dtype=np.float64)), 2 * _MIN_MEAN * expected.size)
    return float(np.abs(found - expected).sum(dtype=np.float64)) / total
