"""Loads a trained method from a model package, whichever method it is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import ValidationError

from ichor.errors import BadConfig
from ichor.methods.base import Method
from ichor.methods.capabilities import HasOperatingPoints, require
from ichor.methods.registry import get
from ichor.models.package import CONFIG, DEFAULT_MODEL, find_package, one_line, operating_point_of, read_config, verify
from ichor.scan import Scan
from ichor.segmentation import Segmentation, Task


@dataclass(frozen=True, eq=False)
class TrainedModel:
    """A trained method with the package that it came from; its segmentations name both.

    Attributes:
        method: ready to predict.
        folder: the package.
        name: the trained model's.
        version: the trained model's.
    """

    method: Method
    folder: Path
    name: str
    version: str

    def predict(self, scan: Scan) -> Segmentation:
        """Segment or classify one scan, on its own grid."""
        return self.named(self.method.predict(scan))

    def named(self, found: Segmentation) -> Segmentation:
        """The same segmentation, marked as made by this model."""
        return replace(found, made_by=replace(found.made_by, model=self.name, version=self.version))


def load_model(
    model: str | Path = DEFAULT_MODEL, *, threads: int | None = None, operating_point: str | None = None
) -> TrainedModel:
    """Load a trained model: a shipped one (by name) or a package folder (by path).

    It works at `operating_point`, or at the package's default if None. Raises BadConfig if there is no package or
    operating point of that name, or if the package's files do not match its checksums.
    """
    folder = find_package(model)
    verify(folder)
    config = read_config(folder)
    try:
        method = get(config.method).load(folder, threads=threads)
    except ValidationError as error:
        raise BadConfig(f"{folder / CONFIG}: expected settings of its method, found {one_line(error)}") from error
    if operating_point is not None:
        operating_point_of(folder, operating_point)
        require(method, HasOperatingPoints, "work at several operating points").use_operating_point(operating_point)
    return TrainedModel(method, folder, config.model, config.version)


def task_of(folder: Path) -> Task:
    """Whether the method of a package segments, detects or both. Its networks are not loaded."""
    return get(read_config(folder).method).task
