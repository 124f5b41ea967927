"""The page of the study."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from ichor.experiments.making import commit, hardware
from studies.int8.compare import VARIANTS, Row, figures

LEAST_GAIN = -0.005  # of Dice: what int8 may cost
ELSE = """Which network of the model that ships runs by default is decided
in [results/same-answer](../same-answer/README.md): by whether any scan's verdict changes."""
REDUCED = """
**Reduced**: the run is a small stand-in for the recipe of the model that ships. The fold weights of that recipe were
not at hand, so what int8 costs it with weights of 7 bits is not known.
"""
PAGE = """# What int8 costs
{reduced}
The networks of `{experiment}` in fp32 and in int8, each on the {n} test subjects of its own fold ({folds}), quantized
to weights of 7 bits on slices of its training subjects. Nothing is chosen anew. Dice is the paper's average, without
070. Differences are paired, with 95 % intervals by resampling subjects.

| | fp32 | int8 | difference |
|---|---|---|---|
{table}

{verdict}

The masks of both have a Dice of {agreement:.3f} with each other, pooled. Milliseconds are the median over batches of a
pass of the network in OpenVINO on {threads} threads, one variant beside the other, whatever else the machine did: their
ratio counts, and [results/bench.md](../bench.md) has them on an idle machine. rows.json has each subject.

{hardware}; commit {commit}. Made with

    {command}
"""


def page(rows: Sequence[Row], experiment: str, threads: int, asked: Sequence[int], *, reduced: bool) -> str:
    """The page that shows the rows."""
    found = figures(rows)
    table = [
        f"| {name} (n {of['fp32'].n}) | {of['fp32'].value:.4f} | {of['int8'].value:.4f} | "
        f"{of['difference'].value:+.4f} ({of['difference'].interval[0]:+.4f} to {of['difference'].interval[1]:+.4f}) |"
        for name, of in found.items()
    ]
    ms = [median(row[variant]["ms"] for row in rows) for variant in VARIANTS]
    table.append(f"| ms a slice | {ms[0]:.1f} | {ms[1]:.1f} | {ms[0] / ms[1]:.1f} times as fast |")
    gain = found["Dice"]["difference"].value
    may_run = f"so int8 {'may' if gain > LEAST_GAIN else 'may not'} run"
    command = ["python -m studies.int8 RUN --data ct-ich --out results/int8", *(f"--fold {k}" for k in asked)]
    pixels = sum(row[variant]["mask_px"] for row in rows for variant in VARIANTS)
    return PAGE.format(
        experiment=experiment,
        n=len(rows),
        folds="folds " + ", ".join(map(str, sorted({row["fold"] for row in rows}))),
        table="\n".join(table),
        verdict=f"Dice may fall by {-LEAST_GAIN:g} at most. It changes by {gain:+.4f}: {may_run} by that.\n{ELSE}",
        reduced=REDUCED if reduced else "",
        agreement=2 * sum(row["both_px"] for row in rows) / pixels if pixels else 1.0,
        threads=threads,
        hardware=hardware(),
        commit=commit(),
        command=" ".join(command),
    )
