"""The page of the study."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ichor.annotate import labelling_time as time
from ichor.dataset.ct_ich.about import ABOUT
from ichor.pages.blocks import Cell, Table
from ichor.pages.markdown import paragraph, table
from ichor.pages.run import USE
from ichor.pages.words import cell, interval_of, listed, value_of
from studies.annotation_simulation.figures import AUC, DICE, PAPER_DICE
from studies.annotation_simulation.strategies import Strategy

PICTURE = "learning-curves.png"

_REDUCED = (
    "This is a reduced run: the networks are small, see coarse pixels and are trained for a short time. Their Dice is "
    "not comparable with that of the models under `results/`; only the orders of labelling are compared."
)

_TIME = (
    f"{time.OPEN_S:g} s per scan, {time.SLICE_S:g} s per slice, {time.REGION_S:g} s per region on a slice and "
    f"{time.OUTLINE_S_PER_MM:g} s per mm of outline, from the dataset's own delineation at full size. These four rates "
    "are assumptions, not measurements. Kuo et al. 2018 (arXiv:1809.02882) model the logarithm of the time by the "
    "length of outlines and the number of regions, fitted to times of their readers; ct-ich has no recorded times.",
    "The time that a strategy expects is computed from the committee's mean probability, outlined at five thresholds "
    "and averaged; the time that is spent is computed from the delineation. A reader who finishes early continues with "
    "the next scan, and the unused time of a round is added to the next.",
)


def conclusion(found: Mapping[str, Any]) -> str:
    """One sentence on whether cost-sensitive active learning beats a random order, based on the interval."""
    figure = found["better_than_random"][Strategy.COST_SENSITIVE.value]["mean"][DICE]
    if figure["value"] is None or figure["ci95"] is None:
        return "Whether active learning beats a random order is not defined: too few held-out subjects have hemorrhage."
    low, high = figure["ci95"]
    verdict = "beats" if low > 0 else "is worse than" if high < 0 else "is not shown to beat"
    return (
        f"In the mean over the rounds, cost-sensitive active learning {verdict} a random order of labelling: the "
        f"difference in Dice per scan is {figure['value']:+.3f} (95 % {low:+.3f} to {high:+.3f}, {figure['n']} "
        "subjects with hemorrhage)."
    )


def page(found: Mapping[str, Any]) -> str:
    """The README of a simulation, from the content of simulation.json."""
    reduced = [_REDUCED] if found["config"]["reduced"] else []
    top = [_summary(found), conclusion(found), _uncertainty(found), *reduced, USE]
    return f"""# Active learning compared with a random order of labelling{" (reduced)" if reduced else ""}

{_paragraphs(*top)}

![Dice and slice AUC by modelled labelling time, and the difference to a random order]({PICTURE})

{paragraph("Bands and bars are 95 % intervals from resampling subjects; differences are paired by subject.")}

## After each round

{table(_rounds(found))}

## The difference to a random order

{table(_differences(found))}

## How labelling time is modelled

{_paragraphs(*_TIME)}

## Protocol

{_paragraphs(*_protocol(found))}

## Reproduce

{_paragraphs(_provenance(found), f"Derived from ct-ich: {ABOUT.citation}.")}

