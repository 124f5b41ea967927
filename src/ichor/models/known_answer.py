"""A package's known answer: an input and what its networks say of it, by which a machine that computes wrong is told.

Needed since processors without VNNI gave other answers from an int8 network whose sums exceed 16 bits. The input is
a slice of a head made by code, no patient: blood in the brain and along the skull, where such sums are large. What the
networks say of it comes from exact arithmetic (`Engine`'s `reference`).
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
# How far an answer may be from the known one. Of voxels: the difference of the probabilities as a share of their sum.
# Engines that compute right differ by 0.003 of the model that ships, by how they round; saturated sums make it 0.03.
_VOXELS_APART = 0.01
_SLICE_APART = 0.1  # the largest difference of a slice's probability, of any subtype too
_LEAST_MEAN = 1e-3  # mean voxel probability below which differences are held against this
_DECIMALS = 4  # of a known probability: far finer than that, and the file stays small
_PASSED = b"passed"


class Ellipse(NamedTuple):
    """An ellipse in a slice: its centre and half axes as shares of half the side, x first, and its HU."""

    x: float
    y: float
    half_x: float
    half_y: float
    hu: float


# From the outside in; y points to the back.
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


def made_field(channels: int, side: int) -> NDArray[np.int16]:
    """(1, channels, side, side) HU: a slice of a made head and its neighbours, the same at each call."""
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
    """Write the package's known answer: what its networks, by their files' names, say of a made head."""
    import onnx

    _, channels, side, _ = onnx.load(folder / networks[0]).graph.input[0].type.tensor_type.shape.dim
    hu = made_field(channels.dim_value, side.dim_value)
    said = {
        f"{name}/{output}": np.round(values, _DECIMALS)
        for name in networks
        for output, values in Engine(folder / name, engine="reference")(hu.astype(np.float32)).items()
    }
    content = io.BytesIO()
    np.savez_compressed(content, **{_HU: hu}, **said)  # type: ignore[arg-type] # of a parameter that is not given
    write_whole(folder / KNOWN_ANSWER, content.getvalue())


def checked_engine(folder: Path, network: str, threads: int | None) -> Engine:
    """The engine of the package's network, or of its network in fp32 where an int8 one computes wrong here.

    The latter's `made_by` has a warning. Raises BadConfig where that in fp32 computes wrong, and as `Engine` does.
    """
    engine = Engine(folder / network, threads=threads)
    wrong = fault(engine, folder)
    if not wrong:
        return engine
    how = f"{engine.name} with {engine.made_by.instruction_set}"
    if network == NETWORK:
        raise BadConfig(f"{engine.path}: expected its known answer from {how}, found {wrong}")
    exact = checked_engine(folder, NETWORK, threads)
    warning = f"{how} computes the model's int8 network wrong on this machine ({wrong}): its fp32 network ran instead"
    exact.made_by = replace(exact.made_by, warning=warning)
    return exact


def fault(engine: Engine, folder: Path) -> str:
    """How the engine's answer differs from the package's known one, in words; empty where it does not.

    Empty too of a package that has no known answer, as those made before there was one. What came of it is kept in the
    user's cache, so that a network is tried once on each processor. Raises BadConfig where the known answer is damaged.
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
    """The first of the engine's outputs that is too far from the known one, in words; empty where there is none."""
    hu, known = _read(file, content, engine.path.name)
    found = engine(hu.astype(np.float32))
    for name, expected in known.items():
        if name not in found or found[name].shape != expected.shape:
            raise BadConfig(f"{file}: expected the outputs of {engine.path.name}, found others")
        if name == "probability":
            apart, limit = _voxels_apart(found[name], expected), _VOXELS_APART
        else:
            apart, limit = float(np.abs(found[name] - expected).max()), _SLICE_APART
        if not apart <= limit:  # not a number neither
            return f"{name.replace('_', ' ')} off by {apart:.3f} where {limit:g} is rounding"
    return ""


def _read(file: Path, content: bytes, network: str) -> tuple[NDArray[np.int16], dict[str, NDArray[np.float32]]]:
    """The input, and the outputs of that network by name. Raises BadConfig where they are not there."""
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


def _voxels_apart(found: NDArray[np.float32], expected: NDArray[np.float32]) -> float:
    """The difference of voxel probabilities as a share of their sum."""
    total = max(float((found + expected).sum(dtype=np.float64)), 2 * _LEAST_MEAN * expected.size)
    return float(np.abs(found - expected).sum(dtype=np.float64)) / total
