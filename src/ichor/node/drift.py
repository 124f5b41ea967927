"""Drift: the results of a node by week, against those of the scans that its model was tested on or validated on."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from ichor.evaluate.drift import ALPHA, FEWEST, Drift, Figure, Scored, drift, mean, share
from ichor.findings.schema import NOTICE
from ichor.findings.verdict import Tier
from ichor.models.package import find_package
from ichor.node.config import NodeConfig
from ichor.node.queue.queue import Queue
from ichor.node.queue.scores import Score
from ichor.node.reference import NodeReference, reference_of
from ichor.screening.inputs import content_sha256

WEEKS = 26
WEEK_S = 7 * 24 * 3600.0


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Compared(_Part):
    """Results of a time, and their difference from the reference."""

    week: str = Field(description="ISO 8601, in UTC, as in 2026-W09; empty for all weeks together.")
    n: int = Field(description="How many studies have a result.")
    positives: Figure = Field(description="The share of them in which hemorrhage is suspected.")
    mean_probability: Figure = Field(description="The mean of the scans' probabilities.")
    warned: Figure = Field(description="The share of them with warnings.")
    rejected: Figure = Field(description="The share that people rejected or corrected, of those that they decided on.")
    p_positives: float | None = Field(description="Of Fisher's exact test; null with too few scans or no reference.")
    p_probabilities: float | None = Field(description="Of the two-sample Kolmogorov-Smirnov test; null likewise.")
    differs: bool = Field(description="Whether a p-value is below the level.")


class ReferenceFigures(_Part):
    """The scans of the reference: those that the model's recipe was tested on, or those of the node's validation."""

    what: str = Field(description="Which scans they are.")
    n: int
    with_hemorrhage: int | None = Field(description="How many show hemorrhage; null if that is not known.")
    positives: Figure
    mean_probability: Figure


class DriftReport(_Part):
    """Drift over the last weeks."""

    notice: str
    model: str
    reference: ReferenceFigures | None
    level: float = Field(description="A p-value below this is a difference: 0.05 divided by the number of tests made.")
    weeks: tuple[Compared, ...] = Field(description="Those with results, the oldest first.")
    whole: Compared = Field(description="All of them together.")
    statements: tuple[str, ...] = Field(description="What to bear in mind, in sentences.")


def drift_of(queue: Queue, config: NodeConfig, now: float | None = None) -> DriftReport:
    """The drift of a node's results over the last 26 weeks. Raises as `ichor.node.reference.reference_of`."""
    package = find_package(config.screening.model)
    first = (time.time() if now is None else now) - WEEKS * WEEK_S
    scores, others = queue.scores.since(first, content_sha256(package))
    return report(package.name, reference_of(config), scores, others)


def report(model: str, reference: NodeReference | None, scores: Sequence[Score], others: int) -> DriftReport:
    """The report on scores of a model; `others` is the number of results that it did not give."""
    weeks: dict[str, list[Score]] = {}
    for one in scores:
        weeks.setdefault(_week(one.ended_at), []).append(one)
    drifts = {week: _drift(some, reference) for week, some in {**weeks, "": list(scores)}.items()}
    level = ALPHA / max(1, sum(len(one.p_values) for one in drifts.values()))
    compared = {week: _compared(week, weeks.get(week, scores), one, level) for week, one in drifts.items()}
    whole = compared.pop("")
    return DriftReport(
        notice=NOTICE,
        model=model,
        reference=None if reference is None else _figures(reference),
        level=level,
        weeks=tuple(compared.values()),
        whole=whole,
        statements=tuple(_statements(whole, reference, level, others)),
    )


def _scored(scores: Sequence[Score]) -> Scored:
    return Scored(
        np.array([one.probability for one in scores], np.float64),
        np.array([one.verdict == Tier.SUSPECTED for one in scores], bool),
    )


def _drift(scores: Sequence[Score], reference: NodeReference | None) -> Drift:
    return Drift(None, None) if reference is None else drift(_scored(scores), reference.scans)


def _compared(week: str, scores: Sequence[Score], found: Drift, level: float) -> Compared:
    scored, n = _scored(scores), len(scores)
    decisions = [one.decision for one in scores if one.decision is not None]
    return Compared(
        week=week,
        n=n,
        positives=share(int(scored.positive.sum()), n),
        mean_probability=mean(scored.probability),
        warned=share(sum(one.warnings > 0 for one in scores), n),
        rejected=share(sum(one != "accept" for one in decisions), len(decisions)),
        p_positives=found.positives,
        p_probabilities=found.probabilities,
        differs=any(p < level for p in found.p_values),
    )


def _figures(reference: NodeReference) -> ReferenceFigures:
    scans = reference.scans
    return ReferenceFigures(
        what=reference.what,
        n=len(scans),
        with_hemorrhage=reference.with_hemorrhage,
        positives=share(int(scans.positive.sum()), len(scans)),
        mean_probability=mean(scans.probability),
    )


def _statements(whole: Compared, reference: NodeReference | None, level: float, others: int) -> list[str]:
    said = []
    if others:
        count = "1 result is" if others == 1 else f"{others} results are"
        said.append(f"{count} left out: from another model or an earlier version of Ichor.")
    if reference is None:
        return [*said, "The model has no reference to compare with: only the node's own weeks can be compared."]
    if whole.n < FEWEST:
        said.append(f"There are too few scans for a test: {whole.n}, and a test needs {FEWEST}.")
    else:
        said.append(
            f"Weeks with fewer than {FEWEST} scans are not tested. A difference is a p-value below {level:.2g}, which "
            "is 0.05 divided by the number of tests."
        )
    if reference.with_hemorrhage is None or reference.without is None:
        return said
    with_it, without = reference.with_hemorrhage, reference.without
    said.append(
        f"Hemorrhage is in {with_it} of the {with_it + without} scans of the reference. Where it is rarer, fewer "
        "positives and lower probabilities are to be expected: a difference from the reference need not be a fault."
    )
    if reference.sensitivity is None or reference.specificity is None:
        return said
    low, high = 1 - reference.specificity[1], reference.sensitivity[1]
    said.append(
        f"Whatever the prevalence, {100 * low:.0f} to {100 * high:.0f} % of scans are expected to be positive, by the "
        "ends of the 95 % intervals of the model's specificity and sensitivity."
    )
    interval = whole.positives.ci95
    if whole.n >= FEWEST and interval is not None and (interval[1] < low or interval[0] > high):
        said.append("The share of positives is outside that range: no prevalence explains it.")
    return said


def _week(seconds: float) -> str:
    year, week, _ = datetime.fromtimestamp(seconds, UTC).isocalendar()
    return f"{year}-W{week:02d}"
