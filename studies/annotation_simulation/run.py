"""Runs a simulation round by round.

DIR/config.yaml, data.json                 the config and the fingerprint of the dataset
DIR/rounds/fold-K-REPEAT/STATE.json        the state after a round (state.py); STATE is start or STRATEGY-ROUND
DIR/rounds/fold-K-REPEAT/STATE/            the networks of the round, from which the next round continues
DIR/simulation.json, README.md, learning-curves.png    the result, after the last round
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import lightning_fabric
import numpy as np
import torch

from ichor.dataset.base import Dataset
from ichor.dataset.case import Case
from ichor.dataset.ct_ich.folds import authors_fold
from ichor.dataset.folds import Fold
from ichor.errors import BadConfig
from ichor.evaluate.overlap import Overlaps
from ichor.experiments.fold import require_blocks
from ichor.experiments.making import commit, hardware
from ichor.experiments.run import claim
from studies.annotation_simulation.committee import Committee
from studies.annotation_simulation.config import SimulationConfig
from studies.annotation_simulation.state import Estimate, HeldOut, State, read_state, write_state
from studies.annotation_simulation.strategies import Strategy, labelled_in, start_of, worklist
from studies.annotation_simulation.subjects import SmallSubjects

START = "start"
ROUNDS = "rounds"


@dataclass(frozen=True)
class Repetition:
    """The states of one repeat of a fold, by name: the start and the rounds of each strategy."""

    fold: int
    repeat: int
    states: dict[str, State]


def name_of(strategy: Strategy, number: int) -> str:
    """The name of the state after a round of a strategy, counted from 1; round 0 is the common start."""
    return f"{strategy.name.lower().replace('_', '-')}-{number}" if number else START


def n_states(config: SimulationConfig) -> int:
    """The total number of states."""
    return len(config.folds) * config.repeats * (1 + len(Strategy) * config.rounds)


def simulate(config: SimulationConfig, dataset: Dataset, out: Path, done: Callable[[str], None]) -> list[Repetition]:
    """Run all repeats of all folds; states stored in `out` by an earlier call are not computed again.

    `done` is called with the name of each finished state. Raises BadConfig if `out` contains another simulation or one
    on other data, or if a block of a fold has too few subjects in the dataset.
    """
    folds = {number: authors_fold(number, dataset.subjects) for number in config.folds}
    for fold in folds.values():
        require_blocks(fold, dataset)
    claim(out, config, dataset)
    # Small networks gain nothing from several cores, and with one core sums are the same on every machine.
    torch.set_num_threads(1)
    logging.getLogger(lightning_fabric.__name__).setLevel(logging.WARNING)  # it logs a line for each network
    subjects = SmallSubjects(dataset, config.settings)
    return [
        _Repeat(config, dataset, subjects, folds[number], repeat, out, done).run()
        for repeat in range(config.repeats)
        for number in config.folds
    ]


class _Repeat:
    """One repeat of a fold."""

    def __init__(
        self,
        config: SimulationConfig,
        dataset: Dataset,
        subjects: SmallSubjects,
        fold: Fold,
        repeat: int,
        out: Path,
        done: Callable[[str], None],
    ) -> None:
        self._config, self._subjects, self._fold, self._repeat, self._done = config, subjects, fold, repeat, done
        self._folder = out / ROUNDS / f"fold-{fold.number}-{repeat + 1}"
        rng = np.random.default_rng([config.settings.training.seed, fold.number, repeat])
        self._pool = [fold.training[i] for i in rng.permutation(len(fold.training))]
        has = [dataset.truth(subject).has_hemorrhage is True for subject in self._pool]
        self._start = start_of(self._pool, has, config.start)
        if not any(has) or len(self._start) == len(self._pool):
            raise BadConfig(
                f"{dataset.root}: expected more than the start's {config.start} training subjects of fold "
                f"{fold.number}, some of them with hemorrhage, found {len(self._pool)}, {sum(has)} of them with"
            )

    def run(self) -> Repetition:
        """Compute all states; each state follows the one that it depends on."""
        rounds = self._config.rounds
        states = {START: self._state(START, None, lambda: self._start, estimate_others=True)}
        for strategy in Strategy:
            for number in range(1, rounds + 1):
                before, name = name_of(strategy, number - 1), name_of(strategy, number)
                labelled = partial(self._after_round, strategy, number, states[before])
                estimate_others = strategy is not Strategy.RANDOM and number < rounds
                states[name] = self._state(name, before, labelled, estimate_others=estimate_others)
        return Repetition(self._fold.number, self._repeat, states)

    def _after_round(self, strategy: Strategy, number: int, before: State) -> list[str]:
        """The subjects labeled after a round; the unused time of earlier rounds is available, too."""
        left = [subject for subject in self._pool if subject not in before.labelled]
        budget_s = number * 60 * self._config.budget_min - (before.labelling_s - self._seconds(self._start))
        chosen = worklist(strategy, left, before.estimates, budget_s)
        seconds = [self._subjects[subject].labelling_s for subject in chosen]
        return before.labelled + labelled_in(budget_s, chosen, seconds)

    def _state(
        self, name: str, before: str | None, labelled: Callable[[], list[str]], *, estimate_others: bool
    ) -> State:
        file = self._folder / f"{name}.json"
        if not file.exists():
            write_state(file, self._work(name, before, labelled(), estimate_others=estimate_others))
        self._done(f"fold {self._fold.number}, repeat {self._repeat + 1}: {name}")
        return read_state(file)

    def _work(self, name: str, before: str | None, labelled: list[str], *, estimate_others: bool) -> State:
        """Train on the labeled subjects, estimate the unlabeled ones, and test on the held-out ones."""
        started, made_at = time.perf_counter(), commit()
        committee = Committee.train(
            self._config,
            self._cases(labelled),
            self._cases(self._fold.validation),
            self._folder / name,
            continue_from=None if before is None else self._folder / before,
            fold=self._fold.number,
            repeat=self._repeat,
        )
        left = [subject for subject in self._pool if estimate_others and subject not in labelled]
        estimates = {s: Estimate(*committee.estimate(self._subjects[s].case.scan)) for s in left}
        return State(
            labelled=labelled,
            labelling_s=self._seconds(labelled),
            estimates=estimates,
            tested={case.subject: _test(committee, case) for case in self._cases(self._fold.test)},
            seconds=round(time.perf_counter() - started, 1),
            commit=made_at,
            hardware=hardware(),
        )

    def _cases(self, subjects: Sequence[str]) -> list[Case]:
        return [self._subjects[subject].case for subject in subjects]

    def _seconds(self, subjects: Sequence[str]) -> float:
        return sum(self._subjects[subject].labelling_s for subject in subjects)


def _test(committee: Committee, case: Case) -> HeldOut:
    answer = committee.predict(case.scan)
    return HeldOut.of(Overlaps.of(committee.mask(answer), case.mask), case.positive, answer["slice_probability"])
