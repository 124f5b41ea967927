from __future__ import annotations

import pytest
import torch
from torch import Tensor

from ichor.train.losses import loss_of
from ichor.train.samples import Batch
from ichor.train.settings import TrainingSettings

ALPHA, BETA = 0.3, 0.7


def settings(**more: object) -> TrainingSettings:
    words = {"epochs": 1, "batch": 3, "learning_rate": 0.1, "loss": "tversky"}
    return TrainingSettings.model_validate({**words, **more})


def tversky(logits: Tensor, mask: Tensor) -> float:
    """By its definition, over all that is given."""
    p = logits.sigmoid()
    hit, false, missed = (p * mask).sum(), (p * (1 - mask)).sum(), ((1 - p) * mask).sum()
    return float(1 - hit / (hit + ALPHA * false + BETA * missed))


@pytest.fixture
def batch() -> Batch:
    """A large hemorrhage, a small one, and a slice without."""
    mask = torch.zeros(3, 1, 16, 16)
    mask[0, 0, 2:14, 2:14], mask[1, 0, 5:7, 5:7] = 1, 1
    return Batch(torch.zeros(3, 3, 16, 16), mask, torch.tensor([1.0, 1.0, 0.0]))


def test_the_loss_of_each_slice_is_the_mean_over_those_with_hemorrhage(batch: Batch) -> None:
    logits = torch.randn(3, 1, 16, 16, generator=torch.Generator().manual_seed(0))
    outputs = {"logits": logits, "slice_logits": torch.zeros(3)}
    plain, with_each = (float(loss_of(outputs, batch, settings(each_slice=weight))) for weight in (0.0, 0.5))
    entropy = torch.nn.functional.binary_cross_entropy_with_logits(logits, batch.mask)
    assert plain == pytest.approx(float(entropy) + tversky(logits, batch.mask), rel=1e-4)
    each = [tversky(logits[k], batch.mask[k]) for k in (0, 1)]
    assert with_each == pytest.approx(plain + 0.5 * sum(each) / 2, rel=1e-4)


def test_missing_the_small_one_costs_as_much_as_missing_the_large_one(batch: Batch) -> None:
    def missing(k: int, **more: object) -> float:
        logits = 20 * batch.mask - 10
        logits[k] = -10
        return float(loss_of({"logits": logits, "slice_logits": torch.zeros(3)}, batch, settings(**more)))

    assert missing(1) < 0.2 * missing(0)
    of_large, of_small = (missing(k, each_slice=1.0) - missing(k) for k in (0, 1))
    assert of_small == pytest.approx(of_large, rel=0.01)


def test_a_batch_without_hemorrhage_has_no_loss_of_each_slice(batch: Batch) -> None:
    empty = Batch(batch.hu, torch.zeros_like(batch.mask), torch.zeros(3))
    outputs = {"logits": torch.zeros(3, 1, 16, 16), "slice_logits": torch.zeros(3)}
    assert loss_of(outputs, empty, settings(each_slice=1.0)) == loss_of(outputs, empty, settings())
