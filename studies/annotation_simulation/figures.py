"""A simulation's learning curves: figures of the held-out subjects after each round, with intervals.

Every subject of the folds is held out once per repeat. A figure is the mean over the repeats, and its 95 % interval
comes from resampling subjects (ichor.evaluate.intervals). All strategies use the same resamples, so their differences
are paired.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ichor.evaluate.detection import roc_curve
from ichor.evaluate.intervals import Sampled, Sampling, as_figures
from ichor.evaluate.overlap import scan_dice, slice_averages
from studies.annotation_simulation.config import SimulationConfig
from studies.annotation_simulation.run import Repetition, name_of
from studies.annotation_simulation.state import HeldOut, State
from studies.annotation_simulation.strategies import Strategy

DICE, PAPER_DICE, AUC = "dice_per_scan_3d", "dice_paper_average", "slice_auc"
FIGURES = (DICE, PAPER_DICE, AUC)


def learning_curves(
    config: SimulationConfig, repetitions: Sequence[Repetition], excluded: Collection[str] = ()
) -> dict[str, Any]:
    """The curve of each strategy, and its differences from the random order, all with intervals.

    A strategy's `mean` is the mean over its rounds without the start, which summarizes the curve in one number. Dice
    leaves out the `excluded` subjects.
    """
    subjects = sorted({s for one in repetitions for state in one.states.values() for s in state.tested})
    sampling = Sampling(len(subjects))
    sampled: dict[Strategy, list[dict[str, Sampled]]] = {}
    curves: dict[str, Any] = {}
    for strategy in Strategy:
        states = [[one.states[name_of(strategy, number)] for one in repetitions] for number in range(config.rounds + 1)]
        each = [_figures(of_round, subjects, excluded, config.repeats, sampling) for of_round in states]
        sampled[strategy] = [*each, {name: _mean([one[name] for one in each[1:]]) for name in FIGURES}]
        curves[strategy.value] = {
            "rounds": [
                {"round": number, **_spent(of_round), **as_figures(figures)}
                for number, (of_round, figures) in enumerate(zip(states, each, strict=True))
            ],
            "mean": as_figures(sampled[strategy][-1]),
        }
    better = {
        strategy.value: _rounds_and_mean(
            [
                as_figures({name: Sampled(a[name].values - b[name].values, a[name].n) for name in FIGURES})
                for a, b in zip(sampled[strategy], sampled[Strategy.RANDOM], strict=True)
            ]
        )
        for strategy in Strategy
        if strategy is not Strategy.RANDOM
    }
    return {"n_subjects": len(subjects), "curves": curves, "better_than_random": better}


def subject_dice(config: SimulationConfig, repetitions: Sequence[Repetition]) -> dict[str, Any]:
    """The Dice of each held-out subject with hemorrhage at the start and after each round, by strategy and repeat."""
    found: dict[str, dict[str, list[list[float]]]] = {}
    for one in repetitions:
        for strategy in Strategy:
            states = [one.states[name_of(strategy, number)] for number in range(config.rounds + 1)]
            for subject, tested in states[0].tested.items():
                if tested.overlaps.positive.any():
                    dice = [round(scan_dice(state.tested[subject].overlaps), 6) for state in states]
                    found.setdefault(subject, {}).setdefault(strategy.value, []).append(dice)
    return dict(sorted(found.items()))


def _rounds_and_mean(figures: Sequence[dict[str, Any]]) -> dict[str, Any]:
    return {"rounds": [{"round": k, **one} for k, one in enumerate(figures[:-1])], "mean": figures[-1]}


def _spent(states: Sequence[State]) -> dict[str, Any]:
    """Mean modeled minutes of labeling and mean number of labeled subjects, over the repetitions."""
    return {
        "labelling_min": round(float(np.mean([state.labelling_s for state in states])) / 60, 2),
        "labelled": round(float(np.mean([len(state.labelled) for state in states])), 2),
    }


def _mean(figures: Sequence[Sampled]) -> Sampled:
    return Sampled(np.mean([one.values for one in figures], axis=0), figures[0].n)


def _figures(
    states: Sequence[State], subjects: Sequence[str], excluded: Collection[str], repeats: int, sampling: Sampling
) -> dict[str, Sampled]:
    """The figures after one round, from the states of all folds and repeats; each subject is once in each repeat."""
    n_folds = len(states) // repeats
    of_repeats = [
        _of_one(
            {s: t for state in states[k * n_folds : (k + 1) * n_folds] for s, t in state.tested.items()},
            subjects,
            excluded,
        )
        for k in range(repeats)
    ]
    dice = {name: sampling.mean(np.mean([one[name] for one in of_repeats], axis=0)) for name in (DICE, PAPER_DICE)}
    return {**dice, AUC: _slice_auc(states, subjects, sampling)}


def _of_one(
    tested: dict[str, HeldOut], subjects: Sequence[str], excluded: Collection[str]
) -> dict[str, NDArray[np.float64]]:
    """(subjects,) the two kinds of Dice of each subject; NaN without hemorrhage and for excluded subjects."""
    three_d, paper = np.full(len(subjects), np.nan), np.full(len(subjects), np.nan)
    for k, subject in enumerate(subjects):
        overlaps = tested[subject].overlaps
        if overlaps.positive.any() and subject not in excluded:
            three_d[k], paper[k] = scan_dice(overlaps), slice_averages(overlaps)[0]
    return {DICE: three_d, PAPER_DICE: paper}


def _slice_auc(states: Sequence[State], subjects: Sequence[str], sampling: Sampling) -> Sampled:
    """The mean over folds and repeats of each committee's AUC, since committees do not share a scale of scores.

    Folds that have slices of only one class in a resample are left out of it.
    """
    index = {subject: k for k, subject in enumerate(subjects)}
    of_states = []
    for state in states:
        slices = list(state.tested.values())
        truth = np.concatenate([one.positive for one in slices])
        scores = np.concatenate([one.slice_probability for one in slices])
        owner = np.repeat([index[s] for s in state.tested], [len(one.positive) for one in slices])
        of_states.append((truth, scores, owner))
    n = sum(len(truth) for truth, _, _ in of_states)

    def mean(counts: NDArray[np.int64]) -> float:
        areas = [
            roc_curve(truth, scores, counts[owner]).auc
            for truth, scores, owner in of_states
            if _both_classes(truth, counts[owner])
        ]
        return float(np.mean(areas)) if areas else float("nan")

    return Sampled(sampling.each(mean), n)


def _both_classes(truth: NDArray[np.bool_], weights: NDArray[np.int64]) -> bool:
    return bool(weights[truth].any() and weights[~truth].any())
