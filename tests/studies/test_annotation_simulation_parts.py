"""The parts of the annotation simulation: config, strategies, states and figures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import yaml

from ichor.dataset.ct_ich import CtIch
from ichor.dataset.ct_ich.folds import authors_fold
from ichor.errors import BadConfig
from ichor.evaluate.detection import roc_curve
from studies.annotation_simulation.config import SimulationConfig, load_simulation
from studies.annotation_simulation.figures import AUC, DICE, PAPER_DICE, learning_curves
from studies.annotation_simulation.run import Repetition, name_of, simulate
from studies.annotation_simulation.state import Estimate, HeldOut, State, read_state, write_state
from studies.annotation_simulation.strategies import Strategy, labelled_in, start_of, worklist
from synthetic_ct_ich import write_ct_ich

SMALL = {
    "name": "small",
    "folds": [1, 2],
    "rounds": 1,
    "settings": {"size": 32, "pixel_mm": 6.4, "training": {"slice_loss": 0.5, "batch": 10}},
}


def config(**more: object) -> SimulationConfig:
    return SimulationConfig.model_validate({**SMALL, **more})


class TestConfig:
    def test_the_default_config_is_loaded_and_marked_reduced(self) -> None:
        assert load_simulation().reduced
        assert load_simulation().name == "annotation-simulation"

    @pytest.mark.parametrize(
        ("more", "message"),
        [
            ({"round": 3}, "round: extra inputs are not permitted"),
            ({"folds": [1, 1]}, "folds from 1 to 5, each once"),
            ({"folds": [6]}, "folds from 1 to 5, each once"),
            ({"committee": 1}, "committee: input should be greater than or equal to 2"),
            ({"budget_min": 0}, "budget_min: input should be greater than 0"),
            ({"settings": {"sizes": 3}}, r"settings\.sizes: extra inputs"),
            ({"settings": {"training": {"slice_loss": 0.5, "epochs": 3}}}, "no settings.training.epochs, found both"),
        ],
    )
    def test_an_invalid_config_is_refused_in_one_line(self, more: dict, message: str, tmp_path: Path) -> None:
        file = tmp_path / "wrong.yaml"
        file.write_text(yaml.safe_dump({**SMALL, **more}))
        with pytest.raises(BadConfig, match=message) as caught:
            load_simulation(file)
        assert "\n" not in str(caught.value)

    def test_a_missing_config_is_reported(self) -> None:
        with pytest.raises(BadConfig, match="nothing: expected a simulation's configuration, found "):
            load_simulation(Path("nothing"))

    def test_steps_do_not_depend_on_the_number_of_labeled_slices(self) -> None:
        settings = {**SMALL["settings"], "negatives": 1.0}
        for n_positive, n_negative, epochs in ((10, 300, 30), (50, 300, 6), (10, 4, 30), (400, 900, 1)):
            training = config(settings=settings).training(60, n_positive, n_negative, seed_of=(1, 0, 0))
            assert training.epochs == epochs

    def test_seeds_depend_only_on_fold_repeat_and_member(self) -> None:
        of = [(fold, repeat, member) for fold in range(1, 6) for repeat in range(3) for member in range(3)]
        assert len({config().training(9, 9, 9, seed_of=one).seed for one in of}) == len(of)
        assert config().training(9, 9, 9, seed_of=of[0]).seed == config().training(50, 70, 9, seed_of=of[0]).seed


class TestStrategies:
    ESTIMATES = {  # noqa: RUF012
        "a": Estimate(1.0, 100.0),
        "b": Estimate(8.0, 1000.0),
        "c": Estimate(4.0, 200.0),
        "d": Estimate(0.3, 60.0),
    }

    def test_random_order_is_not_changed(self) -> None:
        assert worklist(Strategy.RANDOM, ["c", "a"], {}, 100) == ["c", "a"]

    def test_uncertainty_ignores_the_time(self) -> None:
        assert worklist(Strategy.UNCERTAINTY, [*"dabc"], self.ESTIMATES, 300) == [*"bcad"]

    def test_cost_sensitive_selects_the_best_for_the_budget_first(self) -> None:
        # By uncertainty over time c, a, b, d; of 300 s c and a make the most.
        assert worklist(Strategy.COST_SENSITIVE, [*"dabc"], self.ESTIMATES, 300) == [*"cabd"]
        # Of 1000 s b alone does.
        assert worklist(Strategy.COST_SENSITIVE, [*"dabc"], self.ESTIMATES, 1000) == [*"bcad"]

    def test_a_reader_stops_at_the_first_scan_that_exceeds_the_budget(self) -> None:
        assert labelled_in(300, [*"abc"], [100, 200, 50]) == [*"ab"]
        assert labelled_in(290, [*"abc"], [100, 200, 50]) == ["a"]
        assert labelled_in(50, [*"abc"], [100, 200, 50]) == []
        assert labelled_in(50, [], []) == []

    def test_half_of_the_start_has_hemorrhage(self) -> None:
        pool, has = [*"abcdef"], [False, True, False, True, True, False]
        assert start_of(pool, has, 3) == ["b", "d", "a"]
        assert start_of(pool, has, 10) == [*"bdeacf"]


class TestRun:
    def test_a_start_that_uses_the_whole_pool_is_refused(self, tmp_path: Path) -> None:
        subjects = {subject: 1 for k in range(1, 6) for subject in authors_fold(k).test[:2]}
        data = write_ct_ich(tmp_path / "ct-ich", subjects, n_slices=2)
        with pytest.raises(BadConfig, match=r"the start's 12 training subjects of fold 1, .* found 6, 6 of them with"):
            simulate(config(start=12), CtIch(data), tmp_path / "out", print)

    def test_a_damaged_state_is_named(self, tmp_path: Path) -> None:
        file = tmp_path / "rounds" / "start.json"
        kept = state({"049": held_out(3, 5, 10, (0.5, 0.4))}, 5, 2.5)
        write_state(file, kept)
        assert read_state(file) == kept
        for damaged in (file.read_text()[:60], "[]", "{}", file.read_text().replace("predicted", "found")):
            file.write_text(damaged)
            with pytest.raises(BadConfig, match=r"start.json: expected the state after a round, .*; delete it"):
                read_state(file)


def held_out(both: int, predicted: int, reference: int, scores: tuple[float, float]) -> HeldOut:
    """Two slices; if there is hemorrhage, it is on the second."""
    return HeldOut([0, both], [0, predicted], [0, reference], [False, reference > 0], list(scores))


def state(tests: dict[str, HeldOut], n_labelled: int, minutes: float) -> State:
    return State([f"{k:03}" for k in range(n_labelled)], 60 * minutes, {}, tests, 1.0, "abc", "made")


class TestFigures:
    @pytest.fixture
    def found(self) -> dict:
        """Two folds of two subjects, in which only the cost-sensitive order improves."""
        nothing = {
            1: {"049": held_out(0, 5, 10, (0.5, 0.4)), "050": held_out(0, 0, 0, (0.1, 0.2))},
            2: {"051": held_out(1, 10, 10, (0.6, 0.7)), "052": held_out(0, 8, 20, (0.9, 0.2))},
        }
        better = {
            1: {"049": held_out(5, 10, 10, (0.1, 0.8)), "050": held_out(0, 0, 0, (0.1, 0.2))},
            2: {"051": held_out(10, 10, 10, (0.6, 0.7)), "052": held_out(0, 8, 20, (0.1, 0.2))},
        }
        repetitions = []
        for fold in (1, 2):
            states = {name_of(strategy, 1): state(nothing[fold], 5, 30 + fold) for strategy in Strategy}
            states[name_of(Strategy.COST_SENSITIVE, 1)] = state(better[fold], 7, 30)
            repetitions.append(Repetition(fold, 0, {"start": state(nothing[fold], 3, 10), **states}))
        return learning_curves(config(), repetitions)

    def test_each_round_has_a_labeling_time_and_figures(self, found: dict) -> None:
        start, last = found["curves"]["random order"]["rounds"]
        assert (start["labelling_min"], start["labelled"], last["labelling_min"]) == (10, 3, 31.5)
        assert start[DICE]["value"] == pytest.approx((0 + 0.1 + 0) / 3, abs=1e-6)
        assert start[DICE]["n"] == 3  # subject 050 has none
        assert found["n_subjects"] == 4
        _, last = found["curves"]["cost-sensitive"]["rounds"]
        assert last[DICE]["value"] == last[PAPER_DICE]["value"] == pytest.approx((0.5 + 1 + 0) / 3)
        low, high = last[DICE]["ci95"]
        assert low < last[DICE]["value"] < high

    def test_auc_is_the_mean_over_committees(self, found: dict) -> None:
        _, last = found["curves"]["cost-sensitive"]["rounds"]
        first = roc_curve([False, True, False, False], [0.1, 0.8, 0.1, 0.2]).auc
        second = roc_curve([False, True, False, True], [0.6, 0.7, 0.1, 0.2]).auc
        assert last[AUC]["value"] == pytest.approx((first + second) / 2)
        assert last[AUC]["n"] == 8

    def test_differences_are_paired(self, found: dict) -> None:
        better = found["better_than_random"]
        assert set(better) == {"uncertainty", "cost-sensitive"}
        assert better["uncertainty"]["mean"][DICE] == {"value": 0, "ci95": [0, 0], "n": 3}
        start, last = better["cost-sensitive"]["rounds"]
        assert start[DICE]["value"] == 0
        assert last[DICE]["value"] == pytest.approx((0.5 + 0.9 + 0) / 3)
        # No subject is worse, so no resample is: unpaired intervals would reach below 0.
        assert last[DICE]["ci95"][0] >= 0
        assert better["cost-sensitive"]["mean"] == {name: last[name] for name in (DICE, PAPER_DICE, AUC)}

    def test_an_excluded_subject_does_not_count_in_dice(self) -> None:
        chronic = {"070": held_out(10, 10, 10, (0.1, 0.9)), "051": held_out(0, 8, 20, (0.1, 0.2))}
        states = {"start": state(chronic, 2, 5), **{name_of(s, 1): state(chronic, 2, 5) for s in Strategy}}
        found = learning_curves(config(folds=[1]), [Repetition(1, 0, states)], excluded={"070"})
        assert found["curves"]["random order"]["rounds"][0][DICE]["value"] == 0
        assert found["curves"]["random order"]["rounds"][0][DICE]["n"] == 1
        assert np.isclose(found["curves"]["random order"]["rounds"][0][AUC]["value"], 1)
