"""The page of the study, and its table, which docs/reference/findings.md also shows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

UNCHANGED, NOTHING = "as it is", "nothing"
HEAD = "| ct-ich | n | failed any check | checks that failed |\n|---|---|---|---|\n"
PAGE = """# How often the input checks warn

How many scans fail the input checks, and which ones: the subjects of ct-ich, unchanged and modified by code. Contrast
agent is simulated by adding bright vessels. Padding has one value on all sides and adds 6 slices below and above; 25 mm
of the head are cut off. The subject that is available in the brain window only is otherwise left unmodified.
[Findings](../../docs/reference/findings.md) explains the checks. Their thresholds were chosen on these subjects, so the
first row does not estimate the rate on other scans. No real scan with contrast agent or metal was available.

{table}
Other scans, unchanged, and how much brighter the brain is next to the skull than deeper inside (ct-ich: at most
{most_hu} HU):

| scan | checks that failed | brighter, HU |
|---|---|---|
{others}

input-checks.json has each subject's brightness. {hardware}; commit {commit}. Reproduce with

    python -m studies.input_checks --data ct-ich --dicom dicom --out results/input-checks

Derived from ct-ich: Hssayeni M (2019), PhysioNet, doi:10.13026/w8q8-ky94, CC BY 4.0. Research use only; not a medical
device.
"""


def page(result: Mapping[str, Any]) -> str:
    """The page, from the content of input-checks.json."""
    return PAGE.format(
        **result["made_by"],
        table=table(result["ct_ich"]),
        most_hu=figures(result)["rim-ct-ich"],
        others="\n".join(
            f"| {name} | {_quoted(one['warned_of'])} | {'unknown' if one['rim_hu'] is None else one['rim_hu']} |"
            for name, one in result["others"].items()
        ),
    )


def figures(result: Mapping[str, Any]) -> dict[str, str]:
    """The figures that the documentation quotes, by name."""
    unchanged = result["ct_ich"][UNCHANGED]
    n = sum(unchanged.values())
    return {
        "input-checks-table": "\n" + table(result["ct_ich"]),
        "input-checks-unchanged": f"{n - unchanged.get(NOTHING, 0)} of {n}",
        "rim-ct-ich": f"{max(hu for hu in result['ct_ich_rim_hu'].values() if hu is not None):.1f}",
        "rim-ge-head": f"{result['others']['ge-head']['rim_hu']:.0f}",
        **{f"input-checks-{name}": _quoted(one["warned_of"]) for name, one in result["others"].items()},
    }


def table(counts: Mapping[str, Mapping[str, int]]) -> str:
    """A Markdown table with a row for each modification: how many scans failed, and which checks.

    `counts` has, for each modification, the number of scans by the checks that they failed, joined with " and ".
    """
    return HEAD + "".join(_row(name, by_kinds) for name, by_kinds in counts.items())


def _row(name: str, by_kinds: Mapping[str, int]) -> str:
    failed = {kinds: count for kinds, count in by_kinds.items() if kinds != NOTHING}
    if len(failed) == 1:
        cell = _quoted(*failed)
    else:
        cell = ", ".join(f"{_quoted(kinds)} {count}" for kinds, count in failed.items())
    return f"| {name} | {sum(by_kinds.values())} | {sum(failed.values())} | {cell} |\n"


def _quoted(kinds: str) -> str:
    """The kinds joined with " and ", each as code."""
    return NOTHING if kinds == NOTHING else " and ".join(f"`{kind}`" for kind in kinds.split(" and "))
