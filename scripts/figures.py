"""Fill the measured figures of README, docs and model cards from the committed results.

    python -m scripts.figures

A figure, or a whole table, is written between `<!-- figure: NAME -->` and `<!-- end -->`; the names are listed below.
The cards of the shipped models are regenerated if the packages' checksums are correct. A test checks that all
documents are up to date.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean, median
from typing import Any

from ichor.dataset.ct_ich.folds import authors_fold
from ichor.evaluate.detection_metrics import RULE_PX
from ichor.models.package import CARD, DEFAULT_MODEL, read_config, verify, write_sums
from ichor.models.reference import REFERENCE
from ichor.models.verdict import VERDICT
from ichor.pages.card import write_card
from ichor.read.ct_ich_jpg import PIXEL_MM
from ichor.runs.about import ABOUT
from studies.input_checks.page import figures as input_check_figures

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = [
    ROOT / "README.md",
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted((ROOT / "results").glob(f"*/{ABOUT}")),
]
PACKAGES = sorted(file.parent for file in (ROOT / "src/ichor/models").glob(f"*/{CARD}"))
_FIGURE = re.compile(r"(<!-- figure: ([\w-]+) -->)(.*?)(<!-- end -->)", re.DOTALL)

RESULTS_HEAD = "\n| | Dice, paper's average | in the paper | slice AUC | scan AUC |\n|---|---|---|---|---|\n"
# The name of the row, the run in results/, and the paper's Dice.
RESULTS_ROWS = (
    ("the paper's thresholds, as published", "paper-threshold-published", "0.135"),
    ("the paper's U-Net on tiles, reduced in size", "paper-unet-tiles", "0.315"),
    ("the shipped model", DEFAULT_MODEL, ""),
)
UNUSED_FOLDS = (1, 2, 3)  # the latest variants of the model's recipe were not compared on these folds' test subjects
SMALL_MM2, LARGE_MM2 = 30, 300  # areas of hemorrhage on a slice
# The conditions in results/robustness that reduce the Dice by more than a tenth, which the documents mention.
COSTLY = ("thickness-7", "thickness-10", "kernel-sharp", "noise-20", "brain-window", "tilt-15", "nod-10")


def figures(results: Path) -> dict[str, str]:
    """All figures by name, as text."""
    answers = _json(results / "same-answer" / "answers.json")
    fp32 = answers["variants"][0]["scans"]  # without restriction of the instruction set
    model = _json(results / DEFAULT_MODEL / "metrics.json")
    robustness = _json(results / "robustness" / "robustness.json")["conditions"]
    return {
        "ge-head-ml": f"{fp32['ge-head']['volume_ml']:.1f}",
        "same-answer": _same_answer(answers),
        "results-table": RESULTS_HEAD + "".join(_results_row(results, *row) for row in RESULTS_ROWS),
        "model-cases": f"{model['data']['n_subjects']} subjects and {model['data']['n_slices']} slices",
        "model-missed": ", ".join(model["subjects_missed"]),
        "model-other-folds": _dice_of_folds(model, UNUSED_FOLDS),
        "reference-over-400px": _over_the_rule(_json(results / "limits" / "slices.json")),
        **{f"{one}-scan-auc": f"{robustness[one]['scan_auc']['value']:.2f}" for one in ("noise-20", "brain-window")},
        "dice-lost": _dice_lost(robustness),
        "active-learning": _active_learning(_json(results / "annotation-simulation" / "simulation.json")),
        **input_check_figures(_json(results / "input-checks" / "input-checks.json")),
        **_slices_counted(_json(results / "dataset" / "dataset.json")),
        **_minutes(results),
        **_page_speed(results / "bench-annotation.md"),
        **_missed_by_size(_json(results / "limits" / "slices.json")),
        **_seconds(results / "bench.md"),
        **_node_load(_json(results / "node-load" / "found.json")),
    }


def _node_load(found: dict[str, Any]) -> dict[str, str]:
    """What a node needs, from the one under load: memory of each kind of process, and disk for each study."""
    load = found["load"]
    peaks = {kind: n / 2**20 for kind, n in load["peak_bytes"].items()}
    return {
        "node-mib": f"{peaks['node']:.0f} MiB",
        "worker-mib": f"{peaks['worker'] + peaks.get('reader', 0):.0f} MiB",
        "node-study-mib": f"{found['bytes'] / load['studies'] / 2**20:.0f} MiB",
        "node-study-s": f"{median(load['analysis_s']):.1f} s",
        "node-images-s": f"{median(found['throughput']['node']):.0f}",
    }


def filled(text: str, known: dict[str, str]) -> str:
    """The text with all figures filled in. Raises KeyError for an unknown figure."""
    return _FIGURE.sub(lambda found: f"{found[1]}{known[found[2]]}{found[4]}", text)


def _json(file: Path) -> Any:
    return json.loads(file.read_text(encoding="utf-8"))


def _found_in(file: Path, pattern: str) -> str:
    found = re.search(pattern, file.read_text(encoding="utf-8"))
    assert found is not None, f"{file}: expected {pattern}, found no match"
    return found[1]


def _results_row(results: Path, what: str, run: str, paper: str) -> str:
    metrics = _json(results / run / "metrics.json")
    dice, *aucs = (
        f"{one['value']:.3f} ({one['ci95'][0]:.3f} to {one['ci95'][1]:.3f})"
        for one in (metrics["dice"]["paper_average"], metrics["slice"]["auc"], metrics["scan"]["auc"])
    )
    return f"| {what} | {dice} | {paper} | {' | '.join(aucs)} |\n"


def _dice_of_folds(metrics: Any, folds: Sequence[int]) -> str:
    """The paper's average over the test subjects of some of the authors' folds."""
    subjects = {subject for fold in folds for subject in authors_fold(fold).test}
    dice = [one["dice"] for subject, one in metrics["per_subject"].items() if subject in subjects]
    return f"{fmean(dice):.3f} ({len(dice)} subjects)"


def _over_the_rule(slices: Any) -> str:
    """The fraction of delineated slices that the paper's rule of 400 pixels counts as positive."""
    over = [one["area_mm2"] > RULE_PX * PIXEL_MM**2 for one in slices]
    return f"{100 * fmean(over):.1f} % of the {len(over)} slices with a delineation"


