"""The scans that a node's results are compared with: those that its model was tested on, or those of a validation.

The configuration names the folder of the validation (`ichor validate`), which must be of the node's model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ichor.errors import BadConfig
from ichor.evaluate.drift import Scored
from ichor.findings.verdict import Tier, tier_of
from ichor.models.package import find_package, operating_point_of
from ichor.models.reference import read_reference
from ichor.models.verdict import read_verdict_rule
from ichor.node.config import NodeConfig
from ichor.screening.inputs import content_sha256
from ichor.validation.adjudication import read_adjudications
from ichor.validation.cases import ScanCase
from ichor.validation.figures import rates
from ichor.validation.results import read_validated
from ichor.validation.scored import scored

TESTED = "scans that the model was tested on and not trained on"

Interval = tuple[float, float]


@dataclass(frozen=True, eq=False)
class NodeReference:
    """Scans to compare with.

    Attributes:
        scans: what the model said of them.
        what: which scans they are, in words.
        with_hemorrhage, without: how many of them show hemorrhage, and how many none; None if that is not known.
        sensitivity, specificity: 95 % intervals of the rates of suspected hemorrhage; None if they are not known.
    """

    scans: Scored
    what: str
    with_hemorrhage: int | None
    without: int | None
    sensitivity: Interval | None
    specificity: Interval | None


def reference_of(config: NodeConfig) -> NodeReference | None:
    """The reference of a node; None if its configuration names no validation and its model has none.

    Raises BadConfig for a model that cannot be used, and for a validation of another model or operating point;
    UnreadableInput if there is no validation.
    """
    package, folder = find_package(config.screening.model), config.screening.reference
    if folder is None:
        return of_package(package)
    return _validated(folder, package, operating_point_of(package, config.screening.operating_point))


def of_package(package: Path) -> NodeReference | None:
    """The scans that a package was tested on, if it has them."""
    found, rule = read_reference(package), read_verdict_rule(package)
    if found is None:
        return None
    tiers = [tier_of(p, bool(flagged), rule) for p, flagged in zip(found.probability, found.flagged, strict=True)]
    scans = Scored(found.probability, np.array([tier is Tier.SUSPECTED for tier in tiers], bool))
    if rule is None:
        return NodeReference(scans, TESTED, None, None, None, None)
    one = rule.suspected
    return NodeReference(
        scans, TESTED, one.sensitivity.n, one.specificity.n, one.sensitivity.ci95, one.specificity.ci95
    )


def _validated(folder: Path, package: Path, operating_point: str | None) -> NodeReference:
    validated = read_validated(folder)
    if validated.model.sha256 != content_sha256(package):
        raise BadConfig(
            f"screening.reference: expected a validation of {package.name}, found one of {validated.model.words}, "
            "another package"
        )
    if operating_point != validated.model.operating_point:
        raise BadConfig(
            f"screening.reference: expected a validation at the operating point {operating_point}, "
            f"found one at {validated.model.operating_point}"
        )
    cases = read_adjudications(folder).corrected(validated.cases)
    known = scored(cases)
    sensitivity, specificity = rates(known, Tier.SUSPECTED)
    return NodeReference(
        _scored(cases),
        f"scans of the node's own validation with {validated.table.name}",
        int(known.truth.sum()),
        int((~known.truth).sum()),
        sensitivity.ci95,
        specificity.ci95,
    )


def _scored(cases: Sequence[ScanCase]) -> Scored:
    """What the model said of all scans, also of those of unknown truth."""
    found = [one.found for one in cases if one.found is not None]
    return Scored(
        np.array([one.probability for one in found], np.float64),
        np.array([one.tier is Tier.SUSPECTED for one in found], bool),
    )
