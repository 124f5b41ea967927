"""The method: a network for voxels, slices and subtypes, and the postprocessing of its output."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from ichor.anatomy.corrected import corrected
from ichor.errors import BadConfig
from ichor.methods.base import Forward
from ichor.methods.calibration import Calibration, Calibrations
from ichor.methods.field import Field, resample_to_field
from ichor.methods.network import inference_of, load_network, save_network
from ichor.methods.saving import unfitted
from ichor.methods.unet_slices.candidates import LesionClassifier
from ichor.methods.unet_slices.description import description
from ichor.methods.unet_slices.inference import NetworkOutput, rescorer_features, run_networks
from ichor.methods.unet_slices.outline import outlined
from ichor.methods.unet_slices.patches import PatchClassifier
from ichor.methods.unet_slices.rescoring import Rescorer, load_rescorer, save_rescorer
from ichor.methods.unet_slices.settings import Parameters, UNetSlicesSettings
from ichor.orientation import from_radiological
from ichor.scan import Scan
from ichor.segmentation import MadeBy, RawOutput, Segmentation, Task, VoxelMap

if TYPE_CHECKING:
    from ichor.dataset.case import Case
    from ichor.methods.unet_slices.calibrate import FitClassifier
    from ichor.methods.unet_slices.evidence import Evidence

_UNCALIBRATED_THRESHOLD = 0.5


class UNetSlices:
    """Segments whole slices with a U-Net that also classifies the slice as a whole.

    `forward` runs the U-Net; `rescorer`, if enabled in the settings, the recurrent network over a scan's slices;
    `parameters` holds thresholds and calibration. All are set by `fit` or `load`.
    """

    name = "unet-slices"
    task = Task.SEGMENT | Task.DETECT
    postprocess_settings: frozenset[str] = frozenset()

    def __init__(self, **settings: Any) -> None:
        self.settings = UNetSlicesSettings(**settings)
        self.parameters: Parameters | None = None
        self.forward: Forward | None = None
        self.rescorer: Rescorer | None = None
        self.patch_classifier: PatchClassifier | None = None

    def fit(self, training: Sequence[Case], validation: Sequence[Case], workdir: Path) -> None:
        """Train on the training cases, calibrate on the validation cases."""
        self._fit(training, validation, workdir, start=None)

    def fit_from(self, start: Path, training: Sequence[Case], validation: Sequence[Case], workdir: Path) -> None:
        """Like `fit`, but starting from the weights in the package folder `start`."""
        self._fit(training, validation, workdir, start=start)

    def _fit(self, training: Sequence[Case], validation: Sequence[Case], workdir: Path, *, start: Path | None) -> None:
        self._train(training, validation, workdir, start)
        self.calibrate([self.calibration_evidence(case) for case in validation])

    def require_no_validation(self) -> None:
        """Raise BadConfig if training with these settings needs validation cases."""
        self.settings.require_no_validation()

    def fit_uncalibrated(self, training: Sequence[Case], workdir: Path, *, start: Path | None = None) -> None:
        """Train the networks without calibrating them."""
        self._train(training, (), workdir, start)

    def _train(self, training: Sequence[Case], validation: Sequence[Case], workdir: Path, start: Path | None) -> None:
        """Train the network, then the rescorer on the network's output for the training cases."""
        from ichor.methods.unet_slices.fit import train_slices

        self.forward, head_mm = train_slices(self.settings, self.field_of, training, validation, workdir, start=start)
        if self.settings.recurrent:
            from ichor.methods.unet_slices.fit_rescorer import train_rescorer

            features, labels = [], []
            for case in training:
                if case.subtypes is not None and case.known_slices.all():
                    features.append(self._rescorer_features(case.scan))
                    labels.append(case.subtypes)
            self.rescorer = train_rescorer(features, labels, self.settings.training.seed)
        self.parameters = Parameters(threshold=_UNCALIBRATED_THRESHOLD, head_mm=head_mm)

    def calibration_evidence(self, case: Case) -> Evidence | None:
        """What `calibrate` needs from a case that the networks were not trained on; None if it is not delineated."""
        if case.delineation is None or not case.known_slices.all():
            return None
        found = self._evidence(case)
        if not self.settings.single_slices or case.subtypes is None:
            return found
        return replace(found, alone=tuple(self._evidence(one) for one in _slices_alone(case)))

    def single_slices(self, case: Case) -> Iterator[Case]:
        """As `ichor.methods.capabilities.TakesSingleSlices`: pictures of unknown size and window."""
        labelled = case.delineation is not None and case.subtypes is not None
        return _slices_alone(case) if labelled and self._fitted().single_slice is not None else iter(())

    def _evidence(self, case: Case) -> Evidence:
        from ichor.methods.unet_slices.evidence import evidence_of

        found = self._run(case.scan)
        mask = found.field.resample_mask(case.mask)
        candidates = found.candidates(case.scan, self.settings)
        return evidence_of(case, mask, found.probability, candidates, found.slices, found.scan_probability)

    def calibrate(self, evidence: Sequence[Evidence | None]) -> None:
        """Fit the false-positive classifier and the calibration, and choose the operating points."""
        from ichor.methods.unet_slices.calibrate import calibrated_with, fit_false_positive_classifier

        delineated = [one for one in evidence if one is not None]
        if not delineated:
            raise BadConfig("expected delineated scans to calibrate on, found none")
        fit: FitClassifier = fit_false_positive_classifier
        if self.settings.candidates == "patches":
            from ichor.methods.unet_slices.fit_patches import fit_patch_classifier

            fit = fit_patch_classifier
        self.parameters, classifier = calibrated_with(delineated, self._fitted().head_mm, fit)
        self.patch_classifier = classifier if isinstance(classifier, PatchClassifier) else None

    def predict(self, scan: Scan) -> Segmentation:
        """Predict the mask and the probabilities of voxels, slices, subtypes and scan, on the scan's own grid."""
        return self.postprocess(self.raw_output(scan))

    def raw_output(self, scan: Scan) -> RawOutput:
        """Voxel `probability`, `slice_probability` (n,), `scan_probability` () and, with that head, those of subtypes.

        All are calibrated, except for the scan's, which is calibrated as a slice's is; no threshold is applied yet.
        """
        parameters = None if self.parameters is None else self.parameters.for_scan(scan.n_slices)
        calibration = Calibrations() if parameters is None else parameters.calibration
        found = self._run(scan)
        probability = found.probability
        classifier = self._classifier(parameters)
        if classifier is not None:
            found.candidates(scan, self.settings).apply_classifier(probability, classifier)
        # Calibrating in the field is cheaper: it has far fewer voxels than the scan's grid.
        on_grid = from_radiological(found.field.to_scan(calibration.voxel.apply(probability)), scan)
        of_slices = {"slice_probability": calibration.slice, "subtype_probability": calibration.subtype}
        arrays = {name: of_slices[name].apply(values) for name, values in found.slices.items()}
        arrays["scan_probability"] = calibration.slice.apply(np.asarray(found.scan_probability))
        return RawOutput(voxels={"probability": VoxelMap(np.ascontiguousarray(on_grid))}, arrays=arrays)

    def postprocess(self, raw: RawOutput) -> Segmentation:
        """Apply the threshold, and calibrate the scan's probability."""
        parameters = self._fitted().for_scan(len(raw.arrays["slice_probability"]))
        probability, slice_probability = raw.voxels["probability"].values, raw.arrays["slice_probability"]
        # Runs of earlier versions did not keep it: it was the highest of the slices'.
        of_scan = raw.arrays.get("scan_probability", slice_probability.max())
        return Segmentation(
            probability=probability,
            mask=self.mask_at(probability, parameters.threshold),
            slice_probability=slice_probability,
            scan_probability=float(parameters.calibration.scan.apply(np.asarray(of_scan))),
            subtype_probability=raw.arrays.get("subtype_probability"),
            made_by=MadeBy(
                name=self.name,
                threshold=parameters.threshold,
                operating_point=parameters.operating_point,
                settings=self.settings.model_dump(exclude={"training"}, mode="json"),
                inference=inference_of(self.forward),
            ),
        )

    def mask_at(self, probability: NDArray[np.float32], threshold: float) -> NDArray[np.bool_]:
        """The mask in which slices are marked whose highest voxel probability reaches `threshold`."""
        parameters = None if self.parameters is None else self.parameters.for_scan(len(probability))
        if parameters is None or parameters.logit_offset is None:
            return probability >= threshold
        return outlined(probability, threshold, parameters.logit_offset)

    @property
    def operating_points(self) -> Mapping[str, float]:
        """Voxel thresholds by name."""
        return {} if self.parameters is None else self.parameters.operating_points

    def use_operating_point(self, name: str) -> None:
        """Switch to that operating point. Raises KeyError if there is none of that name."""
        self.parameters = self._fitted().at(name)

    @property
    def network_shape(self) -> Mapping[str, str]:
        """The settings that determine the shapes of the network's weights, as text by name."""
        return self.settings.network_shape()

    def quantization_input(self, cases: Sequence[Case]) -> NDArray[np.float32]:
        """(N, 3, size, size) HU: slices of these cases with their neighbours."""
        from ichor.methods.unet_slices.quantization_input import quantization_input

        return quantization_input(self.field_of, self.settings.neighbour_mm, cases)

    @classmethod
    def description(cls, settings: Mapping[str, Any], parameters: Mapping[str, Any]) -> str:
        """For the model card: how a scan is processed and how the parameters were found."""
        return description(UNetSlicesSettings(**settings), Parameters(**parameters))

    @classmethod
    def recalibrated(cls, parameters: Mapping[str, Any], further: Calibration) -> dict[str, Any]:
        """As `ichor.methods.capabilities.RecalibratesScans`."""
        return Parameters(**parameters).recalibrated(further).model_dump(mode="json")

    def field_of(self, scan: Scan) -> tuple[NDArray[np.float32], Field]:
        """The scan's slices in the network's field, (n, size, size) HU, and the field itself."""
        pixel_mm = self.settings.pixel_mm
        head_mm = None if self.parameters is None else self.parameters.head_mm
        hu, field = resample_to_field(scan, size=self.settings.size, pixel_mm=pixel_mm, centre="head", head_mm=head_mm)
        return corrected(hu, scan.gray_window, pixel_mm) if self.settings.corrected else hu, field

    def save(self, folder: Path) -> None:
        """Export the networks and the configuration into `folder`."""
        save_network(self, self.forward, self.parameters, folder, side=self.settings.size)
        if self.rescorer is not None:
            save_rescorer(self.rescorer, folder)
        if self.patch_classifier is not None:
            self.patch_classifier.save(folder)

    @classmethod
    def load(cls, folder: Path, *, threads: int | None = None) -> Self:
        """Load the method that `save` wrote, to run in the installed engine."""
        from ichor.models.package import read_config

        config = read_config(folder)
        method = cls(**config.settings)
        method.parameters = Parameters(**config.parameters)
        method.forward = load_network(folder, config.network, threads)
        if method.settings.recurrent:
            method.rescorer = load_rescorer(folder)
        if method.parameters.patches_elsewhere is not None:
            method.patch_classifier = PatchClassifier.load(folder, method.parameters.patches_elsewhere)
        return method

    def _fitted(self) -> Parameters:
        if self.parameters is None:
            raise unfitted(self.name)
        return self.parameters

    def _classifier(self, parameters: Parameters | None) -> LesionClassifier | None:
        """What classifies candidate lesions: the patch network, or the logistic regression of these parameters."""
        if parameters is None or parameters.patches_elsewhere is not None:
            return None if parameters is None else self.patch_classifier
        return parameters.false_positive_classifier

    def _run(self, scan: Scan) -> NetworkOutput:
        hu, field = self.field_of(scan)
        return run_networks(self.settings, self._forward(), self.rescorer, scan, hu, field)

    def _rescorer_features(self, scan: Scan) -> NDArray[np.float32]:
        hu, _ = self.field_of(scan)
        return rescorer_features(self.settings, self._forward(), scan, hu)

    def _forward(self) -> Forward:
        if self.forward is None:
            raise unfitted(self.name)
        return self.forward


def _slices_alone(case: Case) -> Iterator[Case]:
    from ichor.methods.unet_slices.alone import slices_alone

    return slices_alone(case)
