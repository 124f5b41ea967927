"""What rates an epoch on the validation subjects, and what a part is trained on."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import nn

from ichor.methods.deep.fit import Part, n_parameters, samples_of, validator
from ichor.methods.deep.prepared import Prepared
from ichor.methods.deep.views import Scans, Slices, Volume
from ichor.train.settings import TrainingSettings


def case(subject: str, values: list[int], positive: list[int], subtype: int = 1) -> Prepared:
    """Slices of 16 x 16 pixels of constant HU; the positive ones have a mask in their upper half."""
    n = len(values)
    labels, mask = np.zeros((n, 5), bool), np.zeros((n, 16, 16), bool)
    labels[positive, subtype] = True
    mask[positive, :8] = True
    hu = np.broadcast_to(np.array(values, np.int16)[:, None, None], (n, 16, 16))
    return Prepared(subject, False, np.ascontiguousarray(hu), mask, labels, np.arange(n) * 5.0, 180.0)


CASES = [case("049", [0, 2, 4], [1, 2]), case("050", [1, 1, 3], [2], subtype=0), case("051", [-1, 0, 1], [])]


class Mean(nn.Module):
    """Logits are the mean HU of an example; voxels' logits are positive in the upper half of slices above 1.5 HU."""

    input_channels = 1

    def __init__(self) -> None:
        super().__init__()
        self.unused = nn.Parameter(torch.zeros(3))

    def forward(self, hu: torch.Tensor) -> dict[str, torch.Tensor]:
        mean = hu.mean(dim=(1, 2, 3))
        upper = torch.zeros_like(hu[:, :1])
        upper[:, :, :8] = 4
        subtypes = torch.stack([-mean, mean, *[torch.zeros_like(mean)] * 3], dim=1)
        return {
            "slice_logits": mean,
            "scan_logits": mean,
            "subtype_logits": subtypes,
            "logits": torch.where(mean[:, None, None, None] > 1.5, upper - 2, -2.0),
        }


def part(chosen_by: str, view: Slices | Volume) -> Part:
    return Part("network", lambda _: Mean(), view, TrainingSettings(), chosen_by=chosen_by)


def test_slices_are_rated_by_their_auc() -> None:
    # Positive at 2, 4 and 3; negative at 0, 1, 1, -1, 0 and 1.
    assert validator(part("slices", Slices()), CASES)(Mean())["score"] == 1
    assert validator(part("slices", Slices()), CASES[2:])(Mean())["score"] == 0  # one class only


def test_subtypes_are_rated_on_slices_with_hemorrhage() -> None:
    # Of these, those with the second subtype are at 2 and 4 and the one with the first is at 3: half in order.
    assert validator(part("subtypes", Slices()), CASES)(Mean())["score"] == pytest.approx(0.5)


def test_voxels_are_rated_by_the_mean_dice() -> None:
    assert validator(part("voxels", Slices()), CASES)(Mean())["score"] == pytest.approx(1)


def test_scans_are_rated_by_cross_entropy_with_both_classes_weighted_equally() -> None:
    def loss(logit: float) -> float:
        return math.log1p(math.exp(-logit))

    found = validator(part("scans", Volume(3)), CASES)(Mean())
    assert found["score"] == pytest.approx(-((loss(2) + loss(5 / 3)) / 2 + loss(0)) / 2, rel=1e-5)
    assert found["scan_auc"] == 1


@pytest.mark.parametrize(
    ("view", "shape"),
    [(Slices(reach=2), (2, 5, 16, 16)), (Scans(), (3, 1, 16, 16)), (Volume(4), (2, 4, 16, 16))],
    ids=str,
)
def test_examples_are_as_the_view_shows_them(view: Slices | Volume, shape: tuple[int, ...]) -> None:
    samples = samples_of(view, CASES, negatives=1.0)
    n = 1 if isinstance(view, Scans) else 2
    assert tuple(samples.batch(np.arange(n), torch.device("cpu")).hu.shape) == shape


def test_shared_weights_count_once() -> None:
    one = Mean()
    assert n_parameters([one, one, Mean()]) == 6
