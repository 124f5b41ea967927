"""A row of the ablation, computed by a process on a synthetic dataset; a run then reuses the network."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from ichor.dataset.ct_ich.folds import authors_fold
from small_recipe import SMOKE
from study import study
from synthetic_ct_ich import write_ct_ich
from warm import ichor


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset with two subjects in each block, one of them with hemorrhage, and two configs."""
    folder = tmp_path_factory.mktemp("ablation")
    blocks = [authors_fold(k).test for k in range(1, 6)]
    write_ct_ich(folder / "data", {s: n for block in blocks for s, n in zip(block, (2, 0), strict=False)}, n_slices=3)
    (folder / "smoke.yaml").write_text(yaml.safe_dump(SMOKE))
    (folder / "other.yaml").write_text(yaml.safe_dump({**SMOKE, "name": "other"}))
    return folder


@pytest.mark.long
def test_a_network_is_evaluated_on_the_two_left_out_blocks_and_reused_by_a_run(folder: Path) -> None:
    where = ["--data", folder / "data", "--out", folder / "run"]
    done = study("ablation", folder / "smoke.yaml", *where, "--blocks", 4, 5)
    assert done.returncode == 0, done.stderr
    row = json.loads(done.stdout.splitlines()[-1])
    network = folder / "run/networks/4-5"
    assert row == json.loads((network / "ablation.json").read_text())
    assert (row["config"], row["blocks"], row["n"]) == ("smoke", [4, 5], 2)
    assert (
        set(row["calibrated"]["dice_of"]) == set(row["dice_of"]) == {authors_fold(4).test[0], authors_fold(5).test[0]}
    )

    refused = study("ablation", folder / "other.yaml", *where, "--blocks", 3, 4)
    assert refused.returncode == 2
    assert "with other settings" in refused.stderr and refused.stderr.count("\n") == 1

    made = (network / "weights.pt").stat().st_mtime_ns
    done = ichor("crossval", folder / "smoke.yaml", *where, "--fold", 4)
    assert done.returncode == 0, done.stderr
    assert (network / "weights.pt").stat().st_mtime_ns == made
    assert {f.name for f in (folder / "run/networks").iterdir() if f.is_dir()} == {"4", "3-4", "4-5"}
