"""Train the folds of experiments side by side on one GPU, for a limited time.

    python scripts/train_side_by_side.py recipe/all paper/unet-tiles=1 --data ct-ich --out RUNS [--minutes 14] [--try]

A small network leaves most of a GPU idle, so the folds of an experiment run at the same time, each as `ichor crossval
CONFIG --fold K` in a process of its own. CONFIG=N runs N at a time: 1 for a network that fills the GPU by itself. The
experiments run one after the other. When the time is up, all processes are stopped; the same command continues each
training from its last epoch. With --try, each experiment is fold 1 for one epoch in small batches, on any machine, to
see that everything is there before a GPU is paid for. Further options, such as --folds, are passed to `ichor crossval`.
"""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from ichor.dataset.folds import N_FOLDS
from ichor.experiments.config import load_config

TRIED_BATCH = 2
ENDING_S = 60  # for a process that was told to stop


@dataclass(frozen=True)
class Experiment:
    """A config, by name or path, and how many of its folds run at a time."""

    config: str
    at_a_time: int

    @classmethod
    def of(cls, words: str) -> Experiment:
        """The experiment of `CONFIG` or `CONFIG=N`. Raises ValueError if N is not a number."""
        config, _, number = words.partition("=")
        return cls(config, max(1, int(number)) if number else N_FOLDS)

    @property
    def name(self) -> str:
        """The name of its run."""
        return Path(self.config).stem if Path(self.config).is_file() else self.config.replace("/", "-")

    def tried(self, folder: Path) -> Experiment:
        """The same for one epoch in small batches; its config is written to `folder`."""
        config = load_config(self.config).model_dump(mode="json")
        config["settings"]["training"] |= {"epochs": 1, "batch": TRIED_BATCH}
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / f"{self.name}.yaml"
        file.write_text(yaml.safe_dump(config), encoding="utf-8")
        return Experiment(str(file), 1)

    def start(self, fold: int, words: Sequence[str], out: Path) -> subprocess.Popen[bytes]:
        """Start a fold with further words for the command; what it prints goes to a file."""
        run = out / self.name
        run.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "ichor", "crossval", self.config, "--out", str(run), *words]
        with (run / f"fold-{fold}.log").open("ab") as log:
            return subprocess.Popen([*command, "--fold", str(fold)], stdout=log, stderr=log)


def train(experiment: Experiment, folds: Sequence[int], words: Sequence[str], out: Path, until: float) -> list[str]:
    """Train these folds until the time `until` of the monotonic clock; what failed or was not finished."""
    waiting, faults = [*folds], []
    running: dict[int, subprocess.Popen[bytes]] = {}
    try:
        while waiting or running:
            while waiting and len(running) < experiment.at_a_time:
                fold = waiting.pop(0)
                running[fold] = experiment.start(fold, words, out)
            time.sleep(0.2)
            for fold, process in [*running.items()]:
                if process.poll() is not None:
                    del running[fold]
                    if process.returncode:
                        faults.append(f"{experiment.name}, fold {fold}: exit status {process.returncode}")
            if time.monotonic() > until:
                return [*faults, *(f"{experiment.name}, fold {fold}: not finished" for fold in [*running, *waiting])]
        return faults
    finally:
        for process in running.values():
            process.send_signal(signal.SIGINT)
        for process in running.values():
            try:
                process.wait(ENDING_S)
            except subprocess.TimeoutExpired:
                process.kill()


def main(arguments: Sequence[str] | None = None) -> int:
    """Train; exit status 1 if something failed or was not finished."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("experiments", metavar="CONFIG[=N]", nargs="+", type=Experiment.of)
    parser.add_argument("--data", required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=14.0)
    parser.add_argument("--try", dest="tried", action="store_true", help="fold 1 for one epoch in small batches")
    asked, others = parser.parse_known_args(arguments)
    words = ["--data", asked.data, *others]
    until, faults = time.monotonic() + 60 * asked.minutes, []
    for one in asked.experiments:
        experiment = one.tried(asked.out) if asked.tried else one
        folds = [1] if asked.tried else [*range(1, N_FOLDS + 1)]
        faults += train(experiment, folds, words, asked.out, until)
    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
