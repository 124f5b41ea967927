"""The methods of `muschelli2017`: one for each classifier of voxels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field
from scipy import ndimage

from ichor.errors import BadConfig
from ichor.methods.classical.base import Classical, Settings
from ichor.methods.classical.choosing import best_mean, dice
from ichor.methods.classical.head import Head, Mask
from ichor.methods.classical.regions import Regions
from ichor.methods.forest import Forest
from ichor.methods.muschelli2017.additive import Additive
from ichor.methods.muschelli2017.classifiers import Classifier, VoxelClassifier, fit_classifier
from ichor.methods.muschelli2017.features import NAMES, TEMPLATE, Template, classified, predictors
from ichor.scan import Scan
from ichor.segmentation import MadeBy, Segmentation, Task

if TYPE_CHECKING:
    from ichor.dataset.case import Case

FILE = "template.npz"  # in a package, beside its config.yaml
SMOOTHING_MM = 1.0  # of the probability, standard deviation of a Gaussian on a slice
SMALLEST_ML = 0.1  # the paper drops regions below 100 voxels of 1 mm
THRESHOLDS = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)


class MuschelliSettings(Settings):
    """How many scans the classifier is fitted to, and how many of their voxels."""

    scans: int = Field(10, ge=1, description="training scans with hemorrhage for the classifier, as in the paper")
    voxels: int = Field(4000, ge=10, description="of each class of each of these scans, at most")
    seed: int = 0


class Parameters(BaseModel):
    """What `fit` finds, besides arrays: a forest has no `model` here."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: Additive | None = None
    threshold: float


