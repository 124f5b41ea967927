from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from ichor.errors import BadConfig
from ichor.nets.slice_unet import SliceUNet
from ichor.train import devices
from ichor.train.checkpoint import CHECKPOINT, HISTORY, WEIGHTS
from ichor.train.forward import TorchForward
from ichor.train.loop import train
from ichor.train.optimizer import learning_rate
from ichor.train.samples import SliceSamples
from ichor.train.settings import AugmentationSettings, TrainingSettings

SETTINGS = TrainingSettings(
    epochs=4,
    batch=4,
    optimizer="adamw",
    learning_rate=1e-3,
    schedule="cosine",
    loss="tversky",
    slice_loss=0.5,
    average_decay=0.9,
    keep="last",
    seed=5,
    augmentation=AugmentationSettings(flip=True, noise_hu=3),
)


class Stopped(Exception):
    pass


def _samples() -> SliceSamples:
    rng = np.random.default_rng(0)
    hu = rng.normal(30, 5, (12, 32, 32)).astype(np.int16)
    mask = np.zeros(hu.shape, bool)
    mask[:5, 8:16, 8:16] = True
    hu[mask] += 40
    return SliceSamples(hu, np.tile(np.arange(12)[:, None], 3), mask, mask.any(axis=(1, 2))[:, None], negatives=1.0)


def _network() -> nn.Module:
    torch.manual_seed(1)
    return SliceUNet((4, 4, 4, 4), dropout=0.3)


def _never(_network: nn.Module) -> dict[str, float]:
    raise AssertionError("nothing was left to validate")


def _constant(_network: nn.Module) -> dict[str, float]:
    return {"score": 0.5}


def test_an_interrupted_run_continues_to_the_same_weights(tmp_path: Path) -> None:
    whole = train(_network(), _samples(), _constant, SETTINGS, tmp_path / "whole")

    calls = []

    def stop_at_the_third(_network: nn.Module) -> dict[str, float]:
        calls.append(1)
        if len(calls) == 3:
            raise Stopped
        return {"score": 0.5}

    with pytest.raises(Stopped):
        train(_network(), _samples(), stop_at_the_third, SETTINGS, tmp_path / "parts")
    assert len((tmp_path / "parts" / HISTORY).read_text().splitlines()) == 2
    assert not (tmp_path / "parts" / WEIGHTS).exists()
    torch.manual_seed(99)  # nothing outside the checkpoint may matter
    resumed = train(_network(), _samples(), _constant, SETTINGS, tmp_path / "parts")

    for (name, one), other in zip(whole.state_dict().items(), resumed.state_dict().values(), strict=True):
        assert torch.equal(one, other), name
    losses = [
        [json.loads(line)["loss"] for line in (tmp_path / run / HISTORY).read_text().splitlines()]
        for run in ("whole", "parts")
    ]
    assert losses[0] == losses[1]
    assert len(losses[0]) == 4


def test_a_finished_run_is_not_trained_again(tmp_path: Path) -> None:
    first = train(_network(), _samples(), _constant, SETTINGS, tmp_path)
    (tmp_path / CHECKPOINT).unlink()
    torch.manual_seed(3)
    again = train(SliceUNet((4, 4, 4, 4)), _samples(), _never, SETTINGS, tmp_path)
    for one, other in zip(first.state_dict().values(), again.state_dict().values(), strict=True):
        assert torch.equal(one, other)
        assert one.stride() == other.stride()
    hu = np.random.default_rng(1).normal(30, 20, (5, 3, 32, 32)).astype(np.float32)
    for name, found in TorchForward(first)(hu).items():
        assert np.array_equal(TorchForward(again)(hu)[name], found), name


def test_it_learns(tmp_path: Path) -> None:
    settings = SETTINGS.model_copy(update={"epochs": 30, "learning_rate": 5e-3, "validate_every": 30})
    train(_network(), _samples(), _constant, settings, tmp_path)
    losses = [json.loads(line)["loss"] for line in (tmp_path / HISTORY).read_text().splitlines()]
    assert np.mean(losses[-3:]) < 0.7 * np.mean(losses[:3])


def test_it_stops_early_and_keeps_the_best(tmp_path: Path) -> None:
    settings = SETTINGS.model_copy(update={"epochs": 9, "patience": 2, "keep": "best", "average_decay": None})
    seen: list[dict[str, torch.Tensor]] = []
    scores = iter([0.1, 0.6, 0.5, 0.4])

    def validate(network: nn.Module) -> dict[str, float]:
        seen.append({name: value.clone() for name, value in network.state_dict().items()})
        return {"score": next(scores)}

    kept = train(_network(), _samples(), validate, settings, tmp_path)
    rows = [json.loads(line) for line in (tmp_path / HISTORY).read_text().splitlines()]
    assert [row["score"] for row in rows] == [0.1, 0.6, 0.5, 0.4]
    assert all(torch.equal(value, seen[1][name]) for name, value in kept.state_dict().items())


