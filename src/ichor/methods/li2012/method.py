"""The methods of `li2012`: one for each way to find the subarachnoid space."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from ichor.errors import BadConfig
from ichor.methods.calibration import expit
from ichor.methods.classical.base import Classical, Settings
from ichor.methods.classical.head import Head, Mask
from ichor.methods.classical.svm import LinearSvm
from ichor.methods.li2012.atlas import atlas_space, simpleitk
from ichor.methods.li2012.landmarks import FILE, Densities, likelier_space
from ichor.methods.li2012.slices import Features
from ichor.methods.saving import unfitted
from ichor.scan import Scan
from ichor.segmentation import Segmentation, Task
from ichor.subtypes import Subtype

if TYPE_CHECKING:
    from ichor.dataset.case import Case

SAH = list(Subtype).index(Subtype.SAH)


class Parameters(BaseModel):
    """What `fit` finds, besides densities: a machine for slices, and that of the papers for scans."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    slices: LinearSvm
    scans: LinearSvm


S = TypeVar("S", bound=Settings)


class Li2012(Classical[S, Parameters]):
    """Judges the gray values of the subarachnoid space; a subclass for each way to find it."""

    task = Task.DETECT
    parameters_type = Parameters
    space_by: ClassVar[str]

    @abstractmethod
    def space(self, head: Head) -> Mask:
        """(n, rows, columns) the subarachnoid space."""

    def fit(self, training: Sequence[Case], validation: Sequence[Case], workdir: Path) -> None:  # noqa: ARG002
        """Fit the machines to the training cases, and to their slices that show enough of the space."""
        measured: list[Features] = []
        truth: list[Mask] = []
        for case, head in self.heads(training):
            measured.append(Features.of(head, self.space(head)))
            truth.append(case.labels[measured[-1].enough, SAH])
        if not any(one.any() for one in truth):
            raise BadConfig(f"{self.name}: expected training cases with subarachnoid hemorrhage, found none")
        subjects = np.array([case.subject for case in training])
        of_slices = np.repeat(subjects, [len(one) for one in truth])
        slices = np.concatenate([one.slices[one.enough] for one in measured])
        self.parameters = Parameters(
            slices=LinearSvm.fit(slices, np.concatenate(truth), of_slices),
            scans=LinearSvm.fit(np.stack([one.scan for one in measured]), [one.any() for one in truth], subjects),
        )

    def predict(self, scan: Scan) -> Segmentation:
        """Judge each slice and the scan; 0.5 is where a machine decides, and what does not show the space has 0."""
        fitted, head = self.fitted, Head.of(scan, self.settings.grid)
        found = Features.of(head, self.space(head))
        score = np.where(found.enough, expit(fitted.slices.decision(found.slices)), 0.0)
        subtypes = np.zeros((scan.n_slices, len(Subtype)))
        subtypes[:, SAH] = score
        of_scan = float(expit(fitted.scans.decision(found.scan[None]))[0])
        return Segmentation(
            slice_probability=score,
            scan_probability=of_scan if found.enough.any() else 0.0,
            made_by=self.made_by,
            subtype_probability=subtypes,
        )

    @classmethod
    def description(cls, settings: Mapping[str, Any], parameters: Mapping[str, Any]) -> str:  # noqa: ARG003
        """For the model card: how it works and what was fitted."""
        return (
            f"The subarachnoid space is found {cls.space_by}. Linear support vector machines judge slices and scans by "
            "mean, variance, entropy and energy of the gray values in it: whether there is subarachnoid hemorrhage "
            "(Li et al. 2012). They were fitted on the training subjects. No other hemorrhage is looked for."
        )


class Li2012Atlas(Li2012[Settings]):
    """The space by elastic registration of an atlas. Raises BadConfig if SimpleITK is not installed."""

    name = "li2012-atlas"
    settings_type = Settings
    space_by = "by elastic registration of an atlas"

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        simpleitk()

    def space(self, head: Head) -> Mask:
        """(n, rows, columns) the subarachnoid space of the atlas."""
        return atlas_space(head)


class BayesSettings(Settings):
    """How many scans and pixels the densities are estimated from."""

    scans: int = Field(20, ge=1, description="training scans without hemorrhage for the densities")
    samples: int = Field(100, ge=1, description="pixels of each of these scans for each of the two densities")
    seed: int = 0


class Li2012Bayes(Li2012[BayesSettings]):
    """The space by distances to landmarks and a Bayes decision. To fit it, SimpleITK is needed."""

    name = "li2012-bayes"
    settings_type = BayesSettings
    space_by = "by the distances of pixels to landmarks and a Bayes decision"

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.densities: Densities | None = None

    def fit(self, training: Sequence[Case], validation: Sequence[Case], workdir: Path) -> None:
        """Estimate the densities on training cases without hemorrhage, or on any if there are none; then as above."""
        normal = (k for k, case in enumerate(training) if not case.positive.any())
        chosen = list(islice(normal, self.settings.scans)) or range(min(len(training), self.settings.scans))
        heads = (head for _, head in self.heads(training[k] for k in chosen))
        try:
            spaces = ((head, atlas_space(head)) for head in heads)
            self.densities = Densities.of(spaces, self.settings.samples, self.settings.seed)
        except ValueError as error:
            raise BadConfig(f"{self.name}: expected training cases that show brain, found none") from error
        super().fit(training, validation, workdir)

    def space(self, head: Head) -> Mask:
        """(n, rows, columns) where the subarachnoid space is likelier than the rest."""
        if self.densities is None:
            raise unfitted(self.name)
        return likelier_space(head, self.densities)

    def save(self, folder: Path) -> None:
        """Write config.yaml and densities.npz."""
        super().save(folder)
        assert self.densities is not None
        self.densities.save(folder / FILE)

    @classmethod
    def load(cls, folder: Path, *, threads: int | None = None) -> Self:
        """Load the method that `save` wrote. Raises BadConfig if one of its files is missing or damaged."""
        method = super().load(folder, threads=threads)
        method.densities = Densities.load(folder / FILE, cls.name)
        return method