def _missed_by_size(slices: Any) -> dict[str, str]:
    """The numbers of slices with small and with large hemorrhages, and how many of them are missed."""
    small = [one["dice"] == 0 for one in slices if one["area_mm2"] < SMALL_MM2]
    large = [one["dice"] == 0 for one in slices if one["area_mm2"] > LARGE_MM2]
    return {
        "small-slices-missed": f"{sum(small)} of the {len(small)}",
        "large-slices-missed": f"{sum(large) or 'none'} of the {len(large)}",
    }


def fraction_lost(condition: Any, unchanged: Any) -> float:
    """The fraction of the Dice that is lost under a condition in results/robustness."""
    return 1 - float(condition["dice"]["value"]) / float(unchanged["dice"]["value"])


def _dice_lost(conditions: Any) -> str:
    lost = [100 * fraction_lost(conditions[one], conditions["unchanged"]) for one in COSTLY]
    return f"{min(lost):.0f} to {max(lost):.0f} %"


def _active_learning(simulated: Any) -> str:
    figure = simulated["better_than_random"]["cost-sensitive"]["mean"]["dice_per_scan_3d"]
    value, low, high = (f"{round(one, 3) + 0.0:.3f}" for one in (figure["value"], *figure["ci95"]))
    held_out = f"{simulated['n_subjects']} subjects held out, {figure['n']} of them with a Dice"
    return f"{value} (95 % {low} to {high}; {held_out})"


def _slices_counted(described: Any) -> dict[str, str]:
    """The number of slices of each kind in ct-ich."""
    counts = {row["name"]: row["here"] for row in described["slices"]}
    kinds = {"edh": "Epidural (EDH)", "without": "No hemorrhage", "with": "With hemorrhage", "all": "All"}
    return {f"slices-{name}": counts[row] for name, row in kinds.items()}


def _minutes(results: Path) -> dict[str, str]:
    """The minutes of training per fold."""
    runs = {name: _json(results / name / "metrics.json") for name in ("compact", "paper-unet-tiles")}
    return {f"{name}-min": f"{one['made_by']['seconds'] / 60 / len(one['folds']):.0f}" for name, one in runs.items()}


def _page_speed(bench: Path) -> dict[str, str]:
    """The median milliseconds of the annotation page, rounded."""
    scrolled = _found_in(bench, r"\n\| scrolling, a slice \| ([\d.]+) \|")
    drawn = _found_in(bench, r"\n\| drawing with the brush, a move \| ([\d.]+) \|")
    return {"slice-drawn-ms": f"{float(scrolled):.0f}", "brush-drawn-ms": f"{float(drawn):.0f}"}


def _same_answer(answers: Any) -> str:
    """How well the default network agrees over the engines and instruction sets that were run on every scan."""
    network, n = answers["variants"][0]["network"], len(answers["variants"][0]["scans"])
    variants = [one["scans"].values() for one in answers["variants"] if one["network"] == network]
    rows = [row for variant in variants if len(variant) == n for row in variant]
    minimum = min(row["dice"] for row in rows if row["dice"] is not None)
    flipped = sum(row["flipped"] for row in rows)
    return f"{n} scans, a Dice of at least {minimum:.4f}, {flipped or 'no'} flipped verdict{'s' * (flipped > 1)}"


def _seconds(bench: Path) -> dict[str, str]:
    """The minimum times of the command, of its inference, and of the paper's approach."""
    screen = _found_in(bench, r"\n\| `ichor screen`[^|]*\| ([\d.]+) \| [\d.]+ \| \d+ \|")
    infer = _found_in(bench, r"\n\| — infer \| ([\d.]+) \|")
    paper = _found_in(bench, r"\n\| Paper's way, in the same engine[^|]*\| ([\d.]+) \| [\d.]+ \| \d+ \|")
    return {"screen-s": f"{float(screen):.1f}", "infer-s": f"{float(infer):.1f}", "paper-s": f"{float(paper):.0f}"}


def main() -> None:
    """Fill every document, and regenerate the cards of the shipped packages."""
    known = figures(ROOT / "results")
    for document in DOCUMENTS:
        text = document.read_text(encoding="utf-8")
        if (new := filled(text, known)) != text:
            document.write_text(new, encoding="utf-8")
    for package in PACKAGES:
        make_card(package)


def make_card(package: Path) -> None:
    """Regenerate the card of a package, with the description, verdict thresholds and probabilities of its result."""
    verify(package)  # otherwise new checksums would hide other changes
    training = read_config(package).training
    result = ROOT / "results" / (training.experiment if training else package.name)
    for name in (ABOUT, VERDICT, REFERENCE):
        if (result / name).is_file():
            shutil.copyfile(result / name, package / name)
    write_card(package)
    write_sums(package)


if __name__ == "__main__":
    main()