class Muschelli2017(Classical[MuschelliSettings, Parameters]):
    """Classifies voxels; a subclass for each classifier."""

    task = Task.SEGMENT
    settings_type = MuschelliSettings
    parameters_type = Parameters
    classifier: ClassVar[Classifier]

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.template: Template | None = None
        self.model: VoxelClassifier | None = None

    def fit(self, training: Sequence[Case], validation: Sequence[Case], workdir: Path) -> None:  # noqa: ARG002
        """Fit template and classifier; choose the threshold with the best mean Dice on the other training scans.

        The template is that of the scans without hemorrhage, or of all if there are none. If all scans with hemorrhage
        are needed for the classifier, the threshold is chosen on the same.
        """
        with_blood: list[tuple[Head, Mask]] = []

        def without_blood() -> Iterator[Head]:
            for case, head in self.heads(training):
                if not case.mask.any():
                    yield head
                elif not case.excluded_from_overlap:
                    with_blood.append((head, head.from_scan(case.mask)))

        template = Template.of(without_blood())
        self.require_cases(with_blood)
        self.template = template or Template.of(head for head, _ in with_blood)
        assert self.template is not None
        fitted_on = with_blood[: self.settings.scans]
        x, truth = self._sample(fitted_on)
        model = fit_classifier(self.classifier, x, truth, self.settings.seed)
        scores: dict[float, list[float]] = {one: [] for one in THRESHOLDS}
        for head, delineated in with_blood[self.settings.scans :] or fitted_on:
            probability = self._probability(head, model)
            for one in THRESHOLDS:
                regions = Regions.of(probability >= one)
                scores[one].append(dice(regions.at_least(SMALLEST_ML, head), delineated))
        self.model = model
        kept = model if isinstance(model, Additive) else None
        self.parameters = Parameters(model=kept, threshold=best_mean(scores))

    def predict(self, scan: Scan) -> Segmentation:
        """Mark voxels from the threshold on; a slice's score is its highest smoothed probability."""
        fitted, head = self.fitted, Head.of(scan, self.settings.grid)
        assert self.model is not None
        probability = self._probability(head, self.model)
        mask = Regions.of(probability >= fitted.threshold).at_least(SMALLEST_ML, head)
        return self.segmentation(head, mask, slice_score=probability.max(axis=(1, 2)).astype(np.float64))

    @property
    def made_by(self) -> MadeBy:
        """What made a prediction; the classifier's many numbers are left to the package."""
        shown = {**self.settings.model_dump(mode="json"), "threshold": self.fitted.threshold}
        return MadeBy(self.name, 0.5, shown)

    @classmethod
    def description(cls, settings: Mapping[str, Any], parameters: Mapping[str, Any]) -> str:
        """For the model card: how it works and what was fitted."""
        return (
            f"A classifier ({cls.classifier}) gives each voxel a probability from 17 predictors: intensity, local "
            "moments, standard scores, the other side, place, and a template (Muschelli et al. 2017). It was fitted to "
            f"at most {MuschelliSettings(**settings).scans} training scans; the threshold, "
            f"{Parameters(**parameters).threshold:g}, gave the best mean Dice on the others."
        )

    def save(self, folder: Path) -> None:
        """Write config.yaml, template.npz and, of a forest, forest.npz."""
        super().save(folder)
        assert self.template is not None
        np.savez(folder / FILE, mean=self.template.mean, deviation=self.template.deviation)
        if isinstance(self.model, Forest):
            self.model.save(folder)

    @classmethod
    def load(cls, folder: Path, *, threads: int | None = None) -> Self:
        """Load the method that `save` wrote. Raises BadConfig if one of its files is missing or damaged."""
        method = super().load(folder, threads=threads)
        method.template = _template(folder / FILE, cls.name)
        method.model = method.fitted.model or Forest.load(folder, len(NAMES))
        return method

    def _sample(self, heads: Sequence[tuple[Head, Mask]]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Predictors and truth of random voxels of the scans, so many of each class."""
        assert self.template is not None
        rng = np.random.default_rng(self.settings.seed)
        x, y = [], []
        for head, delineated in heads:
            at = classified(head)
            rows, truth = predictors(head, self.template, at), delineated[at]
            for kind in (True, False):
                chosen = rng.permutation(np.flatnonzero(truth == kind))[: self.settings.voxels]
                x.append(rows[chosen])
                y.append(truth[chosen])
        return np.concatenate(x), np.concatenate(y)

    def _probability(self, head: Head, model: VoxelClassifier) -> NDArray[np.float32]:
        """(n, rows, columns) smoothed probabilities."""
        assert self.template is not None
        probability, at = np.zeros(head.brain.shape, np.float32), classified(head)
        if at.any():
            probability[at] = model.probability_of(predictors(head, self.template, at))
        sigma = SMOOTHING_MM / head.pixel_mm
        smoothed = ndimage.gaussian_filter(probability, (0, sigma, sigma))
        return np.asarray(np.where(head.brain, np.clip(smoothed, 0, 1), 0), np.float32)


def _template(file: Path, name: str) -> Template:
    try:
        with np.load(file, allow_pickle=False) as arrays:
            template = Template(arrays["mean"], arrays["deviation"])
    except (OSError, ValueError, KeyError, BadZipFile) as error:
        raise BadConfig(f"{file}: expected the template of {name}, found none") from error
    if not template.mean.shape == template.deviation.shape == TEMPLATE:
        raise BadConfig(f"{file}: expected arrays of shape {TEMPLATE}, found {template.mean.shape}")
    return template


class MuschelliLr(Muschelli2017):
    """Logistic regression."""

    name = "muschelli2017-lr"
    classifier = Classifier.LOGISTIC


class MuschelliLasso(Muschelli2017):
    """Logistic regression with the LASSO."""

    name = "muschelli2017-lasso"
    classifier = Classifier.LASSO


class MuschelliGam(Muschelli2017):
    """A generalized additive model."""

    name = "muschelli2017-gam"
    classifier = Classifier.ADDITIVE


class MuschelliRf(Muschelli2017):
    """A random forest, which the paper recommends."""

    name = "muschelli2017-rf"
    classifier = Classifier.FOREST
