"""The page of the ablation, written by a process from synthetic rows and checked cell by cell."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from paths import ROOT
from studies.ablation.page import page
from study import study


def figures(dice: dict[str, float]) -> dict[str, Any]:
    return {
        "dice": float(np.mean(list(dice.values()))),
        "n": len(dice),
        "dice_of": dice,
        "slice_auc": 0.9,
        "specificity_at_97": 0.5,
        "scan_auc": 0.8,
        "missed": ["079", "058"],
        "false_ml_median": 0.2,
        "false_ml_p95": 7.3,
        "subtype_auc": {"0": 0.9, "1": 1.0},
    }


def variant(name: str, plain: dict[str, float], calibrated: dict[str, float], **more: object) -> dict[str, Any]:
    return {"variant": name, "blocks": [4, 5], "time": 1, **figures(plain), "calibrated": figures(calibrated), **more}


def test_each_variant_is_compared_with_the_baseline(tmp_path: Path) -> None:
    variants = [
        variant("first", {"051": 0.4, "052": 0.6}, {"051": 0.3, "052": 0.5}, core_minutes=16),
        variant("200 epochs (`model/long`)", {"051": 0.5, "052": 0.7}, {"051": 0.3, "052": 0.9}, time=2),
        variant("loss (`model/each`)", {"051": 0.4, "052": 0.6}, {"051": 0.2, "052": 0.6}),
        variant("recipe, 400 epochs", {"051": 0.6, "052": 0.8}, {"051": 0.3, "052": 0.5}),
    ]
    first = [
        {"config": "model/base", "fold": 1, **figures({"051": 0.25}), "slice_auc": 0.871},
        {"config": "model/paste", "fold": 1, **figures({"051": 0.27}), "slice_auc": 0.958},
        {"config": "model/strong", "fold": 5, **figures({"052": 0.3})},
        {"config": "model/fine", "fold": 5, **figures({"052": 0.4, "053": 0.3})},
    ]
    for name, content in (("variants", variants), ("first-round", first)):
        (tmp_path / f"{name}.json").write_text(json.dumps(content))
    done = study("ablation.page", tmp_path)
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "README.md").read_text()
    rows = {line[0]: line[1:] for line in map(cells, text.splitlines()) if len(line) == 8}
    assert rows["first"] == ["0.500", "", "0.400", "", "0.900", "16", "1"]
    assert rows["200 epochs (`model/long`)"] == [
        *("0.600", "+0.100 (+0.100 to +0.100)", "0.600", "+0.200 (+0.000 to +0.400)", "0.900", "", "2")
    ]
    said = " ".join(text.split())
    assert "blocks of folds 4 and 5, and evaluated on their 2 subjects" in said
    assert "200 epochs gain +0.100 (+0.100 to +0.100)" in said and "gain +0.200 (+0.200 to +0.200)." in said
    assert "calibrated, it gains +0.000 (-0.100 to +0.100)" in said
    assert "Dice 0.25 to 0.27 at 1.3 mm, 0.30 at 0.8 mm, 0.35 at 0.6 mm" in said and "slice AUC 0.87 to 0.96" in said
    assert "not a medical device" in said


def test_the_committed_page_agrees_with_its_rows() -> None:
    folder = ROOT / "results/ablation"
    variants, first = (json.loads((folder / f"{name}.json").read_text()) for name in ("variants", "first-round"))
    assert (folder / "README.md").read_text(encoding="utf-8") == page(variants, first)


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]
