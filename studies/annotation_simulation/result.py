"""The result files of a simulation."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ichor.annotate import labelling_time
from ichor.atomic import write_whole
from ichor.dataset.base import Dataset
from ichor.pages.pictures.style import png
from studies.annotation_simulation.config import DEFAULT, SimulationConfig
from studies.annotation_simulation.figures import learning_curves, subject_dice
from studies.annotation_simulation.page import PICTURE, conclusion, page
from studies.annotation_simulation.picture import learning_curve_figure
from studies.annotation_simulation.run import Repetition

SIMULATION = "simulation.json"


def write_result(
    config: SimulationConfig, dataset: Dataset, repetitions: Sequence[Repetition], out: Path, file: Path
) -> str:
    """Write simulation.json, README.md and learning-curves.png into `out`, and return the conclusion.

    `file` is the path of the config. The recorded command has only its name, since results are committed and must not
    contain paths of the machine.
    """
    words = ["python", "-m", "studies.annotation_simulation", "ct-ich", "--out", "DIR"]
    command = shlex.join(words if file == DEFAULT else [*words, "--config", file.name])
    found = {
        "experiment": config.name,
        "config": config.model_dump(mode="json"),
        "data": {"fingerprint": dataset.fingerprint},
        "labelling_time": {
            "open_s": labelling_time.OPEN_S,
            "slice_s": labelling_time.SLICE_S,
            "region_s": labelling_time.REGION_S,
            "outline_s_per_mm": labelling_time.OUTLINE_S_PER_MM,
        },
        **learning_curves(config, repetitions, dataset.excluded_from_overlap),
        "per_subject": subject_dice(config, repetitions),
        "made_by": {**_made_by(repetitions), "command": command, "reduced": config.reduced},
    }
    write_whole(out / PICTURE, png(learning_curve_figure(found)))
    write_whole(out / SIMULATION, json.dumps(found, indent=1))
    write_whole(out / "README.md", page(found))
    return conclusion(found)


def _made_by(repetitions: Sequence[Repetition]) -> dict[str, Any]:
    """The commits and machines of all rounds without duplicates, and the total seconds."""
    states = [state for one in repetitions for state in one.states.values()]
    return {
        "commit": ", ".join(dict.fromkeys(state.commit for state in states if state.commit)) or None,
        "hardware": "; ".join(dict.fromkeys(state.hardware for state in states)),
        "seconds": round(sum(state.seconds for state in states), 1),
    }
