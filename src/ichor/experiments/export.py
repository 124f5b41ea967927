"""From a run to a model package that can ship: network, configuration, figures, card and checksums."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from ichor import __version__
from ichor.atomic import whole_folder
from ichor.errors import BadConfig
from ichor.evaluate.files import METRICS
from ichor.experiments.card import model_card
from ichor.experiments.config import load_config
from ichor.experiments.fold import MODEL, fold_folder
from ichor.models.package import CONFIG, read_config, write_config, write_sums

CARD = "MODEL_CARD.md"


def export_run(run: Path, out: Path, name: str | None = None) -> None:
    """Write the package of the run's model to `out`, under `name` (the experiment's if None).

    Raises BadConfig where the run is not finished, has several folds (and so several models), or `out` exists.
    """
    if out.exists():
        raise BadConfig(f"{out}: expected a folder that does not exist yet, found one that does")
    config = load_config(str(run / CONFIG))
    if not (run / METRICS).is_file():
        raise BadConfig(f"{run}: expected a finished run with {METRICS}, found none; run `ichor train` to its end")
    metrics: dict[str, Any] = json.loads((run / METRICS).read_text(encoding="utf-8"))
    if len(metrics["folds"]) != 1:  # its figures would not be those of the model
        raise BadConfig(f"{run}: expected a run of one fold, found folds {', '.join(map(str, metrics['folds']))}")
    model = fold_folder(run, metrics["folds"][0]) / MODEL
    package = read_config(model).model_copy(update={"model": name or config.name, "version": __version__})

    with whole_folder(out) as folder:
        shutil.copytree(model, folder, dirs_exist_ok=True)
        write_config(folder, package)
        shutil.copyfile(run / METRICS, folder / METRICS)
        (folder / CARD).write_text(model_card(package, metrics), encoding="utf-8")
        write_sums(folder)
