"""A method that detects hemorrhage and outlines nothing: of another package, with a model package of its own."""

from __future__ import annotations

from pathlib import Path

from ichor.models.package import PackageConfig, write_config
from outside import install

MODULE = '''
import numpy as np
from pydantic import BaseModel
from ichor.methods.saving import save_config, unfitted
from ichor.models.package import read_config
from ichor.segmentation import MadeBy, Segmentation, Task


class Settings(BaseModel, extra="forbid"):
    lowest_hu: float = 60.0


class Parameters(BaseModel):
    threshold: float


class BrightShare:
    """Slices with many voxels as dense as clotted blood."""

    name = "bright-share"
    task = Task.DETECT

    def __init__(self, **settings):
        self.settings = Settings(**settings)
        self.parameters = None

    def fit(self, training, validation, workdir):
        self.parameters = Parameters(threshold=0.5)

    def predict(self, scan):
        if self.parameters is None:
            raise unfitted(self.name)
        hu = np.asarray(scan.hu)
        share = ((hu >= self.settings.lowest_hu) & (hu < 90)).mean(axis=(1, 2))
        slices = share / (share + 0.005)
        made_by = MadeBy(self.name, self.parameters.threshold, self.settings.model_dump())
        return Segmentation(slices, float(slices.max()), made_by)

    def save(self, folder):
        save_config(self, folder, self.parameters)

    @classmethod
    def load(cls, folder, *, threads=None):
        config = read_config(folder)
        method = cls(**config.settings)
        method.parameters = Parameters(**config.parameters)
        return method
'''


def install_detector(folder: Path) -> Path:
    """The detector, installed into `folder`, which is returned."""
    return install(folder, "bright_share", MODULE, "ichor.methods", "bright-share = bright_share:BrightShare")


def write_detector(folder: Path) -> Path:
    """A model package of it in `folder`, which is returned."""
    config = PackageConfig(
        model="bright", version="7", method="bright-share", settings={}, parameters={"threshold": 0.5}
    )
    write_config(folder, config)
    return folder
