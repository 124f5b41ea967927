"""The ablation's tables: their rows with what each of their networks costs.

    python -m studies.ablation.table results/ablation

Reads rows.json, one object a row as `python -m studies.ablation --fold` prints it, `config` being one that ships, with
`core_minutes` of training beside it where they are known, and tries.json, rows as `--blocks` prints them: `try` is what
is tried, and beside them, where they are known, `parameters`, those that run, and `time`, what a slice takes in times
of the first's (measured for one network, counted for several); they are compared with the first. Writes cost.json, of
each network of the former its parameters and the milliseconds a slice takes on this machine, all measured in one run,
and each table between its two marks in README.md. The interval of a Dice, and of a difference of two, is from
resampling its subjects.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from ichor.atomic import write_whole
from ichor.experiments.config import load_config
from ichor.methods.unet_slices.settings import UNetSlicesSettings
from ichor.models.engine import Engine
from ichor.nets.slice_unet import SliceUNet
from ichor.pages.blocks import Table
from ichor.pages.markdown import table as markdown
from ichor.train.export import export_onnx
from ichor.train.forward import TorchForward

MARKS = ("<!-- begin of the {} -->", "<!-- end of the {} -->")
_RESAMPLES = 10_000
_REPEATS = 15
_BATCH = 4

COLUMNS = (
    "config",
    "pixel, mm",
    "trained on",
    "skips",
    "pasted",
    "loss",
    "fold",
    "Dice, paper's average (95 %)",
    "n",
    "slice AUC",
    "scan AUC",
    "subtype AUC, mean",
    "false-positive mL, 95th percentile",
    "missed",
    "training, core-minutes",
    "parameters",
    "ms a slice",
)


_OUTLINED = ("Dice (95 %)", "difference (95 %)", "false-positive mL, median; 95th percentile", "missed")
COLUMNS_OF_TRIES = (
    "try",
    *(f"{name}, from one half on" for name in _OUTLINED),
    *(f"{name}, as decided" for name in _OUTLINED),
    "slice AUC, not calibrated",
    "specificity at 97 % sensitivity, not calibrated",
    "scan AUC, not calibrated",
    "subtype AUC, mean, not calibrated",
    "training, core-minutes",
    "parameters",
    "time a slice, times the first's",
)


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    rows = json.loads((folder / "rows.json").read_text(encoding="utf-8"))
    settings = {name: UNetSlicesSettings(**load_config(name).settings) for name in {row["config"]: 0 for row in rows}}
    cost = {name: cost_of(one) for name, one in settings.items()}
    write_whole(folder / "cost.json", json.dumps(cost, indent=1) + "\n")
    tries = json.loads((folder / "tries.json").read_text(encoding="utf-8"))
    page = (folder / "README.md").read_text(encoding="utf-8")
    for name, of in (("table", table(rows, settings, cost)), ("tries", table_of_tries(tries))):
        begin, end = (mark.format(name) for mark in MARKS)
        before, after = page.split(begin)[0], page.split(end)[1]
        page = f"{before}{begin}\n{of}{end}{after}"
    write_whole(folder / "README.md", page)


def cost_of(settings: UNetSlicesSettings) -> dict[str, float]:
    """Parameters, and milliseconds a slice by the engine that screens, without the mirrored pass."""
    network = SliceUNet(settings.widths, 0.0, settings.skips, subtypes=settings.training.subtype_loss > 0).eval()
    with tempfile.TemporaryDirectory() as folder:
        export_onnx(TorchForward(network), settings.size, Path(folder) / "network.onnx")
        engine = Engine(Path(folder) / "network.onnx")
        batch = np.zeros((_BATCH, network.input_channels, settings.size, settings.size), np.float32)
        engine(batch)
        seconds = []
        for _ in range(_REPEATS):
            started = time.perf_counter()
            engine(batch)
            seconds.append(time.perf_counter() - started)
    return {
        "parameters": sum(p.numel() for p in network.parameters()),
        "ms_a_slice": round(1000 * float(np.median(seconds)) / _BATCH, 1),
    }


def table(rows: list[dict[str, Any]], settings: dict[str, UNetSlicesSettings], cost: dict[str, Any]) -> str:
    """The rows in Markdown."""
    lines = []
    for row in rows:
        of, costs = settings[row["config"]], cost[row["config"]]
        low, high = interval(list(row["dice_of"].values()))
        subtypes = list(row.get("subtype_auc", {}).values())
        lines.append(
            (
                f"`{row['config']}`",
                f"{of.pixel_mm:g}",
                shown(of),
                of.skips,
                (f"{of.paste:g}" + (", fainter" if of.faint else "")) if of.paste else "no",
                of.training.loss,
                str(row["fold"]),
                f"{row['dice']:.3f} ({low:.2f} to {high:.2f})",
                str(row["n"]),
                f"{row['slice_auc']:.3f}",
                f"{row['scan_auc']:.3f}",
                f"{np.mean(subtypes):.3f} (of {len(subtypes)})" if subtypes else "",
                f"{row['false_ml_p95']:.1f}",
                ", ".join(row["missed"]) or "none",
                f"{row['core_minutes']:.0f}" if "core_minutes" in row else "",
                f"{costs['parameters']:,}",
                f"{costs['ms_a_slice']:.0f}",
            )
        )
    return markdown(Table(COLUMNS, tuple(lines))) + "\n"


def table_of_tries(tries: list[dict[str, Any]]) -> str:
    """The tries in Markdown, each beside the first, which they are compared with."""
    base, lines = tries[0], []
    for row in tries:
        cells = (
            row["try"],
            *outlined(row, base),
            *outlined(row["decided"], base["decided"]),
            f"{row['slice_auc']:.3f}",
            f"{100 * row['specificity_at_97']:.0f} %",
            f"{row['scan_auc']:.3f}",
            f"{np.mean(list(row['subtype_auc'].values())):.3f}",
            f"{row['core_minutes']:.0f}" if "core_minutes" in row else "",
            f"{row['parameters']:,}" if "parameters" in row else "",
            f"{row['time']:g}" if "time" in row else "",
        )
        lines.append(cells)
    return markdown(Table(COLUMNS_OF_TRIES, tuple(lines))) + "\n"


def outlined(figures: dict[str, Any], base: dict[str, Any]) -> tuple[str, ...]:
    """The cells of `_OUTLINED`; no difference of the base from itself."""
    low, high = interval(list(figures["dice_of"].values()))
    difference = ""
    if figures is not base:
        each = [figures["dice_of"][subject] - of for subject, of in base["dice_of"].items()]
        difference = "{:+.3f} ({:+.3f} to {:+.3f})".format(np.mean(each), *interval(each))
    return (
        f"{figures['dice']:.3f} ({low:.2f} to {high:.2f})",
        difference,
        f"{figures['false_ml_median']:.2f}; {figures['false_ml_p95']:.1f}",
        ", ".join(figures["missed"]) or "none",
    )


def shown(settings: UNetSlicesSettings) -> str:
    """What an epoch shows the network."""
    training = settings.training
    if training.crop is None:
        return f"slices of {settings.size} px, {training.epochs} epochs"
    squares = f"squares of {training.crop} px, {training.epochs - training.whole_epochs} epochs"
    return squares if not training.whole_epochs else f"{squares}, then slices, {training.whole_epochs}"


def interval(values: list[float]) -> tuple[float, float]:
    """The 2.5th and 97.5th percentile of the mean over resampled subjects."""
    drawn = np.random.default_rng(0).choice(values, (_RESAMPLES, len(values))).mean(axis=1)
    low, high = np.percentile(drawn, [2.5, 97.5])
    return float(low), float(high)


if __name__ == "__main__":
    main()
