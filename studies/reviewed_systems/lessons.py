"""What the comparison shows, in sentences with computed numbers."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence

from scipy import stats

from ichor.pages.words import Figure
from studies.reviewed_systems.picture import PANELS
from studies.reviewed_systems.system import System, seconds_text

FEWEST = 5  # claims for a correlation
Point = tuple[System, float, Figure]


def lessons(systems: Sequence[System], others: Iterable[str]) -> list[str]:
    """Paragraphs over the reviewed systems; `others` names those in the table that the paper does not review."""
    reviewed = [one for one in systems if one.name not in set(others)]
    found = (_claims(reviewed), _ranks(reviewed), _normal_scans(reviewed), _networks(reviewed), _seconds(reviewed))
    return [one for one in found if one]


def _claims(systems: Sequence[System]) -> str:
    """How many claims lie above the intervals here."""
    points = [point for _, claim, keys in PANELS for point in _points(systems, claim, keys)]
    if not points:
        return ""
    above = sum(claimed > figure["ci95"][1] for _, claimed, figure in points)
    return (
        f"**A published figure says little about other data.** Of {len(points)} claims that can be compared, {above} "
        "lie above the whole 95 % interval found here. Each paper tested its system on its own scans, which were often "
        "chosen to show the kind of hemorrhage that the system was built for."
    )


def _ranks(systems: Sequence[System]) -> str:
    """Whether claims order the systems as this dataset does."""
    _, claim, keys = PANELS[0]
    points = _points(systems, claim, keys)
    if len(points) < FEWEST:
        return ""
    result = stats.spearmanr([claimed for _, claimed, _ in points], [figure["value"] for _, _, figure in points])
    return (
        "**Published figures do not rank systems, either.** Over the "
        f"{len(points)} systems with a claimed Dice, its rank correlation with the Dice here is {result.statistic:.2f} "
        f"(p {_p(float(result.pvalue))})."
    )


def _normal_scans(systems: Sequence[System]) -> str:
    """What systems that outline do on scans without hemorrhage."""
    drawn = [one for one in systems if one.figure("dice", "paper_average") and not one.seeded]
    values = [one.value("scan", "specificity") for one in drawn]
    if not values:
        return ""
    most = sum(value < 0.5 for value in values)
    papers = {str(one.paper["method"]): one.paper["testing"].get("without") for one in drawn if one.paper is not None}
    untested = sum(without == "0" for without in papers.values())
    return (
        f"**Most systems were not tested on normal scans.** Of {len(drawn)} systems that outline hemorrhage, {most} "
        "mark something on more than half of the scans without hemorrhage; the median of their scan specificities is "
        f"{statistics.median(values):.2f}. Of their {len(papers)} papers, {untested} report no test on scans without "
        "hemorrhage."
    )


def _networks(systems: Sequence[System]) -> str:
    """Networks, trained on few scans without pretraining, beside the others."""
    networks = [one for one in systems if one.parameters is not None and not one.seeded]
    classical = [one for one in systems if one.parameters is None]
    if not networks or not classical:
        return ""
    best, other = (max(some, key=lambda one: one.value("slice", "auc")) for some in (networks, classical))
    gaps = [one.training_auc - one.value(one.level, "auc") for one in networks if one.training_auc is not None]
    reason = ""
    if gaps:
        reason = (
            f" On their own training subjects, the AUC is higher by a median of {statistics.median(gaps):.2f}: "
            "there are too few scans to generalize from."
        )
    return (
        "**Networks need more scans than these.** All are trained from random weights on some fifty subjects. The "
        f"highest slice AUC of the {len(networks)} systems with networks is {best.value('slice', 'auc'):.3f} "
        f"(`{best.name}`); that of the {len(classical)} systems without is {other.value('slice', 'auc'):.3f} "
        f"(`{other.name}`).{reason}"
    )


def _seconds(systems: Sequence[System]) -> str:
    """The time that they take."""
    timed = [(one.seconds, one.name) for one in systems if one.seconds is not None]
    if not timed:
        return ""
    (fastest, quick), (slowest, slow) = min(timed), max(timed)
    return (
        f"**Time is no obstacle.** The {len(timed)} systems that were timed take {seconds_text(fastest)} s (`{quick}`) "
        f"to {seconds_text(slowest)} s (`{slow}`) per scan on two processor cores."
    )


def _points(systems: Sequence[System], claim: str, keys: tuple[str, str]) -> list[Point]:
    """Each system with its claim and its figure here, where there are both; one for each paper."""
    found: dict[str, Point] = {}
    for one in systems:
        figure = one.figure(*keys)
        if claim in one.claimed and figure is not None and one.paper is not None:
            found.setdefault(str(one.paper["method"]), (one, one.claimed[claim], figure))
    return list(found.values())


def _p(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"= {value:.3f}"
