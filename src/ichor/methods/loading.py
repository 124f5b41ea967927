"""A method out of a model package, whichever it is."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from ichor.errors import BadConfig
from ichor.methods.base import Method
from ichor.methods.registry import get
from ichor.models.package import CONFIG, DEFAULT_MODEL, find_package, one_line, operating_point_of, read_config, verify


def load_method(
    model: str | Path = DEFAULT_MODEL, *, threads: int | None = None, operating_point: str | None = None
) -> Method:
    """The method in a package that ships (by name) or lies in a folder (by path), ready to predict.

    It decides at `operating_point`, or at the package's own if None. Raises BadConfig where there is no package or
    operating point of that name, or where the package's files are not those it was packed with.
    """
    folder = find_package(model)
    verify(folder)
    try:
        method = get(read_config(folder).method).load(folder, threads=threads)
    except ValidationError as error:
        raise BadConfig(f"{folder / CONFIG}: expected settings of its method, found {one_line(error)}") from error
    if operating_point is not None:
        from ichor.methods.unet_slices.method import UNetSlices

        operating_point_of(folder, operating_point)
        assert isinstance(method, UNetSlices) and method.chosen is not None  # no other has operating points
        method.chosen = method.chosen.at(operating_point)
    return method
