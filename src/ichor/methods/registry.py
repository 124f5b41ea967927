"""Methods by name: those of this package, and those that other packages register.

Each is imported when it is asked for, since some bring heavy libraries. Another package registers its method under the
entry-point group `ichor.methods`, as NAME = "module:Class".
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import entry_points
from typing import cast

from ichor.errors import BadConfig
from ichor.methods.base import Method

GROUP = "ichor.methods"
METHODS = {
    "brain-outliers": "ichor.methods.brain_outliers:BrainOutliers",
    "threshold": "ichor.methods.threshold:Threshold",
    "unet-tiles": "ichor.methods.unet_tiles.method:UNetTiles",
    "unet-slices": "ichor.methods.unet_slices.method:UNetSlices",
}


def registered() -> dict[str, str]:
    """Where each method is, as "module:Class" by name. A name of this package is nobody else's."""
    return {one.name: one.value for one in entry_points(group=GROUP)} | METHODS


def get(name: str) -> type[Method]:
    """The method of that name. Raises BadConfig where there is none, or where its package does not import."""
    place = METHODS.get(name) or registered().get(name)
    if place is None:
        raise BadConfig(f"expected a method among {', '.join(registered())}, found {name!r}")
    module, _, attribute = place.partition(":")
    try:
        found = getattr(import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise BadConfig(f"{name}: expected the method at {place}, found {error}") from error
    return cast(type[Method], found)
