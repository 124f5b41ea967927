"""Methods by name. Each is imported when it is asked for, since some bring heavy libraries."""

from __future__ import annotations

from importlib import import_module
from typing import cast

from ichor.errors import BadConfig
from ichor.methods.base import Method

METHODS = {
    "threshold": "ichor.methods.threshold:Threshold",
    "unet-tiles": "ichor.methods.unet_tiles.method:UNetTiles",
    "unet-slices": "ichor.methods.unet_slices.method:UNetSlices",
}


def get(name: str) -> type[Method]:
    """The method of that name. Raises BadConfig where there is none."""
    if name not in METHODS:
        raise BadConfig(f"expected a method among {', '.join(METHODS)}, found {name!r}")
    module, attribute = METHODS[name].split(":")
    return cast(type[Method], getattr(import_module(module), attribute))
