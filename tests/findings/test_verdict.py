"""The verdict on a scan, and findings that contradict it."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from ichor.findings.schema import Findings
from ichor.findings.verdict import Tier, VerdictFindings, tier_of
from ichor.models.verdict import Thresholds
from synthetic_reports import found_in
from synthetic_scans import SubtypesMethod, synthetic_head
from verdict_rules import verdict_rule_of

RULE = verdict_rule_of(0.2, 0.5)


@pytest.mark.parametrize(
    ("probability", "flagged", "tier", "without_rule"),
    [
        (0.19, False, Tier.NONE, Tier.NONE),
        (0.19, True, Tier.POSSIBLE, Tier.SUSPECTED),
        (0.2, False, Tier.POSSIBLE, Tier.NONE),
        (0.49, True, Tier.POSSIBLE, Tier.SUSPECTED),
        (0.5, False, Tier.SUSPECTED, Tier.NONE),
        (1.0, True, Tier.SUSPECTED, Tier.SUSPECTED),
    ],
)
def test_the_tier_follows_from_probability_and_flags(
    probability: float, flagged: bool, tier: Tier, without_rule: Tier
) -> None:
    assert tier_of(probability, flagged, RULE) is tier
    assert tier_of(probability, flagged, None) is without_rule


def test_a_verdict_that_contradicts_the_probability_is_refused() -> None:
    found = found_in(synthetic_head())
    said = found.model_dump(mode="json")
    assert found.tier is Tier.SUSPECTED and found.verdict is not None and found.verdict.possible is None
    said["verdict"]["tier"] = "none"
    with pytest.raises(ValidationError, match="expected the verdict suspected"):
        Findings.model_validate(said)
    of_rule = VerdictFindings.of(found.hemorrhage.probability, True, RULE, 12).model_dump(mode="json")
    said["verdict"] = {**of_rule, "possible": None}
    with pytest.raises(ValidationError, match="both thresholds of the verdict or neither"):
        Findings.model_validate(said)


def test_a_scan_of_one_slice_is_judged_by_the_thresholds_for_single_slices() -> None:
    higher = verdict_rule_of(0.4, 0.7)
    own = Thresholds(possible=higher.possible, suspected=higher.suspected)
    rule = RULE.model_copy(update={"single_slice": own})
    for n_slices, tier, of, measured_on in (
        (1, Tier.NONE, own, "single slices"),
        (2, Tier.POSSIBLE, RULE, "scans"),
    ):
        found = VerdictFindings.of(0.3, False, rule, n_slices)
        assert (found.tier, found.possible, found.suspected) == (tier, of.possible, of.suspected)
        assert found.measured_on == measured_on
        found.require_agreement(0.3, False)
    without = VerdictFindings.of(0.3, False, RULE, 1)
    assert (without.tier, without.measured_on) == (Tier.POSSIBLE, "scans")
    assert VerdictFindings.of(0.3, False, None, 1).measured_on is None


def test_findings_without_a_verdict_are_read_with_two_tiers() -> None:
    for blood, tier in (((38.0, 10.0, 60.0), Tier.SUSPECTED), (None, Tier.NONE)):
        said = found_in(synthetic_head(blood_at_mm=blood), method=SubtypesMethod()).model_dump(mode="json")
        del said["verdict"]
        for lesion in said["hemorrhage"]["lesions"]:
            del lesion["subtype_alternative"]
        earlier = Findings.model_validate(said)
        assert earlier.verdict is None and earlier.tier is tier


def test_an_alternative_equal_to_the_subtype_is_refused() -> None:
    said = found_in(synthetic_head(), method=SubtypesMethod()).model_dump(mode="json")
    lesion = said["hemorrhage"]["lesions"][0]
    lesion["subtype_alternative"] = lesion["subtype"]
    with pytest.raises(ValidationError, match="expected a lesion's alternative subtype to differ"):
        Findings.model_validate(said)
