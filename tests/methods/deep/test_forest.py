from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier

from ichor.errors import BadConfig
from ichor.methods.deep.forest import FOREST, Forest


def examples(n: int = 80) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    features = rng.random((n, 6)).astype(np.float32)
    return features, features[:, 1] + 0.3 * rng.random(n) > 0.8


def test_it_is_the_forest_of_scikit_learn() -> None:
    features, truth = examples()
    other = RandomForestClassifier(30, class_weight="balanced", min_samples_leaf=2, random_state=3).fit(features, truth)
    new = np.random.default_rng(1).random((50, 6)).astype(np.float32)
    found = Forest.fit(features, truth, trees=30, seed=3).predict(new)
    assert found == pytest.approx(other.predict_proba(new)[:, 1], abs=1e-6)


def test_it_comes_back_from_its_file(tmp_path: Path) -> None:
    features, truth = examples()
    forest = Forest.fit(features, truth, trees=5, seed=0)
    forest.save(tmp_path)
    assert np.array_equal(Forest.load(tmp_path).predict(features), forest.predict(features))
    (tmp_path / FOREST).write_bytes(b"something else")
    with pytest.raises(BadConfig, match=r"forest\.npz: expected a random forest, found"):
        Forest.load(tmp_path)


def test_one_class_alone_is_refused() -> None:
    features, _ = examples()
    with pytest.raises(BadConfig, match="expected scans with and without hemorrhage, found 0 of 80 with"):
        Forest.fit(features, np.zeros(80, bool), trees=5, seed=0)
