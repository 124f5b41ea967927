"""The ablation's table: its rows with what each of their networks costs.

    python scripts/ablation_table.py results/ablation

Reads rows.json, one object a row as scripts/ablation.py prints it, `config` being one that ships, with `core_minutes`
of training beside it where they are known. Writes cost.json, of each network its parameters and the milliseconds a
slice takes on this machine, all measured in one run, and the table between the two marks in README.md. The interval of
a Dice is from resampling its subjects.
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
from ichor.methods.settings import UNetSlicesSettings
from ichor.models.engine import Engine
from ichor.nets.slice_unet import SliceUNet
from ichor.train.export import export_onnx
from ichor.train.forward import TorchForward

BEGIN, END = "<!-- begin of the table -->", "<!-- end of the table -->"
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


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    rows = json.loads((folder / "rows.json").read_text(encoding="utf-8"))
    settings = {name: UNetSlicesSettings(**load_config(name).settings) for name in {row["config"]: 0 for row in rows}}
    cost = {name: cost_of(one) for name, one in settings.items()}
    write_whole(folder / "cost.json", json.dumps(cost, indent=1) + "\n")
    page = (folder / "README.md").read_text(encoding="utf-8")
    before, after = page.split(BEGIN)[0], page.split(END)[1]
    write_whole(folder / "README.md", f"{before}{BEGIN}\n{table(rows, settings, cost)}{END}{after}")


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
    lines = ["| " + " | ".join(COLUMNS) + " |", "|" + "---|" * len(COLUMNS)]
    for row in rows:
        of, costs = settings[row["config"]], cost[row["config"]]
        low, high = interval(list(row["dice_of"].values()))
        subtypes = list(row.get("subtype_auc", {}).values())
        lines.append(
            "| "
            + " | ".join(
                [
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
                ]
            )
            + " |"
        )
    return "\n".join(lines) + "\n"


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