- `simulation.json`: every figure with its interval, and each held-out subject's Dice after each round
"""


def _paragraphs(*texts: str) -> str:
    return "\n\n".join(paragraph(text) for text in texts)


def _summary(found: Mapping[str, Any]) -> str:
    config = found["config"]
    return (
        "How well networks delineate hemorrhage on held-out subjects of ct-ich, depending on the time spent on "
        f"labelling their training subjects: {config['rounds']} rounds of {config['budget_min']:g} minutes each, "
        f"starting from {config['start']} labelled subjects. {found['n_subjects']} subjects are held out over the "
        f"authors' {_folds(config)}; no network was trained or tuned on the subjects it is tested on. Labelling times "
        "are modelled, not recorded."
    )


def _folds(config: Mapping[str, Any]) -> str:
    folds = [str(one) for one in config["folds"]]
    times = f", {config['repeats']} times each" if config["repeats"] > 1 else ""
    return f"{'folds' if len(folds) > 1 else 'fold'} {listed(folds)}{times}"


def _uncertainty(found: Mapping[str, Any]) -> str:
    better = found["better_than_random"]
    plain = better[Strategy.UNCERTAINTY.value]["mean"][DICE]
    auc = better[Strategy.COST_SENSITIVE.value]["mean"][AUC]
    return (
        f"Ordering by uncertainty alone, without regard to the time, differs from a random order by {value_of(plain)} "
        f"({interval_of(plain)}) in Dice. In slice AUC, the cost-sensitive order differs from it by {value_of(auc)} "
        f"({interval_of(auc)})."
    )


def _rounds(found: Mapping[str, Any]) -> Table:
    rows: list[tuple[str | Cell, ...]] = [
        (
            f"{name}, round {one['round']}" if one["round"] else "start, the same for all",
            f"{one['labelling_min']:.0f}",
            f"{one['labelled']:.1f}",
            *(cell(one[figure]) for figure in (DICE, PAPER_DICE, AUC)),
        )
        for name, curve in found["curves"].items()
        for one in curve["rounds"]
        if one["round"] or name == Strategy.RANDOM.value
    ]
    columns = ("order", "minutes", "subjects labelled", "Dice per scan, 3-D", "Dice, paper's average", "slice AUC")
    return Table(columns, tuple(rows), "Minutes and subjects are means over the folds.")


def _differences(found: Mapping[str, Any]) -> Table:
    rows: list[tuple[str | Cell, ...]] = [
        (f"{name}, {where}", *(cell(one[figure]) for figure in (DICE, PAPER_DICE, AUC)))
        for name, better in found["better_than_random"].items()
        for where, one in [*((f"round {r['round']}", r) for r in better["rounds"][1:]), ("mean", better["mean"])]
    ]
    return Table(("order", "Dice per scan, 3-D", "Dice, paper's average", "slice AUC"), tuple(rows))


def _protocol(found: Mapping[str, Any]) -> list[str]:
    config = found["config"]
    settings, training = config["settings"], config["settings"]["training"]
    widths = listed([str(width) for width in settings["widths"]])
    return [
        "In each fold, the pool is its training subjects. The start, half of it with hemorrhage, is the same for all "
        f"orders. A committee of {config['committee']} networks (`unet-slices`, widths {widths}, {settings['size']} x "
        f"{settings['size']} pixels of {settings['pixel_mm']:g} mm) is trained for {config['first_steps']} steps of "
        f"{training['batch']} slices on the start, and for {config['steps']} further steps per round on all labelled "
        "subjects, the same in every order. The curves rise because of these steps, too, not only because of the "
        "labels; only the difference between two curves is due to the order.",
        "Uncertainty is the Jensen-Shannon divergence of the committee, summed over the 8 most uncertain patches of 16 "
        "mm on each slice and over the slices of a scan. The cost-sensitive order solves the 0-1 knapsack problem of "
        "the most uncertainty within the round's time exactly, and sorts the scans by uncertainty per estimated time. "
        "The order by uncertainty begins with the most uncertain scan.",
        "Both thresholds are chosen on the fold's validation subjects, whose labels are available in every order from "
        "the beginning and cost no time. Nothing is chosen on held-out subjects. Dice is measured on the networks' own "
        "coarse pixels and excludes the chronic subject 070, as in the paper; slice AUC includes it and is the mean "
        "over the folds.",
    ]


def _provenance(found: Mapping[str, Any]) -> str:
    made = found["made_by"]
    commit = f", at commit {made['commit']}" if made["commit"] else ""
    return (
        f"Reproduce with `{made['command']}` on one core ({made['seconds'] / 60:.0f} minutes of wall-clock time on "
        f"{made['hardware']}, possibly with other load{commit})."
    )
