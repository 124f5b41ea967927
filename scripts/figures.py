"""Fill the measured figures of README and docs from the committed results.

    python scripts/figures.py

A figure, or a whole table, stands between `<!-- figure: NAME -->` and `<!-- end -->`; NAME is one of those below.
A test holds every document to what this writes.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
_FIGURE = re.compile(r"(<!-- figure: ([\w-]+) -->)(.*?)(<!-- end -->)", re.DOTALL)

MODEL_HEAD = "\n| | model | 95 % interval | paper's U-Net |\n|---|---|---|---|\n"
PAPER_HEAD = "\n| | Dice, paper's average | paper | slice AUC |\n|---|---|---|---|\n"
# What a row is called, where metrics.json has it, how it is written, and what the paper has.
MODEL_ROWS = (
    ("Dice, paper's average", ("dice", "paper_average"), ".3f", "0.315"),
    ("Jaccard, paper's average", ("jaccard", "paper_average"), ".3f", "0.218"),
    ("slice AUC", ("slice", "auc"), ".3f", ""),
    ("slice specificity at 97 % sensitivity", ("slice", "specificity_at_sensitivity_97"), "%", "50.4 %"),
    ("scan AUC", ("scan", "auc"), ".3f", ""),
    ("subtype AUC, slices, mean of five", ("subtype_auc", "mean"), ".3f", ""),
    ("scans without hemorrhage left unmarked", ("scan", "specificity"), "%", ""),
    ("false-positive mL, median scan without hemorrhage", ("false_positive_ml", "median"), ".2f", ""),
)
PAPER_ROWS = (
    ("two thresholds, as published", "paper-threshold-published", "0.135"),
    ("the paper's U-Net on 160x160 tiles, reduced", "paper-unet-tiles", "0.315"),
    ("the same, each tile stretched as in the released code", "paper-unet-tiles-as-released", ""),
)
SMALL_MM2, LARGE_MM2 = 30, 300  # areas of hemorrhage on a slice


def figures(results: Path) -> dict[str, str]:
    """Every figure by its name, as it is to be read."""
    answers = _json(results / "same-answer" / "answers.json")
    said = answers["variants"][0]["scans"]  # of the network in fp32, on the machine as it is
    model = _json(results / "model" / "metrics.json")
    robustness = _json(results / "robustness" / "robustness.json")["conditions"]
    return {
        **{f"{scan}-ml": f"{said[scan]['volume_ml']:.1f}" for scan in ("ge-head", "demo-scan")},
        "paper-table": PAPER_HEAD + "".join(_paper_row(results, *row) for row in PAPER_ROWS),
        "model-table": MODEL_HEAD + "".join(_model_row(model, *row) for row in MODEL_ROWS),
        "model-missed": ", ".join(model["subjects_missed"]),
        "model-other-folds": _found_in(results / "model" / "README.md", r"the Dice is ([\d.]+ \(\d+ subjects\))"),
        "noise-20-scan-auc": f"{robustness['noise-20']['scan_auc']['value']:.2f}",
        **_missed_by_size(_json(results / "limits" / "slices.json")),
        **_seconds(results / "bench.md"),
    }


def filled(text: str, known: dict[str, str]) -> str:
    """The text with its figures as they are known. Raises KeyError for one that is not."""
    return _FIGURE.sub(lambda found: f"{found[1]}{known[found[2]]}{found[4]}", text)


def _json(file: Path) -> Any:
    return json.loads(file.read_text(encoding="utf-8"))


def _found_in(file: Path, pattern: str) -> str:
    found = re.search(pattern, file.read_text(encoding="utf-8"))
    assert found is not None, f"{file}: expected {pattern}, found nothing like it"
    return found[1]


def _model_row(metrics: Any, what: str, place: tuple[str, str], form: str, paper: str) -> str:
    figure = metrics[place[0]][place[1]]
    value, low, high = figure["value"], *figure["ci95"]
    if form == "%":
        return f"| {what} | {100 * value:.1f} % | {100 * low:.1f} to {100 * high:.1f} % | {paper} |\n"
    return f"| {what} | {value:{form}} | {low:{form}} to {high:{form}} | {paper} |\n"


def _paper_row(results: Path, what: str, run: str, paper: str) -> str:
    metrics = _json(results / run / "metrics.json")
    dice, auc = (
        f"{one['value']:.3f} ({one['ci95'][0]:.3f} to {one['ci95'][1]:.3f})"
        for one in (metrics["dice"]["paper_average"], metrics["slice"]["auc"])
    )
    return f"| {what} | {dice} | {paper} | {auc} |\n"


def _missed_by_size(slices: Any) -> dict[str, str]:
    """How many slices with little hemorrhage and with much there are, without 070's, and how many are missed."""
    counted = [one for one in slices if one["subject"] != "070"]
    small = [one["dice"] == 0 for one in counted if one["area_mm2"] < SMALL_MM2]
    large = [one["dice"] == 0 for one in counted if one["area_mm2"] > LARGE_MM2]
    return {
        "small-slices-missed": f"{sum(small)} of the {len(small)}",
        "large-slices-missed": f"{sum(large) or 'none'} of the {len(large)}",
    }


def _seconds(bench: Path) -> dict[str, str]:
    """Of the least times: the command, finding the hemorrhage in it, and the paper's way."""
    screen = _found_in(bench, r"\n\| `ichor screen`[^|]*\| ([\d.]+) \| [\d.]+ \| \d+ \|")
    infer = _found_in(bench, r"\n\| — infer \| ([\d.]+) \|")
    paper = _found_in(bench, r"\n\| Paper's way, in the same engine[^|]*\| ([\d.]+) \| [\d.]+ \| \d+ \|")
    return {"screen-s": f"{float(screen):.1f}", "infer-s": f"{float(infer):.1f}", "paper-s": f"{float(paper):.0f}"}


def main() -> None:
    """Fill every document."""
    known = figures(ROOT / "results")
    for document in DOCUMENTS:
        document.write_text(filled(document.read_text(encoding="utf-8"), known), encoding="utf-8")


if __name__ == "__main__":
    main()
