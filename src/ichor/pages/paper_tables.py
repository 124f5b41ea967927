"""The paper's Tables 5 and 6 and the last paragraph of its results, with our figures and the published ones."""

from __future__ import annotations

from ichor.dataset.folds import N_FOLDS
from ichor.pages import paper
from ichor.pages.blocks import Cell, Section, Table
from ichor.pages.paper_comparison import TILES, VERDICT_RULE, Published
from ichor.pages.words import Metrics, cell, figure_at, interval_of, listed, number, printed, value_of

OVERLAPS = ("jaccard", "dice")
RATES = ("sensitivity", "specificity")
SIGNIFICANT = 0.05

_AVERAGES = {
    "by_threshold": "All slices pooled, with 95 % intervals.",
    "by_threshold_per_subject": "Rates of each subject, then their mean.",
    "by_threshold_per_fold": "Rates of each fold, then their mean.",
}


def table_5(metrics: Metrics) -> Section | None:
    """Table 5; None if the run has no such figures."""
    if not metrics.get("table_5"):
        return None
    words = {"jaccard": "Jaccard Index", "dice": "Dice Coefficient"}
    heads = [words.get(key, f"{key.capitalize()} (%)") for key in paper.TABLE_5]
    columns = ("", *(f"{head}, {whose}" for head in heads for whose in ("paper", "ours")))
    rows = []
    for what, name in (("min", "Min"), ("max", "Max"), ("std", "STD"), ("average", "Average")):
        row: list[str | Cell] = [name]
        for key, spread in paper.TABLE_5.items():
            percent = key not in OVERLAPS
            row += [
                printed(getattr(spread, what), percent=percent),
                cell(figure_at(metrics, "table_5", key, what), percent=percent),
            ]
        rows.append(tuple(row))
    note = (
        "Minimum, maximum and standard deviation are over subjects. A slice counts as positive if more than 400 pixels "
        "are marked, the rule of the released code. Our averages are over subjects too; rates over all slices are in "
        "Table 6. The paper's columns are of its U-Net on tiles, over five folds."
    )
    return Section("Table 5 of the paper", (Table(columns, tuple(rows)), note))


def table_6(metrics: Metrics) -> Section:
    """Table 6 for each way of averaging that the run has."""
    tables = [_table_6(metrics, key, caption) for key, caption in _AVERAGES.items() if metrics.get(key)]
    notes = [*_pooled_accuracies(metrics), "In all of them a slice counts as positive by the 400-pixel rule."]
    return Section("Table 6 of the paper", (*tables, " ".join(notes)))


def _pooled_accuracies(metrics: Metrics) -> list[str]:
    """The accuracies that the paper's rates would give if pooled over the slices of a run on all folds."""
    counts = [figure_at(metrics, "by_threshold", str(paper.TABLE_6[0].threshold), rate) for rate in RATES]
    if len(metrics["folds"]) < N_FOLDS or not all(one is not None and one.get("n") for one in counts):
        return []
    n = [int(one["n"]) for one in counts if one is not None]
    pooled = [f"{100 * (row.sensitivity * n[0] + row.specificity * n[1]) / sum(n):.1f}" for row in paper.TABLE_6]
    return [
        f"The paper does not say how it averages. Pooled over the slices here, its rates would give accuracies of "
        f"{listed(pooled)} %, not the published ones, so they must have been averaged over folds or subjects. All "
        "three averages are given."
    ]


def _table_6(metrics: Metrics, key: str, caption: str) -> Table:
    rates = (*RATES, "accuracy")
    columns = ("Threshold", *(f"{rate.capitalize()} (%), {whose}" for rate in rates for whose in ("paper", "ours")))
    rows = []
    for published in paper.TABLE_6:
        row: list[str | Cell] = [f"{published.threshold}"]
        for rate in rates:
            ours = figure_at(metrics, key, str(published.threshold), rate)
            row += [printed(getattr(published, rate), percent=True), cell(ours, percent=True)]
        rows.append(tuple(row))
    return Table(columns, tuple(rows), caption)


