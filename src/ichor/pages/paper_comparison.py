"""All numbers of the paper, the keys of ours in metrics.json, and the rule by which the two are compared."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ichor.pages import paper
from ichor.pages.words import Figure, Metrics, excluded_in, figure_at


class Verdict(StrEnum):
    """The result of comparing our figure with the paper's; the first three are used only where higher is better."""

    REPRODUCED = "reproduced"
    BETTER = "better"
    WORSE = "worse"
    HIGHER = "higher"
    LOWER = "lower"
    SAME = "same"
    TOO_FEW = "too few"
    NONE = ""


FEWEST = 3  # subjects; resampling one or two is meaningless

VERDICT_RULE = (
    "Reproduced: our 95 % interval contains the paper's number. Better or worse: the whole interval lies above or "
    "below it. The interval comes from resampling our subjects; the paper gives none. With few subjects it is wide and "
    "contains many values, and with fewer than three there is no verdict. Minimum, maximum, standard deviation and "
    "counts have no interval and are only called higher, lower or the same, to the paper's last digit. Sensitivity and "
    "specificity are a trade-off: better in one and worse in the other means another operating point. Only the "
    "specificity at 97 % sensitivity, by slice probability, is directly comparable."
)


@dataclass(frozen=True, slots=True)
class Published:
    """One number of the paper.

    Attributes:
        name: what it measures.
        source: the table or section of the paper.
        value: the number; shares as 0..1, also if the paper prints %.
        keys: the keys of our figure in metrics.json.
        percent: whether the paper prints it in %.
        judged: whether higher is better and ours has an interval, so that it can be reproduced, better or worse.
    """

    name: str
    source: str
    value: float
    keys: tuple[str, ...]
    percent: bool = False
    judged: bool = True

    def ours(self, metrics: Metrics) -> Figure | None:
        """Our figure; None if the run has none. Missed subjects are counted without the excluded ones."""
        if self.keys == ("subjects_missed",):
            if metrics[self.keys[0]] is None:
                return None
            return {"value": len(set(metrics[self.keys[0]]) - {*excluded_in(metrics)}), "ci95": None}
        return figure_at(metrics, *self.keys)

    def verdict(self, metrics: Metrics) -> Verdict:
        """The verdict for a run."""
        figure = self.ours(metrics)
        if figure is None:
            return Verdict.NONE
        if self.judged:
            return _judged(figure, self.value)
        return _compared(figure["value"], self.value, digits=3 if self.percent else _decimals(self.value))


@dataclass(frozen=True, slots=True)
class PaperExperiment:
    """One of the paper's three experiments, with all its numbers."""

    number: int
    title: str
    numbers: tuple[Published, ...]


_OVERLAP = {"jaccard": "Jaccard index", "dice": "Dice coefficient"}
_RATES = ("sensitivity", "specificity", "accuracy")


def _overlap(jaccard: float, dice: float, note: str = "") -> tuple[Published, ...]:
    return (
        Published(f"Jaccard index{note}", "section 6", jaccard, ("jaccard", "paper_average")),
        Published(f"Dice coefficient{note}", "section 6", dice, ("dice", "paper_average")),
    )


def _table_5() -> tuple[Published, ...]:
    numbers = []
    for key, spread in paper.TABLE_5.items():
        percent = key not in _OVERLAP
        name = _OVERLAP.get(key, f"slice {key}")
        average = ("slice_400px", key) if percent else (key, "paper_average")
        numbers.append(Published(f"{name}, average", "Table 5", spread.average, average, percent))
        for what, words in (("min", "minimum"), ("max", "maximum"), ("std", "standard deviation")):
            value = getattr(spread, what)
            numbers.append(
                Published(f"{name}, {words}", "Table 5", value, ("table_5", key, what), percent, judged=False)
            )
    return tuple(numbers)


def _table_6() -> tuple[Published, ...]:
    at_97 = ("slice", "specificity_at_sensitivity_97")
    like_with_like = Published(
        "slice specificity at 97 % sensitivity", "Table 6", paper.TABLE_6[0].specificity, at_97, percent=True
    )
    return like_with_like, *(
        Published(
            f"slice {rate} at threshold {row.threshold}",
            "Table 6",
            getattr(row, rate),
            ("by_threshold", str(row.threshold), rate),
            percent=True,
        )
        for row in paper.TABLE_6
        for rate in _RATES
    )


def _section_6() -> tuple[Published, ...]:
    ages = {"under_18": "subjects under 18", "18_and_over": "subjects of 18 and over"}
    return (
        *(
            Published(f"Dice, subjects with {subtype}", "section 6", dice, ("by_subtype", subtype.value))
            for subtype, dice in paper.DICE_BY_SUBTYPE.items()
        ),
        *(
            Published(f"Dice, {ages[age]}", "section 6", dice, ("by_age", age))
            for age, dice in paper.DICE_BY_AGE.items()
        ),
        Published(
            "subjects missed, without those excluded from overlap",
            "section 6",
            paper.SUBJECTS_MISSED,
            ("subjects_missed",),
            judged=False,
        ),
    )


THRESHOLD = PaperExperiment(
    1, "two thresholds on the gray value", _overlap(paper.THRESHOLD.jaccard, paper.THRESHOLD.dice)
)
FULL_SLICES = PaperExperiment(
    2,
    "U-Net on whole 640x640 slices",
    _overlap(paper.FULL_SLICES_JACCARD, paper.FULL_SLICES_DICE, " of black masks"),
)
TILES = PaperExperiment(3, "U-Net on 160x160 tiles", (*_table_5(), *_table_6(), *_section_6()))
EXPERIMENTS = (THRESHOLD, FULL_SLICES, TILES)


def paper_experiment(metrics: Metrics) -> PaperExperiment:
    """The experiment of the paper to compare a run with: the same one, or for other methods the best, the third."""
    name = str(metrics["experiment"])
    if name.startswith("paper-threshold"):
        return THRESHOLD
    return FULL_SLICES if name.startswith("paper-unet-full") else TILES


def _judged(figure: Figure, value: float) -> Verdict:
    if figure.get("ci95") is None:
        return Verdict.NONE
    if figure.get("n", FEWEST) < FEWEST:
        return Verdict.TOO_FEW
    low, high = figure["ci95"]
    if low <= value <= high:
        return Verdict.REPRODUCED
    return Verdict.BETTER if low > value else Verdict.WORSE


def _compared(ours: float, value: float, digits: int) -> Verdict:
    if round(ours, digits) == round(value, digits):
        return Verdict.SAME
    return Verdict.HIGHER if ours > value else Verdict.LOWER


def _decimals(value: float) -> int:
    return max(len(f"{value:g}".partition(".")[2]), 2)
