"""A reviewed system: what its paper claims, and its figures on the dataset."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ichor.pages.words import Figure, figure_at
from ichor.subtypes import Subtype

DETECTION = ("slice", "scan", "subtype_auc")


@dataclass(frozen=True, slots=True)
class System:
    """A system with its figures on the dataset.

    Attributes:
        name: of the experiment.
        paper: its row in the paper's Tables 1 and 2; None for what the paper does not review.
        metrics: of the cross-validation, as in metrics.json.
        seconds: that one scan takes, the median of those that were timed; None if none was.
        p_dice: of Wilcoxon's signed-rank test of the subjects' Dice against the reference's, with Holm's correction for
            the number of systems; None for the reference, a detector and a semi-automatic system.
        level: what it judges, "slice" or "scan"; a system for scans gives all slices of a scan the same probability.
    """

    name: str
    paper: Mapping[str, Any] | None
    metrics: Mapping[str, Any]
    seconds: float | None
    p_dice: float | None
    level: Literal["slice", "scan"] = "slice"

    def figure(self, *keys: str) -> Figure | None:
        """A figure of metrics.json; None if it is not defined, or if seeds decide it."""
        return None if self.seeded and keys[0] in DETECTION else figure_at(self.metrics, *keys)

    def value(self, *keys: str) -> float:
        """The value of a figure; below all others if it is not defined."""
        figure = self.figure(*keys)
        return -1.0 if figure is None else float(figure["value"])

    @property
    def claimed(self) -> Mapping[str, float]:
        """The figures that the paper's review reports, by name; `auc`, `sensitivity` and `specificity` of detection."""
        return {} if self.paper is None else self.paper.get("claimed", {})

    @property
    def reduced(self) -> bool:
        """Whether it is a smaller version of what was published."""
        return bool(self.metrics["made_by"]["reduced"])

    @property
    def seeded(self) -> bool:
        """Whether it is semi-automatic: seeds from the delineation told it where hemorrhage is."""
        return bool(self.metrics["made_by"].get("seeded"))

    @property
    def training_auc(self) -> float | None:
        """The mean over the folds of the AUC of its level on training subjects, where the method measures it."""
        parameters = self.metrics["made_by"].get("parameters", {}).values()
        found = [one.get("on_training_subjects", {}).get(f"{self.level}_auc") for one in parameters]
        known = [auc for auc in found if auc is not None]
        return sum(known) / len(known) if known else None

    @property
    def only_subtype(self) -> str | None:
        """The subtype that it names, if it names no other; all slices are equal in the others, so their AUC is 0.5."""
        figures = {subtype.value: self.figure("subtype_auc", subtype.value) for subtype in Subtype}
        named = [name for name, figure in figures.items() if figure is not None and figure["value"] != 0.5]
        return named[0] if len(named) == 1 else None

    @property
    def parameters(self) -> int | None:
        """The number of weights of its networks, where it has any."""
        found = [one.get("n_parameters") for one in self.metrics["made_by"].get("parameters", {}).values()]
        return next((one for one in found if one is not None), None)


def seconds_text(seconds: float) -> str:
    """Seconds with one decimal, or two below a tenth."""
    return f"{seconds:.2f}" if seconds < 0.1 else f"{seconds:.1f}"
