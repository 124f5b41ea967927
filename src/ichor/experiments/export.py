"""Exports a run as a model package that can ship: network, configuration, metrics, card and checksums."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from ichor.atomic import whole_folder
from ichor.errors import BadConfig
from ichor.experiments.config import load_config
from ichor.experiments.crossed import MODEL
from ichor.experiments.final import ALL, OUT_OF_FOLD, is_final
from ichor.experiments.fold import fold_folder
from ichor.models.known_answer import write_known_answer
from ichor.models.package import CONFIG, MADE_BY, NETWORK, read_config, write_config, write_sums
from ichor.models.reference import copy_reference
from ichor.models.verdict import read_verdict_rule, write_verdict_rule
from ichor.pages.card import write_card
from ichor.runs.about import ABOUT
from ichor.runs.files import METRICS
from ichor.version import __version__


def export_run(run: Path, out: Path, name: str | None = None) -> None:
    """Write the package of the run's model to `out`, under `name` (the experiment's if None).

    `run` is a run of a single fold, or one on all subjects with the metrics of cross-validation over five folds. The
    texts of its about.yaml, if any, go onto the card; the thresholds of its verdict.json and the probabilities in its
    scan_scores.csv, if any, into the package. Raises BadConfig if the run is not finished or has several folds (and so
    several models), or if `out` exists.
    """
    if out.exists():
        raise BadConfig(f"{out}: expected a folder that does not exist yet, found one that does")
    config = load_config(str(run / CONFIG))
    figures = run / (OUT_OF_FOLD if is_final(run) else METRICS)
    if not figures.is_file():
        raise BadConfig(f"{run}: expected a finished run with {figures.name}, found none; run `ichor train` to its end")
    metrics: dict[str, Any] = json.loads(figures.read_text(encoding="utf-8"))
    fitted = run / ALL if is_final(run) else _only_fold(run, metrics["folds"])
    package = read_config(fitted / MODEL).model_copy(update={"model": name or config.name, "version": __version__})

    with whole_folder(out) as folder:
        shutil.copytree(fitted / MODEL, folder, dirs_exist_ok=True)
        write_config(folder, package)
        shutil.copyfile(figures, folder / METRICS)
        write_verdict_rule(folder, read_verdict_rule(run))
        copy_reference(run, folder)
        if is_final(run):  # the metrics, and the record of how they were made, are those of the five folds' models
            shutil.copyfile(fitted / MADE_BY, folder / MADE_BY)
        if (run / ABOUT).is_file():
            shutil.copyfile(run / ABOUT, folder / ABOUT)
        write_card(folder)
        if (folder / NETWORK).is_file():  # some methods have none
            write_known_answer(folder, [NETWORK])
        write_sums(folder)


def _only_fold(run: Path, folds: list[int]) -> Path:
    """The folder of the run's only fold. Raises BadConfig if it has several: their metrics belong to several models."""
    if len(folds) != 1:
        raise BadConfig(
            f"{run}: expected a run of one fold or on all subjects, found folds {', '.join(map(str, folds))}"
        )
    return fold_folder(run, folds[0])
