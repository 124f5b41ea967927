"""A committee of small networks, trained on the subjects labeled so far."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ichor.annotate.labelling_time import labelling_s
from ichor.annotate.uncertainty import jensen_shannon, of_slices, patch_px
from ichor.dataset.case import Case
from ichor.methods.base import Forward
from ichor.methods.field import Field, neighbours
from ichor.scan import Scan
from studies.annotation_simulation.config import SimulationConfig
from studies.annotation_simulation.thresholds import MeanOutput, choose_thresholds

_BATCH = 16  # slices per forward pass
# The reader's outlines are estimated by thresholding at several levels, as in Kuo et al. 2018.
OUTLINE_THRESHOLDS = (0.1, 0.3, 0.5, 0.7, 0.9)


class Committee:
    """Networks that differ only in their seed, and the thresholds for their mean output.

    `predict` gives their mean output; `estimate` gives their uncertainty about a scan and its estimated labeling time.
    """

    def __init__(self, config: SimulationConfig, members: Sequence[Forward], validation: Sequence[Case]) -> None:
        self._config, self._members = config, members
        self.slice_threshold, self.threshold = choose_thresholds(self.predict, validation)

    @classmethod
    def train(
        cls,
        config: SimulationConfig,
        labelled: Sequence[Case],
        validation: Sequence[Case],
        folder: Path,
        *,
        continue_from: Path | None,
        fold: int,
        repeat: int,
    ) -> Committee:
        """Train on the labeled cases, and choose thresholds on the validation cases.

        Checkpoints in `folder` let an interrupted training continue. `continue_from` is the folder of the previous
        committee, whose weights are the starting point. Raises BadConfig if no labeled slice has hemorrhage.
        """
        from ichor.methods.unet_slices.fit import train_slices

        n_positive = sum(int(case.positive.sum()) for case in labelled)
        n_negative = sum(int((~case.positive).sum()) for case in labelled)
        members = []
        steps = config.first_steps if continue_from is None else config.steps
        for member in range(config.committee):
            training = config.training(steps, n_positive, n_negative, seed_of=(fold, repeat, member))
            name = f"member-{member + 1}"
            forward, _ = train_slices(
                config.settings.model_copy(update={"training": training}),
                _identity_field,
                labelled,
                validation,
                folder / name,
                start=None if continue_from is None else continue_from / name,
                quiet=True,
            )
            members.append(forward)
        return cls(config, members, validation)

    def predict(self, scan: Scan) -> MeanOutput:
        """The mean `probability` (n, size, size) and `slice_probability` (n,) over the members."""
        voxels, slices = self._predict_members(scan)
        return {"probability": voxels.mean(axis=0), "slice_probability": slices.mean(axis=0).astype(np.float64)}

    def mask(self, output: MeanOutput) -> NDArray[np.bool_]:
        """(n, size, size) the mask by the committee's thresholds, from the output of `predict`."""
        positive = output["slice_probability"] >= self.slice_threshold
        return np.asarray((output["probability"] >= self.threshold) & positive[:, None, None])

    def estimate(self, scan: Scan) -> tuple[float, float]:
        """The uncertainty of a scan, and the estimated seconds of labeling it."""
        voxels, _ = self._predict_members(scan)
        mean = voxels.mean(axis=0)
        seconds = [labelling_s(mean >= threshold, scan.pixel_mm) for threshold in OUTLINE_THRESHOLDS]
        patch = patch_px(scan.pixel_mm, mean.shape[1:])
        return float(of_slices(jensen_shannon(voxels), patch).sum()), float(np.mean(seconds))

    def _predict_members(self, scan: Scan) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """The members' probabilities of voxels (M, n, size, size) and of slices (M, n)."""
        channels = neighbours(scan.slice_positions_mm, scan.n_slices, self._config.settings.neighbour_mm)
        voxels, slices = [], []
        for member in self._members:
            batches = [
                member(scan.voxels[channels[k : k + _BATCH]].astype(np.float32))
                for k in range(0, scan.n_slices, _BATCH)
            ]
            voxels.append(np.concatenate([one["probability"] for one in batches]))
            slices.append(np.concatenate([one["slice_probability"] for one in batches]))
        return np.stack(voxels), np.stack(slices)


def _identity_field(scan: Scan) -> tuple[NDArray[np.float32], Field]:
    """The voxels of a scan that is already resampled to the network's field, and the identity transform."""
    same = np.eye(scan.voxels.shape[1], dtype=np.float32)
    return scan.voxels.astype(np.float32), Field(same, same, same, same)
