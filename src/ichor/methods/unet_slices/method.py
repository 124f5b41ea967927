"""`unet-slices`: a compact network on whole slices at a fixed pixel size, with the slices below and above."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from ichor import __version__
from ichor.methods.base import Answer, Forward
from ichor.methods.calibration import Calibrations
from ichor.methods.field import Field, neighbours, take_field
from ichor.methods.network import adopt_network, inference_of, save_network, unfitted
from ichor.methods.unet_slices.candidates import Candidates, find_candidates
from ichor.methods.unet_slices.context import Reader, load_reader, read_in_order, save_reader, slice_features
from ichor.methods.unet_slices.outline import outlined
from ichor.methods.unet_slices.settings import SlicesChosen, UNetSlicesSettings
from ichor.orientation import from_radiological
from ichor.scan import Scan
from ichor.segmentation import MadeBy, Segmentation

if TYPE_CHECKING:
    from ichor.dataset.case import Case
    from ichor.methods.unet_slices.evidence import Evidence

_BATCH = 4  # slices a forward pass: more gains nothing on a CPU and costs memory


@dataclass(frozen=True, eq=False)
class _Said:
    """What the networks say of a scan in their field: `probability` and `hu` (n, size, size), of slices `told`."""

    field: Field
    hu: NDArray[np.float32]
    probability: NDArray[np.float32]
    told: dict[str, NDArray[np.float64]]


class UNetSlices:
    """Segments whole slices with a U-Net that also answers for the slice as a whole.

    `forward` runs the network, `reader` the one over a scan's slices where the settings ask for it; `chosen` holds the
    thresholds. They are there after `fit` or `load`.
    """

    name = "unet-slices"

    def __init__(self, **settings: Any) -> None:
        self.settings = UNetSlicesSettings(**settings)
        self.chosen: SlicesChosen | None = None
        self.forward: Forward | None = None
        self.reader: Reader | None = None
        self.model: str | None = None
        self.version = __version__

    def fit(
        self,
        training: Sequence[Case],
        validation: Sequence[Case],
        workdir: Path,
        *,
        go_on_from: Path | None = None,
    ) -> None:
        """Train on the training cases, choose on the validation cases.

        `go_on_from` is as in `ichor.methods.unet_slices.fit.train_slices`.
        """
        head_mm = self.fit_networks(training, validation, workdir, go_on_from=go_on_from)
        self.choose([self.evidence(case) for case in validation], head_mm)

    def evidence(self, case: Case) -> Evidence:
        """What `choose` needs of a case that the networks were not trained on."""
        from ichor.methods.unet_slices.evidence import evidence_of

        said = self._say(case.scan)
        mask = said.field.take_mask(case.mask)
        return evidence_of(case, mask, said.probability, self._candidates(said, case.scan), said.told)

    def choose(self, evidence: Sequence[Evidence], head_mm: float) -> None:
        """Choose the lesion judge, the calibration and the operating points, as `calibrate.choose` does."""
        from ichor.methods.unet_slices.calibrate import choose

        self.chosen = choose(evidence, head_mm)

    def fit_networks(
        self, training: Sequence[Case], validation: Sequence[Case], workdir: Path, *, go_on_from: Path | None = None
    ) -> float:
        """Train the network, then the reader on what it says of the training cases; nothing is chosen.

        Returns the median length of the training heads in mm. Parameters are as in `fit`; there may be no validation
        cases.
        """
        from ichor.methods.unet_slices.fit import train_slices

        self.forward, head_mm = train_slices(
            self.settings, self.field_of, training, validation, workdir, go_on_from=go_on_from
        )
        if self.settings.reader:
            from ichor.methods.unet_slices.fit_context import train_reader

            features = [self._features(case.scan) for case in training]
            self.reader = train_reader(features, [case.labels for case in training], self.settings.training.seed)
        return head_mm

    def predict(self, scan: Scan) -> Segmentation:
        """The network's answer on the scan's own grid, and what follows from it."""
        return self.decide(self.answer(scan))

    def answer(self, scan: Scan) -> Answer:
        """`probability` (n, rows, columns) of voxels and `slice_probability` (n,), calibrated, no thresholds.

        Where the network tells subtypes apart, `subtype_probability` (n, 5) too.
        """
        chosen = self.chosen
        calibration = Calibrations() if chosen is None else chosen.calibration
        said = self._say(scan)
        probability = said.probability
        if chosen is not None and chosen.judge is not None:
            self._candidates(said, scan).weigh(probability, chosen.judge)
        # Calibrated in the field, which has far fewer voxels than the scan's grid.
        on_grid = from_radiological(said.field.give_back(calibration.voxel.of(probability)), scan)
        calibrated = {"slice_probability": calibration.slice, "subtype_probability": calibration.subtype}
        return {
            "probability": np.ascontiguousarray(on_grid),
            **{name: calibrated[name].of(values) for name, values in said.told.items()},
        }

    def _say(self, scan: Scan) -> _Said:
        """Run the network, and the reader on what it says, where there is one."""
        hu, field = self.field_of(scan)
        voxels, of_slices, features = [], [], []
        for outputs in self._batches(hu, scan):
            voxels.append(outputs["probability"])
            of_slices.append({name: of for name, of in outputs.items() if name != "probability"})
            if self.reader is not None:
                features.append(slice_features(outputs))
        if self.reader is None:
            told = {name: np.concatenate([of[name] for of in of_slices]).astype(np.float64) for name in of_slices[0]}
        else:
            apart_mm = self.settings.neighbour_mm
            told = read_in_order(self.reader, np.concatenate(features), scan.slice_positions_mm, apart_mm)
        return _Said(field, hu, np.concatenate(voxels), told)

    def _candidates(self, said: _Said, scan: Scan) -> Candidates:
        heights_mm = scan.slice_heights_mm
        if heights_mm is None:  # as of the slices that it was trained on
            heights_mm = np.full(scan.n_slices, self.settings.neighbour_mm)
        return find_candidates(
            said.probability, said.hu, said.told["slice_probability"], heights_mm, self.settings.pixel_mm
        )

    def _features(self, scan: Scan) -> NDArray[np.float32]:
        """(n, N_FEATURES) what the reader is given of a scan."""
        hu, _ = self.field_of(scan)
        return np.concatenate([slice_features(outputs) for outputs in self._batches(hu, scan)])

    def _batches(self, hu: NDArray[np.float32], scan: Scan) -> Iterator[dict[str, NDArray[np.float32]]]:
        """The network's outputs for the scan's slices, `hu` in the network's field, some at a time."""
        channels = neighbours(scan.slice_positions_mm, scan.n_slices, self.settings.neighbour_mm)
        for start in range(0, len(channels), _BATCH):
            yield self._run(hu[channels[start : start + _BATCH]])

    def decide(self, answer: Answer) -> Segmentation:
        """The threshold applied, and the scan's probability from that of its slices."""
        if self.chosen is None:
            raise unfitted(self.name)
        probability, slice_probability = answer["probability"], answer["slice_probability"]
        return Segmentation(
            probability=probability,
            mask=self.mask_at(probability, self.chosen.threshold),
            slice_probability=slice_probability,
            scan_probability=float(self.chosen.calibration.scan.of(np.asarray(slice_probability.max()))),
            subtype_probability=answer.get("subtype_probability"),
            made_by=MadeBy(
                name=self.name,
                model=self.model,
                version=self.version,
                threshold=self.chosen.threshold,
                operating_point=self.chosen.operating_point,
                settings=self.settings.model_dump(exclude={"training"}, mode="json"),
                inference=inference_of(self.forward),
            ),
        )

    def _run(self, hu: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        """The network's outputs for a batch (N, 3, size, size), averaged with those for its mirror image."""
        if self.forward is None:
            raise unfitted(self.name)
        outputs = self.forward(hu)
        if not self.settings.mirror:
            return outputs
        mirrored = self.forward(hu[..., ::-1])
        mirrored["probability"] = mirrored["probability"][..., ::-1]
        return {name: np.mean([outputs[name], mirrored[name]], axis=0) for name in outputs}

    def mask_at(self, probability: NDArray[np.float32], threshold: float) -> NDArray[np.bool_]:
        """What is marked where a slice is from `threshold` on."""
        if self.chosen is None or self.chosen.doubt is None:
            return probability >= threshold
        return outlined(probability, threshold, self.chosen.doubt)

    def field_of(self, scan: Scan) -> tuple[NDArray[np.float32], Field]:
        """The scan's slices in the network's field, (n, size, size) HU, and the field itself."""
        return take_field(
            scan,
            size=self.settings.size,
            pixel_mm=self.settings.pixel_mm,
            centre="head",
            head_mm=None if self.chosen is None else self.chosen.head_mm,
        )

    def save(self, folder: Path) -> None:
        """Export the networks and the configuration into `folder`."""
        save_network(self, folder, self.settings.size)
        if self.reader is not None:
            save_reader(self.reader, folder)

    @classmethod
    def load(cls, folder: Path, *, threads: int | None = None) -> Self:
        """The method that `save` wrote, run by the engine that is installed."""
        from ichor.models.package import read_config

        config = read_config(folder)
        method = cls(**config.settings)
        method.chosen = SlicesChosen(**config.chosen)
        adopt_network(method, config, folder, threads)
        if method.settings.reader:
            method.reader = load_reader(folder)
        return method
