"""The verdict on a scan, in three tiers, from its probability and whether anything of it is flagged.

The thresholds are those of the model package (`ichor.models.verdict`). A method without them gets two tiers: suspected
where a slice is flagged, and none found elsewhere.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Self

from pydantic import BaseModel, ConfigDict, Field

from ichor.models.verdict import VerdictRule, VerdictThreshold


class Tier(StrEnum):
    """How likely hemorrhage is."""

    NONE = "none"
    POSSIBLE = "possible"
    SUSPECTED = "suspected"

    @property
    def words(self) -> str:
        """As reports and the command say it."""
        return "No hemorrhage found" if self is Tier.NONE else f"Hemorrhage {self}"


class VerdictFindings(BaseModel):
    """The verdict on the scan, with the thresholds it was reached by."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    tier: Tier = Field(description="none: no hemorrhage found; possible; or suspected.")
    possible: VerdictThreshold | None = Field(
        description="From which probability on hemorrhage is possible; it is also where a slice is flagged. Null where "
        "the model has no such thresholds: then it is suspected where a slice is flagged."
    )
    suspected: VerdictThreshold | None = Field(
        description="From which probability on hemorrhage is suspected. Null as `possible` is."
    )

    @classmethod
    def of(cls, probability: float, flagged: bool, rule: VerdictRule | None) -> Self:
        """The verdict on a scan of this probability, on which any slice is `flagged` or none."""
        tier = tier_of(probability, flagged, rule)
        if rule is None:
            return cls(tier=tier, possible=None, suspected=None)
        return cls(tier=tier, possible=rule.possible, suspected=rule.suspected)

    def require_agreement(self, probability: float, flagged: bool) -> None:
        """Raise ValueError where it is not the verdict on a scan of this probability and flags."""
        if (self.possible is None) != (self.suspected is None):
            raise ValueError("expected both thresholds of the verdict or neither, found one of them")
        rule = None
        if self.possible is not None and self.suspected is not None:
            rule = VerdictRule(possible=self.possible, suspected=self.suspected)
        if self.tier != (expected := tier_of(probability, flagged, rule)):
            raise ValueError(f"expected the verdict {expected} of probability {probability}, found {self.tier}")


def tier_of(probability: float, flagged: bool, rule: VerdictRule | None) -> Tier:
    """The tier of a scan; flagged slices alone make hemorrhage possible, and without a rule suspected."""
    if rule is None:
        return Tier.SUSPECTED if flagged else Tier.NONE
    if probability >= rule.suspected.threshold:
        return Tier.SUSPECTED
    return Tier.POSSIBLE if flagged or probability >= rule.possible.threshold else Tier.NONE
