"""The page of the study."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

PAGE = """# How much a few clicks improve an outline

The annotation tool's refinement under simulated clicks on the {slices} slices with hemorrhage, or with a mask, of {n}
subjects of ct-ich (without 070). The mask is the out-of-fold mask of `{run}`. Each click is put in the middle of the largest
connected error of a slice, positive where hemorrhage was missed and negative where there is none (Xu et al. 2016,
doi:10.1109/CVPR.2016.47), up to 5 times a slice. 95 % intervals are from resampling subjects.

| start | clicks a slice | Dice of the scan | gain | paper's average |
|---|---|---|---|---|
{table}

A click took {median:.0f} ms (median; 95 % took less than {p95:.0f} ms, the slowest {largest:.0f} ms) on one core of a machine
that was busy with other work, by HU alone, on slices of 650 x 650 pixels.

- **HU alone.** The tool also uses the model's probability where the model has run. Out-of-fold probabilities are not kept, so
  these figures are without it: what a reader of an imported mask has.
- **The settings** were chosen for each fold, among {candidates} candidates, by the mean Dice after 3 clicks on the subjects of
  the other folds: {chosen}.
  The tool ships with those that were best on all subjects: {shipped}.
- **A simulated reader** knows the delineation, sees every error, and always clicks in the middle of the largest one. A real
  reader does not. ct-ich has one delineation, so part of the errors at the edges may be within the variation between readers.

Reproduce with `python -m studies.click_refinement --data ct-ich --out results/click-refinement`. Derived from ct-ich:
Hssayeni M (2019), PhysioNet, doi:10.13026/w8q8-ky94, CC BY 4.0. Research use only; not a medical device.
"""
STARTS = {"mask": "out-of-fold mask", "nothing": "nothing drawn"}


def page(found: Mapping[str, Any]) -> str:
    """The README of the result."""
    starts = found["starts"]
    seconds = starts["mask"]["seconds"]
    return PAGE.format(
        run=found["run"],
        slices=found["slices"],
        n=len(found["subjects"]),
        table="\n".join(_row(name, clicks, starts[name]) for name in STARTS for clicks in starts[name]["after"]),
        candidates=len(found["candidates"]),
        chosen=_chosen(found),
        shipped=_words(found["candidates"][starts["mask"]["best_of_all"]]),
        **{name: 1000 * value for name, value in seconds.items()},
    )


def _row(start: str, clicks: str, of: Mapping[str, Any]) -> str:
    after, gain = of["after"][clicks], of["gain"].get(clicks)
    return (
        f"| {STARTS[start]} | {clicks} | {_figure(after['scan_dice'])} | {'' if gain is None else _figure(gain)} "
        f"| {_figure(after['paper_average'])} |"
    )


def _figure(one: Mapping[str, Any]) -> str:
    low, high = one["ci95"]
    return f"{one['value']:.3f} ({low:.3f} to {high:.3f})"


def _chosen(found: Mapping[str, Any]) -> str:
    counts = Counter(found["starts"]["mask"]["chosen"].values())
    return "; ".join(
        f"{_words(found['candidates'][index])} for {n} of {counts.total()} folds" for index, n in counts.most_common()
    )


def _words(settings: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {value:g}" for name, value in settings.items())
