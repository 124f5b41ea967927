"""The page of the study."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from ichor.experiments.making import commit, hardware
from studies.int8.compare import VARIANTS, Row, figures

MAX_LOSS = 0.005  # of Dice
DEFAULT_NETWORK = """Which network of the shipped model runs by default depends on whether any scan's verdict changes:
[results/same-answer](../same-answer/README.md)."""
REDUCED = """
**Reduced**: this run is a smaller version of the shipped model's recipe, whose fold weights were not available. What int8
with 7-bit weights costs the full recipe is therefore unknown.
"""
PAGE = """# What int8 costs
{reduced}
The networks of `{experiment}` in fp32 and in int8 (7-bit weights, quantized on slices of the training subjects),
evaluated out-of-fold on the {n} test subjects ({folds}). Nothing was recalibrated. Dice is the paper's average, without
070. Differences are paired, with 95 % intervals from resampling subjects.

| | fp32 | int8 | difference |
|---|---|---|---|
{table}

{verdict}

The masks of the two agree with a pooled Dice of {agreement:.3f}. Milliseconds are the median over batches of one pass of
the network in OpenVINO on {threads} threads. Both variants ran alternately on a machine with other load, so only their
ratio is meaningful; [results/bench.md](../bench.md) has times of an idle machine. rows.json has each subject.

{hardware}; commit {commit}. Reproduce with

    {command}
"""


def page(rows: Sequence[Row], experiment: str, threads: int, requested: Sequence[int], *, reduced: bool) -> str:
    """The README of the result; `requested` are the folds given on the command line."""
    found = figures(rows)
    table = [
        f"| {name} (n {of['fp32'].n}) | {of['fp32'].value:.4f} | {of['int8'].value:.4f} | "
        f"{of['difference'].value:+.4f} ({of['difference'].interval[0]:+.4f} to {of['difference'].interval[1]:+.4f}) |"
        for name, of in found.items()
    ]
    ms = [median(row[variant]["ms"] for row in rows) for variant in VARIANTS]
    table.append(f"| ms a slice | {ms[0]:.1f} | {ms[1]:.1f} | {ms[0] / ms[1]:.1f} times as fast |")
    change = found["Dice"]["difference"].value
    acceptable = f"so int8 is {'acceptable' if change > -MAX_LOSS else 'not acceptable'}"
    command = ["python -m studies.int8 RUN --data ct-ich --out results/int8", *(f"--fold {k}" for k in requested)]
    pixels = sum(row[variant]["mask_px"] for row in rows for variant in VARIANTS)
    return PAGE.format(
        experiment=experiment,
        n=len(rows),
        folds="folds " + ", ".join(map(str, sorted({row["fold"] for row in rows}))),
        table="\n".join(table),
        verdict=(
            f"Criterion: Dice may decrease by at most {MAX_LOSS:g}. It changes by {change:+.4f}, {acceptable}.\n"
            f"{DEFAULT_NETWORK}"
        ),
        reduced=REDUCED if reduced else "",
        agreement=2 * sum(row["both_px"] for row in rows) / pixels if pixels else 1.0,
        threads=threads,
        hardware=hardware(),
        commit=commit(),
        command=" ".join(command),
    )