def subtypes_and_age(metrics: Metrics) -> Section:
    """Subtypes, age and missed subjects, as in section 6."""
    rows = tuple(_row(one, metrics) for one in TILES.numbers if one.keys[0] in {"by_subtype", "by_age"})
    table = Table(("Dice of", "paper", "ours", "95 %", "subjects", "verdict"), rows)
    return Section(
        "Subtypes and age, as in section 6 of the paper",
        (
            table,
            subtype_sentences(metrics),
            age_sentences(metrics),
            missed_sentence(metrics),
            VERDICT_RULE,
        ),
    )


def _row(one: Published, metrics: Metrics) -> tuple[str | Cell, ...]:
    ours = one.ours(metrics)
    n = "0" if ours is None else str(ours.get("n", ""))
    name = one.name.removeprefix("Dice, ")
    verdict = Cell("", verdict=one.verdict(metrics))
    return name, printed(one.value), value_of(ours), interval_of(ours), n, verdict


def subtype_sentences(metrics: Metrics) -> str:
    """The subtypes ordered by Dice, compared with the paper's."""
    found = {
        subtype.value: figure["value"]
        for subtype in paper.DICE_BY_SUBTYPE
        if (figure := figure_at(metrics, "by_subtype", subtype.value))
    }
    if not found:
        return "No subject with a subtype was tested."
    order = sorted(found, key=lambda name: -found[name])
    published = {subtype.value: dice for subtype, dice in paper.DICE_BY_SUBTYPE.items()}
    dice = listed([f"{name} with {found[name]:.2f} (paper {published[name]:g})" for name in order[1:]])
    best = max(published, key=lambda name: published[name])
    also = "its highest too" if order[0] == best else f"whose highest is {best} with {published[best]:g}"
    if not found[order[0]]:
        return f"The Dice is 0 for every subtype; the paper's is highest for subjects with {best}, {published[best]:g}."
    return (
        f"The Dice is highest for subjects with {order[0]}: {found[order[0]]:.2f} (paper {published[order[0]]:g}, "
        f"{also})"
        + (f", then come {dice}." if len(order) > 1 else "; no other subtype was tested.")
        + " A subject with several subtypes counts for each of them, since the masks do not distinguish subtypes."
    )


def age_sentences(metrics: Metrics) -> str:
    """Dice under and over 18 years, and whether the difference is significant."""
    young, old = (figure_at(metrics, "by_age", key) for key in ("under_18", "18_and_over"))
    if young is None or old is None:
        return "The tested subjects with hemorrhage are all of one age group, so ages cannot be compared."
    text = (
        f"The Dice is {number(young['value'])} under 18 years ({_count(young['n'])}; paper "
        f"{paper.DICE_BY_AGE['under_18']:g}) and {number(old['value'])} from 18 years on ({_count(old['n'])}; paper "
        f"{paper.DICE_BY_AGE['18_and_over']:g})."
    )
    p = (metrics.get("by_age_difference") or {}).get("mann_whitney_p")
    p = p.get("value") if isinstance(p, dict) else p
    if p is None:
        return text
    significant = "is significant" if p < SIGNIFICANT else "is not significant"
    return (
        f"{text} The difference {significant} at 5 % (Mann-Whitney U test, p = {p:.2g}); the paper finds none "
        "and names no test."
    )


def _count(n: int) -> str:
    return "1 subject" if n == 1 else f"{n} subjects"


def missed_sentence(metrics: Metrics) -> str:
    """The subjects missed entirely."""
    missed = metrics.get("subjects_missed") or []
    who = f"{len(missed)}: {', '.join(missed)}" if missed else "none"
    return (
        f"Subjects missed entirely: {who}. The paper missed {paper.SUBJECTS_MISSED}, each with a small IPH on one or "
        "two slices, not counting its chronic case."
    )
