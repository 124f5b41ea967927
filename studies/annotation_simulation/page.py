"""What a simulation found, in words and tables."""

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
    "This is a reduced run: the networks are small, see coarse pixels and are trained for a short time. Their Dice "
    "says nothing of the models under `results/`; what is held against each other here is the order of labelling."
)

_TIME = (
    f"{time.OPEN_S:g} s a scan, {time.SLICE_S:g} s a slice, {time.REGION_S:g} s a region of a slice and "
    f"{time.OUTLINE_S_PER_MM:g} s a mm of outline, by the dataset's own delineation at full size. These four rates are "
    "assumptions, not measurements. Kuo et al. 2018 (arXiv:1809.02882) fit the logarithm of the time to the length of "
    "outlines and the number of regions, on times of their readers; there are none of ct-ich.",
    "What a strategy foresees is computed from the committee's mean probability, outlined at five thresholds and "
    "averaged; what is spent is computed from the delineation. A reader who is done early goes on with the next scan, "
    "and what is left of a round is added to the next.",
)


def conclusion(found: Mapping[str, Any]) -> str:
    """Whether cost-sensitive active learning beats a random order, in one sentence that the interval bears out."""
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
    """The README.md of a simulation."""
    reduced = [_REDUCED] if found["config"]["reduced"] else []
    top = [_summary(found), conclusion(found), _uncertainty(found), *reduced, USE]
    return f"""# Active learning against a random order of labelling{" (reduced)" if reduced else ""}

{_paragraphs(*top)}

![Dice and slice AUC by modelled labelling time, and the difference to a random order]({PICTURE})

{paragraph("Bands and bars are 95 % intervals from resampling subjects; differences are paired by subject.")}

## After each round

{table(_rounds(found))}

## The difference to a random order

{table(_differences(found))}

## How labelling time is modelled

{_paragraphs(*_TIME)}

## How it was done

{_paragraphs(*_protocol(found))}

## How it was made

{_paragraphs(_provenance(found), f"Derived from ct-ich: {ABOUT.citation}.")}

- `simulation.json`: every figure with its interval, and each held-out subject's Dice after each round
"""


def _paragraphs(*texts: str) -> str:
    return "\n\n".join(paragraph(text) for text in texts)


def _summary(found: Mapping[str, Any]) -> str:
    config = found["config"]
    return (
        "How well networks delineate hemorrhage on held-out subjects of ct-ich, by the time that labelling their "
        f"training subjects takes. {config['rounds']} rounds of {config['budget_min']:g} minutes each, from "
        f"{config['start']} subjects labelled before; {found['n_subjects']} subjects are held out over the authors' "
        f"{_folds(config)}, each from networks that saw nothing of it. No times were recorded: they are modelled."
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
        f"Plain uncertainty, which leaves the time out, differs from a random order by {value_of(plain)} "
        f"({interval_of(plain)}) in Dice; in slice AUC the cost-sensitive order does by {value_of(auc)} "
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
        "For each fold the pool is its training subjects. The start, half of it with hemorrhage, is the same for all "
        f"orders. A committee of {config['committee']} networks (`unet-slices`, widths {widths}, {settings['size']} x "
        f"{settings['size']} pixels of {settings['pixel_mm']:g} mm) is trained for {config['first_steps']} steps of "
        f"{training['batch']} slices on the start and goes on for {config['steps']} steps a round on all that is "
        "labelled, in every order the same. A curve rises by these steps too, not by the labels alone; only the "
        "difference of two curves is due to the order.",
        "Uncertainty is the Jensen-Shannon divergence of the committee, summed over the 8 most uncertain patches of 16 "
        "mm of each slice and over the slices of a scan. Cost-sensitive: the 0-1 knapsack of the most uncertainty "
        "within the round's time, solved exactly, read by uncertainty over estimated time. Uncertainty: the most "
        "uncertain first.",
        "Both thresholds are chosen on the fold's validation subjects, whose labels every order has from the beginning "
        "and which count for no time. Held-out subjects choose nothing. Dice is of the networks' own coarse pixels, "
        "and leaves the chronic subject 070 out, as the paper does; slice AUC keeps it and is the mean over the folds.",
    ]


def _provenance(found: Mapping[str, Any]) -> str:
    made = found["made_by"]
    commit = f", at commit {made['commit']}" if made["commit"] else ""
    return (
        f"Reproduce with `{made['command']}` on one core ({made['seconds'] / 60:.0f} minutes by the clock, longer than "
        f"it takes alone where other work ran beside it, on {made['hardware']}{commit})."
    )