@pytest.mark.parametrize("finished", [True, False])
@pytest.mark.parametrize("change", [{"seed": 6}, {"average_decay": None}], ids=str)
def test_networks_from_other_settings_are_refused(tmp_path: Path, change: dict[str, object], finished: bool) -> None:
    settings = SETTINGS.model_copy(update={"epochs": 1})
    train(_network(), _samples(), _constant, settings, tmp_path)
    if not finished:
        (tmp_path / WEIGHTS).unlink()
    with pytest.raises(BadConfig, match="expected a training with the settings"):
        train(_network(), _samples(), _constant, settings.model_copy(update=change), tmp_path)


def test_a_loss_that_is_not_a_number_stops_the_run(tmp_path: Path) -> None:
    network = _network()
    with torch.no_grad():
        next(network.parameters()).fill_(float("nan"))
    with pytest.raises(BadConfig, match="expected a finite loss, found nan in epoch 1"):
        train(network, _samples(), _constant, SETTINGS, tmp_path)


def test_bf16_runs(tmp_path: Path) -> None:
    settings = SETTINGS.model_copy(update={"precision": "bf16-mixed", "epochs": 1})
    network = train(_network(), _samples(), _constant, settings, tmp_path)
    assert next(network.parameters()).dtype == torch.float32
    assert all(torch.isfinite(p).all() for p in network.parameters())


@pytest.mark.parametrize(("has_bf16", "precision"), [(True, "bf16-mixed"), (False, "32-true")])
def test_bf16_is_replaced_by_fp32_on_a_processor_without_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_bf16: bool, precision: str
) -> None:
    monkeypatch.setattr(devices, "has_bf16", lambda: has_bf16)
    settings = SETTINGS.model_copy(update={"precision": "bf16-mixed", "epochs": 1})
    train(_network(), _samples(), _constant, settings, tmp_path)
    (epoch,) = (json.loads(line) for line in (tmp_path / HISTORY).read_text(encoding="utf-8").splitlines())
    assert epoch["precision"] == precision


def test_learning_rates_are_those_of_the_schedules() -> None:
    steps, epochs = 10, 20

    def rates(schedule: str) -> list[float]:
        s = TrainingSettings(epochs=epochs, learning_rate=1e-3, schedule=schedule)  # type: ignore[arg-type]
        return [learning_rate(s, e, i, steps) for e in range(epochs) for i in range(steps)]

    assert set(rates("constant")) == {1e-3}
    cosine = rates("cosine")
    assert int(np.argmax(cosine)) in (19, 20)
    assert max(cosine) == pytest.approx(1e-3)
    assert cosine[-1] < 1e-5
    keras = [1e-3 / (1 + 1e-3 / epochs * i) for i in range(steps * epochs)]
    assert rates("inverse-time") == pytest.approx(keras)


_TWO_RANKS = """
import hashlib, os, sys
from pathlib import Path
import torch
from test_loop import SETTINGS, _constant, _samples
from ichor.nets.slice_unet import SliceUNet
from ichor.train import loop

loop.finished = lambda network, settings, folder: network  # as each rank has it, not as the first one saved it
torch.manual_seed(int(os.environ["RANK"]))  # ranks that start apart must not stay apart
network = SliceUNet((4, 4, 4, 4), dropout=0.3)
trained = loop.train(network, _samples(), _constant, SETTINGS.model_copy(update={"epochs": 2}), Path(sys.argv[1]))
values = b"".join(value.detach().numpy().tobytes() for value in trained.parameters())
Path(sys.argv[1]).with_name("rank-" + os.environ["RANK"]).write_text(hashlib.sha256(values).hexdigest())
"""


@pytest.mark.long
def test_two_ranks_keep_the_same_weights(tmp_path: Path) -> None:
    script = tmp_path / "two_ranks.py"
    script.write_text(_TWO_RANKS)
    words = ["--standalone", "--nproc-per-node", "2", str(script), str(tmp_path / "run")]
    done = subprocess.run(
        [sys.executable, "-m", "torch.distributed.run", *words],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(Path(__file__).resolve().parent)},
    )
    assert done.returncode == 0, done.stderr
    # Files, not prints: two ranks share one pipe, and what they print may run together.
    hashes = [(tmp_path / f"rank-{rank}").read_text() for rank in range(2)]
    assert hashes[0] == hashes[1]
