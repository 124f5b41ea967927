"""Adds an int8 network to a model package, calibrated on the subjects that the model was trained on."""

from __future__ import annotations

import shutil
from pathlib import Path

from ichor.atomic import whole_folder
from ichor.dataset.base import Dataset
from ichor.dataset.case import Cases
from ichor.errors import BadConfig
from ichor.methods import load_model
from ichor.methods.capabilities import Quantizes, require
from ichor.models.known_answer import write_known_answer
from ichor.models.package import CARD, CONFIG, INT8, NETWORK, read_config, write_config, write_sums
from ichor.pages.card import write_card
from ichor.train.quantize import quantize_network


def quantize_package(package: Path, dataset: Dataset, *, runs: bool = True) -> None:
    """Add an int8 version of the package's fp32 network, and use it if `runs`, else keep using the fp32 network.

    An earlier int8 network is replaced. Raises BadConfig if the package's files do not match its checksums, if its
    method cannot be quantized, or if it was not trained on subjects of `dataset`.
    """
    package = package.resolve()
    method = require(load_model(package).method, Quantizes, "be quantized")
    slices = method.quantization_input(_training_cases(package, dataset))
    with whole_folder(package) as folder:
        shutil.copytree(package, folder, dirs_exist_ok=True)
        quantize_network(folder / NETWORK, slices, folder / INT8)
        write_known_answer(folder, [NETWORK, INT8])
        write_config(folder, read_config(folder).model_copy(update={"network": INT8 if runs else NETWORK}))
        if (folder / CARD).is_file():
            write_card(folder)
        write_sums(folder)


def _training_cases(package: Path, dataset: Dataset) -> Cases:
    training = read_config(package).training
    if training is None:
        raise BadConfig(f"{package / CONFIG}: expected the subjects it was trained on, found none")
    if training.fingerprint != dataset.fingerprint:
        raise BadConfig(
            f"{dataset.root}: expected the data that the package was trained on, {training.fingerprint[:12]}, "
            f"found {dataset.fingerprint[:12]}"
        )
    return dataset.cases(training.training_subjects)
