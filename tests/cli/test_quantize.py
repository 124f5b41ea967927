"""`ichor quantize` as a process, on a tiny package and a made dataset."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from ichor.dataset.ct_ich import CtIch
from ichor.methods import load_model
from ichor.methods.unet_slices.method import UNetSlices
from ichor.models.engine import Engine
from ichor.models.package import Training, read_config, verify, write_config, write_sums
from ichor.pages.card import write_card
from quantized_weights import LARGEST, weights_of
from synthetic_ct_ich import write_ct_ich
from synthetic_metrics import synthetic_metrics
from untrained_package import write_package
from warm import ichor


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> CtIch:
    return CtIch(write_ct_ich(tmp_path_factory.mktemp("data") / "ct-ich", {"049": 3, "050": 0, "051": 2}))


@pytest.fixture(scope="module")
def package(dataset: CtIch, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package that says it was trained on two of the dataset's subjects."""
    folder = write_package(tmp_path_factory.mktemp("package") / "package")
    training = Training(
        experiment="made",
        fingerprint=dataset.fingerprint,
        fold=1,
        training_subjects=("049", "050"),
        validation_subjects=(),
        test_subjects=("051",),
    )
    write_config(folder, read_config(folder).model_copy(update={"training": training}))
    (folder / "metrics.json").write_text(json.dumps(synthetic_metrics()))
    write_card(folder)
    write_sums(folder)
    return folder


@pytest.fixture(scope="module")
def quantized(package: Path, dataset: CtIch, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same after `ichor quantize`."""
    folder = shutil.copytree(package, tmp_path_factory.mktemp("quantized") / "package")
    done = quantize(folder, dataset.root)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{folder}: int8 network written; it is used from now on\n"
    return folder


def quantize(package: Path, data: Path, *more: str) -> subprocess.CompletedProcess[str]:
    return ichor("quantize", package, "--data", data, *more)


def test_the_int8_network_is_the_one_that_runs(package: Path, quantized: Path) -> None:
    verify(quantized)
    assert {file.name for file in quantized.iterdir()} == {
        *("model.onnx", "model.int8.onnx"),
        *("config.yaml", "metrics.json", "MODEL_CARD.md", "SHA256SUMS", "known-answer.npz"),
    }
    before, card = ((one / "MODEL_CARD.md").read_text() for one in (package, quantized))
    assert card.startswith(f"{before}\n## In int8\n\nThe network that runs, `model.int8.onnx`, is")
    assert (quantized / "model.onnx").read_bytes() == (package / "model.onnx").read_bytes()
    assert read_config(quantized) == read_config(package).model_copy(update={"network": "model.int8.onnx"})
    method = load_model(quantized).method
    assert isinstance(method, UNetSlices)
    assert isinstance(method.forward, Engine)
    assert method.forward.path == quantized / "model.int8.onnx"


def test_no_sum_of_it_saturates_on_any_processor(quantized: Path) -> None:
    weights = weights_of(quantized / "model.int8.onnx")
    assert len(weights) > 20
    assert max(int(np.abs(of).max()) for of in weights.values()) == LARGEST


def test_it_is_quantized_again_and_saved_again(quantized: Path, dataset: CtIch, tmp_path: Path) -> None:
    again = shutil.copytree(quantized, tmp_path / "again")
    assert quantize(again, dataset.root).returncode == 0
    for name in ("model.int8.onnx", "known-answer.npz", "config.yaml", "MODEL_CARD.md", "SHA256SUMS"):
        assert (again / name).read_bytes() == (quantized / name).read_bytes()
    load_model(again).method.save(tmp_path / "saved")
    assert read_config(tmp_path / "saved").network == "model.int8.onnx"
    assert (tmp_path / "saved/model.int8.onnx").read_bytes() == (quantized / "model.int8.onnx").read_bytes()


def test_it_may_be_stored_next_to_the_network_in_fp32(quantized: Path, dataset: CtIch, tmp_path: Path) -> None:
    folder = shutil.copytree(quantized, tmp_path / "package")
    done = quantize(folder, dataset.root, "--beside")
    assert (done.returncode, done.stdout) == (0, f"{folder}: int8 network written; the fp32 network stays in use\n")
    verify(folder)
    assert read_config(folder).network == "model.onnx"
    assert (folder / "model.int8.onnx").read_bytes() == (quantized / "model.int8.onnx").read_bytes()
    assert "is not the network that runs by default" in " ".join((folder / "MODEL_CARD.md").read_text().split())


def test_other_data_than_it_was_trained_on_is_refused(package: Path, tmp_path: Path) -> None:
    other = write_ct_ich(tmp_path / "other", {"049": 1, "050": 0})
    before = sorted(file.read_bytes() for file in package.iterdir())
    done = quantize(package, other)
    assert done.returncode == 2
    assert done.stderr.startswith(f"ichor: {other}: expected the data that the package was trained on, ")
    assert len(done.stderr.splitlines()) == 1
    assert sorted(file.read_bytes() for file in package.iterdir()) == before


def test_a_package_that_was_trained_on_nobody_is_refused(dataset: CtIch, tmp_path: Path) -> None:
    folder = write_package(tmp_path / "package")
    done = quantize(folder, dataset.root)
    assert done.returncode == 2
    assert done.stderr == f"ichor: {folder}/config.yaml: expected the subjects it was trained on, found none\n"
