"""All systems that were run, with paired tests, as a page and a picture."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
import yaml

from ichor.atomic import write_whole
from ichor.dataset.tables import read_rows
from ichor.evaluate.paired import signed_rank_p
from ichor.models.package import DEFAULT_MODEL
from ichor.runs.files import METRICS, SCORES, read_metrics
from studies.command import ROOT
from studies.reviewed_systems.examples import EXAMPLES, read_examples
from studies.reviewed_systems.lessons import lessons
from studies.reviewed_systems.page import page
from studies.reviewed_systems.picture import write_claims
from studies.reviewed_systems.system import System
from studies.reviewed_systems.timing import seconds_in

REVIEW = ROOT / "docs" / "explanation" / "literature.yaml"
# Not of the review: the paper's own method, against which all are tested, and the model that ships.
REFERENCE, SHIPPED = ROOT / "results" / "paper-unet-tiles", ROOT / "results" / DEFAULT_MODEL


def write_comparison(out: Path) -> None:
    """Write README.md and claims.png over the runs in `out`."""
    systems = systems_in(out)
    missing = [name for name in _papers() if name not in {base_of(one.name) for one in systems}]
    write_claims(out / "claims.png", systems)
    examples = read_examples(out) if (out / EXAMPLES).is_file() else []
    titles, taught = [one.title for one in examples], lessons(systems, (REFERENCE.name, SHIPPED.name))
    write_whole(out / "README.md", page(systems, missing, REFERENCE.name, titles, taught))


def row_of(experiment: str) -> str:
    """The name of an experiment's row; that of the reference is the name of its folder."""
    return REFERENCE.name if experiment == read_metrics(REFERENCE)["experiment"] else experiment


def folders_of_rows(out: Path) -> list[Path]:
    """The results that are rows of the table, in its order."""
    others = {one.name: one for one in (REFERENCE, SHIPPED)}
    return [others.get(one.name, out / one.name) for one in systems_in(out)]


def systems_in(out: Path) -> list[System]:
    """All systems that were run, the best Dice first, then those that only detect."""
    runs = {file.parent.name: file.parent for file in sorted(out.glob(f"*/{METRICS}"))}
    runs |= {REFERENCE.name: REFERENCE, SHIPPED.name: SHIPPED}
    metrics, papers = {name: read_metrics(folder) for name, folder in runs.items()}, _papers()
    p_dice = _tests(metrics)
    systems = [
        System(
            name, papers.get(base_of(name)), metrics[name], seconds_in(out / name), p_dice.get(name), level_of(folder)
        )
        for name, folder in runs.items()
    ]
    return sorted(
        systems, key=lambda one: (one.value("dice", "paper_average"), one.value("slice", "auc")), reverse=True
    )


def level_of(folder: Path) -> Literal["slice", "scan"]:
    """What the system of a result judges: scans, if each of them has one probability in all its slices."""
    seen: dict[str, set[str]] = {}
    for _, row in read_rows(folder / SCORES, ("subject", "probability")):
        seen.setdefault(row["subject"], set()).add(row["probability"])
    return "scan" if all(len(one) == 1 for one in seen.values()) else "slice"


def _papers() -> dict[str, Any]:
    """For each reviewed system, the row of its paper in the review."""
    review = yaml.safe_load(REVIEW.read_text(encoding="utf-8"))
    return {name: row for table in ("detection", "segmentation") for row in review[table] for name in row["systems"]}


def base_of(name: str) -> str:
    """The system that an experiment runs: its name without the mark of a smaller version."""
    return name.removesuffix("-reduced")


def holm(p_values: Mapping[str, float]) -> dict[str, float]:
    """Holm's step-down correction (Scandinavian Journal of Statistics 6:65, 1979) of p-values."""
    corrected: dict[str, float] = {}
    largest = 0.0
    for rank, name in enumerate(sorted(p_values, key=p_values.__getitem__)):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[name]))
        corrected[name] = largest
    return corrected


def _tests(metrics: Mapping[str, Mapping[str, Any]]) -> dict[str, float]:
    """The corrected p of the subjects' Dice of each run against the reference's, of those that segment unaided."""
    tested = {name: one for name, one in metrics.items() if one["dice"] and not one["made_by"].get("seeded")}
    dice = {name: _dice_by_subject(one) for name, one in tested.items()}
    reference = dice.pop(REFERENCE.name)
    shared = {name: sorted(reference.keys() & one) for name, one in dice.items()}
    return holm(
        {
            name: signed_rank_p(np.array([one[subject] - reference[subject] for subject in shared[name]]))
            for name, one in dice.items()
        }
    )


def _dice_by_subject(metrics: Mapping[str, Any]) -> dict[str, float]:
    return {subject: one["dice"] for subject, one in metrics["per_subject"].items()}
