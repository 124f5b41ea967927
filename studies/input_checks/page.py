"""The page of the study, and its table, which the documents show too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

UNCHANGED, NOTHING = "as it is", "nothing"
HEAD = "| ct-ich | n | warned of | as |\n|---|---|---|---|\n"
PAGE = """# How often the input checks warn

How many scans `ichor screen` warns of as outside the models' intended input, and with which warning: the subjects of
ct-ich unchanged, and modified by code. Contrast agent is imitated by drawing vessels. Padding has one value on all
sides and adds 6 slices below and above; 25 mm of the head are cut off. The subject that is known in the brain window
alone gets no other modification. The rules, and what they are for:
[findings](../../docs/reference/findings.md). Their thresholds were chosen on these subjects, so the first row does
not estimate the rate on other scans. No real scan with contrast agent or metal was at hand.

{table}
Other scans, unchanged, and how much brighter brain is next to the skull than deeper inside (ct-ich: at most {most_hu} HU):

| scan | warned of as | brighter, HU |
|---|---|---|
{others}

input-checks.json has each subject's brightness. {hardware}; commit {commit}. Reproduce with

    python -m studies.input_checks --data ct-ich --dicom dicom --out results/input-checks

Derived from ct-ich: Hssayeni M (2019), PhysioNet, doi:10.13026/w8q8-ky94, CC BY 4.0. Research use only; not a medical
device.
"""


def page(kept: Mapping[str, Any]) -> str:
    """The page over what input-checks.json holds."""
    return PAGE.format(
        **kept["made_by"],
        table=table(kept["ct_ich"]),
        most_hu=figures(kept)["rim-ct-ich"],
        others="\n".join(
            f"| {name} | {_quoted(one['warned_of'])} | {'not told' if one['rim_hu'] is None else one['rim_hu']} |"
            for name, one in kept["others"].items()
        ),
    )


def figures(kept: Mapping[str, Any]) -> dict[str, str]:
    """What documents quote, by the name of the figure."""
    as_it_is = kept["ct_ich"][UNCHANGED]
    n = sum(as_it_is.values())
    return {
        "unlike-table": "\n" + table(kept["ct_ich"]),
        "unlike-as-it-is": f"{n - as_it_is.get(NOTHING, 0)} of {n}",
        "rim-ct-ich": f"{max(hu for hu in kept['ct_ich_rim_hu'].values() if hu is not None):.1f}",
        "rim-ge-head": f"{kept['others']['ge-head']['rim_hu']:.0f}",
        **{f"unlike-{name}": _quoted(one["warned_of"]) for name, one in kept["others"].items()},
    }


def table(counts: Mapping[str, Mapping[str, int]]) -> str:
    """A row for each change: of how many scans it warns, and of what."""
    return HEAD + "".join(_row(name, said) for name, said in counts.items())


def _row(name: str, said: Mapping[str, int]) -> str:
    kinds = {kind: count for kind, count in said.items() if kind != NOTHING}
    if len(kinds) == 1:
        what = _quoted(*kinds)
    else:
        what = ", ".join(f"{_quoted(kind)} {count}" for kind, count in kinds.items())
    return f"| {name} | {sum(said.values())} | {sum(kinds.values())} | {what} |\n"


def _quoted(kinds: str) -> str:
    """The kinds of a key, as code."""
    return NOTHING if kinds == NOTHING else " and ".join(f"`{kind}`" for kind in kinds.split(" and "))
