"""All systems that were run, with paired tests, as a page and a picture."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import yaml

from ichor.atomic import write_whole
from ichor.dataset.base import Dataset
from ichor.runs.compare import wilcoxon_dice
from ichor.runs.evaluate import results_in
from ichor.runs.files import METRICS, read_metrics
from studies.command import ROOT
from studies.reviewed_systems.page import page
from studies.reviewed_systems.picture import write_claims
from studies.reviewed_systems.system import System

REVIEW = ROOT / "docs" / "explanation" / "literature.yaml"
# Not of the review: the paper's own method, against which all are tested, and the model that ships.
REFERENCE, SHIPPED = ROOT / "results" / "paper-unet-tiles", ROOT / "results" / "ichor-1"


def write_comparison(out: Path, dataset: Dataset) -> None:
    """Write README.md and claims.png over the runs in `out`."""
    review = yaml.safe_load(REVIEW.read_text(encoding="utf-8"))
    papers = {name: row for table in ("detection", "segmentation") for row in review[table] for name in row["systems"]}
    runs = {file.parent.name: file.parent for file in sorted(out.glob(f"*/{METRICS}"))}
    missing = [name for name in papers if name not in {base_of(one) for one in runs}]
    runs |= {REFERENCE.name: REFERENCE, SHIPPED.name: SHIPPED}
    metrics = {name: read_metrics(folder) for name, folder in runs.items()}
    p_dice = _tests({name: folder for name, folder in runs.items() if metrics[name]["dice"]}, dataset)
    systems = [System(name, papers.get(base_of(name)), metrics[name], p_dice.get(name)) for name in runs]
    systems.sort(key=lambda one: (one.value("dice", "paper_average"), one.value("slice", "auc")), reverse=True)
    write_claims(out / "claims.png", systems)
    write_whole(out / "README.md", page(systems, missing, REFERENCE.name))


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


def _tests(runs: Mapping[str, Path], dataset: Dataset) -> dict[str, float]:
    """The corrected p of each run's Dice against the reference's, of those that segment."""
    reference = results_in(REFERENCE, dataset)
    others = {name: folder for name, folder in runs.items() if folder != REFERENCE}
    return holm({name: wilcoxon_dice(reference, results_in(folder, dataset))["p"] for name, folder in others.items()})
