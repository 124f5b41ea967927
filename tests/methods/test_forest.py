from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier

from ichor.errors import BadConfig
from ichor.methods.forest import FOREST, Forest


def examples(n: int = 80) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    features = rng.random((n, 6)).astype(np.float32)
    return features, features[:, 1] + 0.3 * rng.random(n) > 0.8


def test_it_is_the_forest_of_scikit_learn() -> None:
    features, truth = examples()
    other = RandomForestClassifier(30, class_weight="balanced", min_samples_leaf=2, random_state=3).fit(features, truth)
    new = np.random.default_rng(1).random((50, 6)).astype(np.float32)
    found = Forest.fit(features, truth, trees=30, seed=3).probability_of(new)
    assert found == pytest.approx(other.predict_proba(new)[:, 1], abs=1e-6)


def test_it_comes_back_from_its_file(tmp_path: Path) -> None:
    features, truth = examples()
    forest = Forest.fit(features, truth, trees=5, seed=0)
    forest.save(tmp_path)
    assert np.array_equal(Forest.load(tmp_path, 6).probability_of(features), forest.probability_of(features))
    (tmp_path / FOREST).write_bytes(b"something else")
    with pytest.raises(BadConfig, match=r"forest\.npz: expected a random forest, found"):
        Forest.load(tmp_path, 6)


def test_ties_at_a_threshold_and_many_rows_go_as_in_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    features = np.round(rng.normal(0, 1, (3000, 6)), 1).astype(np.float32)
    truth = features[:, 0] * features[:, 5] + rng.normal(0, 0.5, 3000) > 0
    forest = Forest.fit(features, truth, trees=10, seed=3, least_in_leaf=20, deepest=6, balanced=False)
    theirs = RandomForestClassifier(10, max_depth=6, min_samples_leaf=20, random_state=3).fit(features, truth)
    rows = np.round(rng.normal(0, 2, (20_000, 6)), 1).astype(np.float32)
    np.testing.assert_allclose(forest.probability_of(rows), theirs.predict_proba(rows)[:, 1], atol=1e-6)
    assert forest.probability_of(rows[:0]).shape == (0,)


@pytest.mark.parametrize("field", ["feature", "left", "right"])
def test_a_forest_over_other_features_or_nodes_is_refused(tmp_path: Path, field: str) -> None:
    features, truth = examples()
    forest = Forest.fit(features, truth, trees=5, seed=0)
    replace(forest, **{field: getattr(forest, field) + 1000}).save(tmp_path)
    with pytest.raises(BadConfig, match="expected a random forest over 6 features, found another"):
        Forest.load(tmp_path, 6)


def test_one_class_alone_is_refused() -> None:
    features, _ = examples()
    with pytest.raises(BadConfig, match="expected training examples of both classes, found 0 of 80 positive"):
        Forest.fit(features, np.zeros(80, bool), trees=5, seed=0)
