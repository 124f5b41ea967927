"""The ablation's tables: a process on made rows, checked cell by cell."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

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


def a_try(name: str, plain: dict[str, float], decided: dict[str, float], **more: object) -> dict[str, Any]:
    return {"try": name, "parameters": 1000, "time": 1, **figures(plain), "decided": figures(decided), **more}


def test_each_try_stands_beside_the_first_with_its_cost(tmp_path: Path) -> None:
    first = a_try("first", {"051": 0.4, "052": 0.6}, {"051": 0.3, "052": 0.5}, core_minutes=16)
    second = a_try("second", {"051": 0.5, "052": 0.7}, {"051": 0.3, "052": 0.9}, time=2)
    row = {"config": "model/base", "fold": 1, **figures({"051": 0.25})}
    for name, content in (("rows.json", [row]), ("tries.json", [first, second])):
        (tmp_path / name).write_text(json.dumps(content))
    marks = [f"<!-- {which} of the {what} -->" for what in ("table", "tries") for which in ("begin", "end")]
    page = tmp_path / "README.md"
    page.write_text("above\n{}\nold\n{}\nbetween\n{}\n{}\nbelow\n".format(*marks))
    done = study("ablation.table", tmp_path)
    assert done.returncode == 0, done.stderr
    lines = page.read_text().splitlines()
    assert [lines[0], lines[-1]] == ["above", "below"] and "old" not in lines and "between" in lines
    assert [line for line in lines if line in marks] == marks

    rows = [dict(zip(cells(header(lines, line)), cells(line), strict=True)) for line in lines if line.startswith("| ")]
    base, tried = (next(one for one in rows if one.get("try") == name) for name in ("first", "second"))
    assert base["Dice (95 %), from one half on"] == "0.500 (0.40 to 0.60)"
    assert base["difference (95 %), as decided"] == "" and base["training, core-minutes"] == "16"
    assert tried["difference (95 %), from one half on"] == "+0.100 (+0.100 to +0.100)"
    assert tried["difference (95 %), as decided"] == "+0.200 (+0.000 to +0.400)"
    assert (tried["training, core-minutes"], tried["parameters"]) == ("", "1,000")
    assert tried["time a slice, times the first's"] == "2"
    assert tried["subtype AUC, mean, not calibrated"] == "0.950"

    of_config = next(one for one in rows if one.get("config") == "`model/base`")
    cost = json.loads((tmp_path / "cost.json").read_text())["model/base"]
    assert of_config["parameters"] == "1,328,266" and cost["parameters"] == 1328266
    assert float(of_config["ms a slice"]) == pytest.approx(cost["ms_a_slice"], abs=0.51)


def header(lines: list[str], line: str) -> str:
    """The first line of the table that a line is in."""
    at = lines.index(line)
    while lines[at - 1].startswith("|"):
        at -= 1
    return lines[at]


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]
