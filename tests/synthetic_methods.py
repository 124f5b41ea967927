"""Two methods of somebody else's package: one outlines what is as dense as clotted blood, one only detects it."""

from __future__ import annotations

from pathlib import Path

from ichor.models.package import PackageConfig, write_config
from outside import install

# All that somebody writes who has an idea and knows the protocol.
MODULE = '''
import numpy as np
from pydantic import BaseModel
from ichor.methods.saving import save_config, unfitted
from ichor.models.package import read_config
from ichor.segmentation import MadeBy, Segmentation, Task


class Settings(BaseModel, extra="forbid"):
    lowest_hu: float = 60.0


class Parameters(BaseModel):
    usual_share: float


class _Dense:
    def __init__(self, **settings):
        self.settings = Settings(**settings)
        self.parameters = None

    def fit(self, training, validation, workdir):
        largest = [self._dense(case.scan).mean(axis=(1, 2)).max() for case in training]
        self.parameters = Parameters(usual_share=float(np.mean(largest)))

    def predict(self, scan):
        if self.parameters is None:
            raise unfitted(self.name)
        dense = self._dense(scan)
        shares = dense.mean(axis=(1, 2))
        slices = shares / (shares + self.parameters.usual_share)
        outlines = (dense.astype(np.float32), dense) if self.task is Task.SEGMENT else ()
        return Segmentation(slices, float(slices.max()), MadeBy(self.name, 0.5, self.settings.model_dump()), *outlines)

    def save(self, folder):
        save_config(self, folder, self.parameters)

    @classmethod
    def load(cls, folder, *, threads=None):
        config = read_config(folder)
        method = cls(**config.settings)
        method.parameters = Parameters(**config.parameters)
        return method

    def _dense(self, scan):
        hu = np.asarray(scan.hu)
        return (hu >= self.settings.lowest_hu) & (hu < 95)


class DenseVoxels(_Dense):
    """What is as dense as clotted blood."""

    name = "dense-voxels"
    task = Task.SEGMENT


class DenseSlices(_Dense):
    """How much of a slice is as dense as clotted blood; where that is, it does not say."""

    name = "dense-slices"
    task = Task.DETECT
'''
SEGMENTS, DETECTS = "dense-voxels", "dense-slices"
ENTRIES = f"{SEGMENTS} = dense_methods:DenseVoxels\n{DETECTS} = dense_methods:DenseSlices"


def install_methods(folder: Path, module: str = MODULE) -> Path:
    """The package, with `module` as its code, installed into `folder`, which is returned."""
    return install(folder, "dense_methods", module, "ichor.methods", ENTRIES)


def write_detector(folder: Path) -> Path:
    """A model package of the detector in `folder`, which is returned."""
    config = PackageConfig(model="dense", version="7", method=DETECTS, settings={}, parameters={"usual_share": 0.005})
    write_config(folder, config)
    return folder
