"""Made thresholds of verdicts."""

from __future__ import annotations

from ichor.models.verdict import MeasuredRate, VerdictRule, VerdictThreshold


def verdict_rule_of(possible: float, suspected: float) -> VerdictRule:
    """Hemorrhage is possible and suspected from these probabilities on."""

    def rate(value: float, within: tuple[float, float], n: int) -> MeasuredRate:
        return MeasuredRate(value=value, ci95=within, n=n)

    return VerdictRule(
        possible=VerdictThreshold(
            threshold=possible,
            sensitivity=rate(0.95, (0.85, 0.99), 36),
            specificity=rate(0.6, (0.5, 0.7), 46),
            chosen_for="sensitivity",
            at_least=0.97,
        ),
        suspected=VerdictThreshold(
            threshold=suspected,
            sensitivity=rate(0.8, (0.7, 0.9), 36),
            specificity=rate(0.92, (0.88, 0.96), 46),
            chosen_for="specificity",
            at_least=0.9,
        ),
    )
