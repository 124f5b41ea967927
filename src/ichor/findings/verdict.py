"""The verdict on a scan in three tiers, from its probability and whether any slice is flagged.

The thresholds come from the model package (`ichor.models.verdict`). Without thresholds, there are two tiers:
hemorrhage is suspected if a slice is flagged, and otherwise none is found.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from ichor.models.verdict import Thresholds, VerdictRule, VerdictThreshold


class Tier(StrEnum):
    """How likely hemorrhage is."""

    NONE = "none"
    POSSIBLE = "possible"
    SUSPECTED = "suspected"

    @property
    def words(self) -> str:
        """The phrase in reports and on the command line."""
        return "No hemorrhage found" if self is Tier.NONE else f"Hemorrhage {self}"


class VerdictFindings(BaseModel):
    """The verdict on the scan, with the thresholds that led to it."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    tier: Tier = Field(description="none: no hemorrhage found; possible; or suspected.")
    possible: VerdictThreshold | None = Field(
        description="The probability from which on hemorrhage is possible; it is possible, too, if any slice is "
        "flagged. Null if the model has no thresholds: then hemorrhage is suspected if any slice is flagged."
    )
    suspected: VerdictThreshold | None = Field(
        description="The probability from which on hemorrhage is suspected. Null if `possible` is."
    )
    measured_on: Literal["scans", "single slices"] | None = Field(
        None,
        description="What the thresholds were chosen on, and their sensitivity and specificity measured on: scans, or "
        "single slices, if the model has thresholds of its own for scans of one slice. Null if `possible` is, and in "
        "results of earlier versions, whose thresholds are of scans.",
    )

    @classmethod
    def of(cls, probability: float, flagged: bool, rule: VerdictRule | None, n_slices: int) -> Self:
        """The verdict on a scan of `n_slices` with this probability; `flagged` is whether any slice is flagged."""
        if rule is None:
            return cls(tier=tier_of(probability, flagged, None), possible=None, suspected=None)
        own = rule.for_scan(n_slices)
        return cls(
            tier=tier_of(probability, flagged, own),
            possible=own.possible,
            suspected=own.suspected,
            measured_on="scans" if own is rule else "single slices",
        )

    def require_agreement(self, probability: float, flagged: bool) -> None:
        """Raise ValueError if this is not the verdict on a scan with this probability and flag."""
        if (self.possible is None) != (self.suspected is None):
            raise ValueError("expected both thresholds of the verdict or neither, found one of them")
        rule = None
        if self.possible is not None and self.suspected is not None:
            rule = Thresholds(possible=self.possible, suspected=self.suspected)
        if self.tier != (expected := tier_of(probability, flagged, rule)):
            raise ValueError(f"expected the verdict {expected} for probability {probability}, found {self.tier}")


def tier_of(probability: float, flagged: bool, rule: Thresholds | None) -> Tier:
    """The tier of a scan. A flagged slice makes hemorrhage possible or, without a rule, suspected."""
    if rule is None:
        return Tier.SUSPECTED if flagged else Tier.NONE
    if probability >= rule.suspected.threshold:
        return Tier.SUSPECTED
    return Tier.POSSIBLE if flagged or probability >= rule.possible.threshold else Tier.NONE
