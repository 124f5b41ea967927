"""What a run's page says of how the recipe itself was designed."""

from __future__ import annotations

import pytest

from ichor.dataset.folds import authors_fold
from ichor.pages.run import how_blind

DICE = {1: 0.2, 2: 0.4, 3: 0.6, 4: 0.8, 5: 1.0}  # of one subject a fold


def said(*folds: int, experiment: str = "model") -> str:
    dice = {authors_fold(fold).test[0]: {"dice": DICE[fold]} for fold in folds}
    return " ".join(how_blind({"experiment": experiment, "folds": list(folds), "per_subject": dice}))


@pytest.mark.parametrize("folds", [(4,), (4, 5), (1, 4), (1,), (1, 2, 3, 4, 5)])
def test_a_recipe_whose_tries_knew_test_subjects_is_called_optimistic(folds: tuple[int, ...]) -> None:
    assert "so these figures are somewhat optimistic" in said(*folds)
    assert ("the latest on those of" in said(*folds)) == bool({4, 5} & set(folds))


def test_the_other_folds_are_told_apart_where_there_are_both() -> None:
    assert "the latest on those of folds 4 and 5" in said(1, 2, 3, 4, 5)
    assert "On folds 1 to 3, not wholly blind either, the Dice is 0.400 (3 subjects)." in said(1, 2, 3, 4, 5)
    for folds in ((1, 2), (4, 5)):
        assert "the Dice is" not in said(*folds)


def test_nothing_is_said_of_other_experiments() -> None:
    assert said(1, 2, 3, 4, 5, experiment="compact") == ""
