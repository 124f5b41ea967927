"""The page of the study, and its table, which docs/reference/findings.md also shows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from studies.input_checks.hematoma import HEMATOMA_HU, VOLUME_ML
from studies.input_checks.pictures import EVERY, JPEG_QUALITY, SHOWS_BRAIN

UNCHANGED, NOTHING = "as it is", "nothing"
HEAD = "| {} | n | failed any check | checks that failed |\n|---|---|---|---|\n"
PICTURES_HEAD = (
    "| single pictures | n | failed another check | subjects | with such a picture | checks that failed |\n"
    "|---|---|---|---|---|---|\n"
)
PAGE = """# How often the input checks warn

How many scans fail the input checks, and which ones: the subjects of ct-ich, unchanged and modified by code. Contrast
agent is simulated by adding bright vessels. Padding has one value on all sides and adds 6 slices below and above; 25 mm
of the head are cut off. The subject that is available in the brain window only is otherwise left unmodified.
[Findings](../../docs/reference/findings.md) explains the checks. Their thresholds were chosen on these subjects, so the
first row does not estimate the rate on other scans. No real scan with contrast agent or metal was available.

{table}
## Pictures of unknown pixel size and window

Slices of the same subjects as JPG or PNG pictures, read as `ichor screen` reads them if no option says otherwise: pixel
size and slice distance are unknown, and the gray is taken for the brain window, 40/120, whatever was shown. "0 to 80
HU" is a common window for brain; in the others, the gray is truly wrong. A frame is that of a viewer, with text in the
corners and a scale. JPEG has quality {jpeg}. The hematoma is simulated, with {hematoma_ml} mL, {hematoma_hu} HU and
edema around it.

**Each picture alone.** Every {every}th of the slices that show brain, starting with one drawn for each subject. A slice
shows brain if the area of brain is at least {shows_brain:.0%} of the largest. `part of a head` fails for each picture
of a head and is not listed.

{pictures}
**The pictures of a scan in one folder.**

{folders}
## Other scans

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
        pictures=pictures_table(result["pictures"]),
        folders=table(result["folders"], "pictures of a scan"),
        jpeg=JPEG_QUALITY,
        every=EVERY,
        shows_brain=SHOWS_BRAIN,
        hematoma_ml="{:.0f} to {:.0f}".format(*VOLUME_ML),
        hematoma_hu="{:.0f} to {:.0f}".format(*HEMATOMA_HU),
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


def pictures_table(rows: Mapping[str, Mapping[str, Any]]) -> str:
    """A Markdown table with a row for each kind of single picture: how many failed, of how many subjects."""
    lines = []
    for name, row in rows.items():
        n, failed, kinds = _cells(row["kinds"])
        lines.append(f"| {name} | {n} | {failed} | {row['subjects']} | {row['subjects_failed']} | {kinds} |\n")
    return PICTURES_HEAD + "".join(lines)


def table(counts: Mapping[str, Mapping[str, int]], of: str = "ct-ich") -> str:
    """A Markdown table with a row for each modification: how many scans failed, and which checks.

    `counts` has, for each modification, the number of scans by the checks that they failed, joined with " and ".
    """
    rows = (f"| {' | '.join((name, *_cells(by_kinds)))} |\n" for name, by_kinds in counts.items())
    return HEAD.format(of) + "".join(rows)


def _cells(by_kinds: Mapping[str, int]) -> tuple[str, str, str]:
    """How many there are, how many failed, and which checks."""
    failed = {kinds: count for kinds, count in by_kinds.items() if kinds != NOTHING}
    if len(failed) == 1:
        cell = _quoted(*failed)
    else:
        cell = ", ".join(f"{_quoted(kinds)} {count}" for kinds, count in failed.items())
    return str(sum(by_kinds.values())), str(sum(failed.values())), cell


def _quoted(kinds: str) -> str:
    """The kinds joined with " and ", each as code."""
    return NOTHING if kinds == NOTHING else " and ".join(f"`{kind}`" for kind in kinds.split(" and "))
