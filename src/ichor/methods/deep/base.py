"""What all methods with deep networks do alike: train, choose thresholds, predict, export and load."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from ichor.methods.base import Forward
from ichor.methods.deep.settings import DeepParameters, DeepSettings, TrainingFit
from ichor.methods.deep.views import Outputs, Tiles, View
from ichor.methods.field import Field, resample_to_field
from ichor.methods.network import inference_of, load_network, save_network
from ichor.methods.saving import unfitted
from ichor.models.package import read_config
from ichor.orientation import from_radiological
from ichor.scan import Scan
from ichor.segmentation import MadeBy, Segmentation, Task

if TYPE_CHECKING:
    from torch import nn

    from ichor.dataset.case import Case
    from ichor.methods.deep.fit import Part
    from ichor.methods.deep.prepared import Prepared

S = TypeVar("S", bound=DeepSettings)


class Deep(ABC, Generic[S]):
    """A method with settings `S` whose networks `parts` lists; `join` makes one network of them, which is exported.

    `view` is how that network sees a scan, and `output` one that it must have.
    """

    name: str
    task: Task
    settings_type: ClassVar[type[DeepSettings]]
    output: ClassVar[str]

    settings: S

    def __init__(self, **settings: Any) -> None:
        self.settings = self.settings_type(**settings)  # type: ignore[assignment]
        self.parameters: DeepParameters | None = None
        self.forward: Forward | None = None

    @property
    @abstractmethod
    def view(self) -> View:
        """How the exported network sees a scan."""

    @abstractmethod
    def parts(self) -> Sequence[Part]:
        """The networks to train, in order."""

    def join(self, networks: Sequence[nn.Module]) -> nn.Module:
        """The network that runs, made of the trained ones: the last one unless a method overrides this."""
        return networks[-1]

    def refine(self, hu: NDArray[np.float32], outputs: Outputs) -> Outputs:  # noqa: ARG002
        """The outputs after postprocessing in the field, where slices are `hu` (n, size, size); by default as is."""
        return outputs

    def learn_from_outputs(self, cases: Sequence[tuple[Prepared, Outputs]]) -> None:
        """Learn what a method needs besides networks from their outputs, without voxels, for all cases of `fit`."""

    def scan_probability(self, outputs: Outputs) -> float:
        """The scan's probability: the network's own, or else that of its most probable slice."""
        if "scan_probability" in outputs:
            return float(outputs["scan_probability"][0])
        return float(outputs["slice_probability"].max())

    def fit(self, training: Sequence[Case], validation: Sequence[Case], workdir: Path) -> None:
        """Train on the training cases; epochs and thresholds are chosen on the validation cases."""
        from ichor.methods.deep.fit import n_parameters, train_parts
        from ichor.methods.deep.prepared import prepared
        from ichor.train.forward import TorchForward

        size, pixel_mm = self.settings.size, self.settings.pixel_mm
        seen, held = ([prepared(case, size, pixel_mm) for case in cases] for cases in (training, validation))
        network = self.join(train_parts(self.parts(), seen, held, workdir))
        self.forward = TorchForward(network)
        self.parameters = DeepParameters(
            head_mm=float(np.median([case.head_mm for case in seen])), n_parameters=n_parameters([network])
        )
        self._choose(seen, held)

    def _choose(self, seen: Sequence[Prepared], held: Sequence[Prepared]) -> None:
        """Choose the thresholds, and measure how well the training cases are fitted."""
        from ichor.methods.deep.thresholds import DiceByThreshold, slice_threshold

        dice, on_training, on_validation = DiceByThreshold(), [], []
        for case in seen:
            outputs = self.outputs(case.hu.astype(np.float32), case.positions_mm, refined=False)
            on_training.append((case, _without_voxels(outputs)))
        for case in held:
            outputs = self.outputs(case.hu.astype(np.float32), case.positions_mm)
            if Task.SEGMENT in self.task:
                dice.add(case, outputs["probability"])
            on_validation.append((case, _without_voxels(outputs)))
        self.learn_from_outputs([*on_training, *on_validation])
        assert self.parameters is not None  # set by `fit`
        self.parameters = self.parameters.model_copy(
            update={
                "slice_threshold": slice_threshold(*_slices(on_validation)),
                "voxel_threshold": dice.best()[0] if Task.SEGMENT in self.task else None,
                "on_training_subjects": self._fit_of(on_training),
            }
        )

    def _fit_of(self, cases: Sequence[tuple[Prepared, Outputs]]) -> TrainingFit:
        from ichor.methods.deep.thresholds import auc_of

        scans = [self.scan_probability(outputs) for _, outputs in cases]
        found = (auc_of(*_slices(cases)), auc_of([case.labels.any() for case, _ in cases], scans))
        slice_auc, scan_auc = (None if auc is None else round(auc, 4) for auc in found)
        return TrainingFit(slice_auc=slice_auc, scan_auc=scan_auc)

    def predict(self, scan: Scan) -> Segmentation:
        """Segment or classify one scan, on its own grid. Raises BadConfig if the method is not fitted or loaded."""
        hu, field = self.in_field(scan)
        return self.segmentation(scan, field, self.outputs(hu, scan.slice_positions_mm))

    def in_field(self, scan: Scan) -> tuple[NDArray[np.float32], Field]:
        """The scan's slices in the network's field, (n, size, size) HU, and the field itself."""
        size, pixel_mm = self.settings.size, self.settings.pixel_mm
        return resample_to_field(scan, size=size, pixel_mm=pixel_mm, centre="head", head_mm=self.fitted.head_mm)

    def segmentation(
        self, scan: Scan, field: Field, outputs: Outputs, *, voxel_threshold: float | None = None
    ) -> Segmentation:
        """The outputs in the field as the scan's segmentation; `voxel_threshold` replaces the one that `fit` chose."""
        probability = mask = None
        threshold = self.fitted.slice_threshold
        if Task.SEGMENT in self.task:
            chosen = self.fitted.voxel_threshold if voxel_threshold is None else voxel_threshold
            assert chosen is not None  # by `fit`
            threshold = chosen
            probability = np.ascontiguousarray(from_radiological(field.to_scan(outputs["probability"]), scan))
            mask = probability >= threshold
        subtypes = outputs.get("subtype_probability")
        return Segmentation(
            slice_probability=outputs["slice_probability"].astype(np.float64),
            scan_probability=self.scan_probability(outputs),
            made_by=MadeBy(
                name=self.name,
                threshold=threshold,
                settings=self.settings.model_dump(exclude={"training"}, mode="json"),
                inference=inference_of(self.forward),
            ),
            probability=probability,
            mask=mask,
            subtype_probability=None if subtypes is None else subtypes.astype(np.float64),
        )

    def save(self, folder: Path) -> None:
        """Export the network and the configuration into `folder`."""
        side = self.view.tile if isinstance(self.view, Tiles) else self.settings.size
        save_network(self, self.forward, self.parameters, folder, side=side)

    @classmethod
    def load(cls, folder: Path, *, threads: int | None = None) -> Self:
        """Load the method that `save` wrote, to run in the installed engine."""
        config = read_config(folder)
        method = cls(**config.settings)
        method.parameters = DeepParameters(**config.parameters)
        method.forward = load_network(folder, config.network, threads, output=cls.output)
        return method

    def outputs(
        self, hu: NDArray[np.float32], positions_mm: NDArray[np.float64] | None, *, refined: bool = True
    ) -> Outputs:
        """The outputs for slices (n, size, size), with a probability for each slice whatever the network has."""
        if self.forward is None:
            raise unfitted(self.name)
        outputs = self.view.run(self.forward, hu, positions_mm)
        if refined:
            outputs = self.refine(hu, outputs)
        if "slice_probability" not in outputs:
            found = (
                outputs["probability"].max(axis=(1, 2))
                if "probability" in outputs
                else np.full(len(hu), outputs["scan_probability"][0], np.float32)
            )
            outputs = {**outputs, "slice_probability": found}
        return outputs

    @property
    def fitted(self) -> DeepParameters:
        """The parameters. Raises BadConfig before `fit` or `load`."""
        if self.parameters is None:
            raise unfitted(self.name)
        return self.parameters


def _without_voxels(outputs: Outputs) -> Outputs:
    return {name: values for name, values in outputs.items() if name != "probability"}


def _slices(cases: Sequence[tuple[Prepared, Outputs]]) -> tuple[NDArray[np.bool_], NDArray[np.float32]]:
    """Truth and probability of all slices (N,)."""
    truth = np.concatenate([case.positive for case, _ in cases])
    return truth, np.concatenate([outputs["slice_probability"] for _, outputs in cases])
