"""The page of the study."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from statistics import median
from typing import Any

# Requirements on every variant, compared with the network in fp32.
MIN_DICE, MAX_DIFFERENCE = 0.98, 0.05
NAMES = {
    "model.onnx": "fp32",
    "model.int8.onnx": "int8, weights of 7 bits",
    "model.8-bit.onnx": "int8, weights of 8 bits, as up to commit 06608c8",
}
SHOWN = {"demo-scan": "the demonstration scan", "ge-head": "the GE head"}

HEAD = (
    "| network | engine | instruction set | scans | Dice, minimum | Dice, median | Dice, pooled "
    "| slice probability, largest difference | flipped verdicts | meets requirements |"
)
PAGE = """# The same answer on every processor and engine

All 82 scans of ct-ich, two DICOM series (the GE head and the Philips phantom) and the demonstration scan, screened by the
shipped model. Each row is a process restricted to one instruction set (`ONEDNN_MAX_CPU_ISA`), compared with the network
in fp32 in OpenVINO without restriction. `{runs}` is the network that runs by default. ONNX Runtime cannot be restricted;
`reference` is int8 arithmetic computed exactly, layer by layer. Dice compares the two masks on the scans in which either
marks any voxel. A verdict is flipped if one marks any voxel and the other none.

Requirements: a Dice of at least {min_dice:g}, slice probabilities within {max_difference:g}, and no flipped verdict. The
rows of the int8 networks show what int8 would cost. A row with fewer than {scans} scans was not completed.

{head}
|---|---|---|---|---|---|---|---|---|---|
{table}

Results on two scans whose volumes are quoted elsewhere:

| network | engine | instruction set | {shown} |
|---|---|---|{lines}|
{volumes}

{flips}

answers.json has each scan. {hardware}; commit {commit}. Reproduce with

    python -m studies.same_answer --data ct-ich --dicom dicom --out results/same-answer
"""


def page(result: Mapping[str, Any]) -> str:
    """The page, from the content of answers.json."""
    variants = result["variants"]
    return PAGE.format(
        **result["made_by"],
        scans=result["scans"],
        head=HEAD,
        min_dice=MIN_DICE,
        max_difference=MAX_DIFFERENCE,
        table="\n".join(_row(one, result["scans"]) for one in variants),
        shown=" | ".join(SHOWN.values()),
        lines="|".join("---" for _ in SHOWN),
        volumes="\n".join(_volumes(one) for one in variants if set(SHOWN) <= set(one["scans"])),
        flips="\n".join(_flips(variants)) or "No verdict is flipped.",
    )


def figures(variant: Mapping[str, Any]) -> dict[str, Any]:
    """The figures of a variant in the table."""
    scans = variant["scans"].values()
    dice = [one["dice"] for one in scans if one["dice"] is not None]
    pixels = sum(one["mask_px"] + one["reference_px"] for one in scans)
    return {
        "n": len(scans),
        "min": min(dice, default=1.0),
        "median": median(dice) if dice else 1.0,
        "pooled": 2 * sum(one["both_px"] for one in scans) / pixels if pixels else 1.0,
        "difference": max(one["slice_probability_apart"] for one in scans),
        "flipped": sum(one["flipped"] for one in scans),
    }


def meets_requirements(found: Mapping[str, Any]) -> bool:
    """Whether the figures of a variant meet the requirements."""
    return found["min"] >= MIN_DICE and found["difference"] <= MAX_DIFFERENCE and not found["flipped"]


def _variant_cells(variant: Mapping[str, Any]) -> str:
    return f"| {NAMES[variant['network']]} | {variant['engine']} | {variant['instruction_set']} |"


def _row(variant: Mapping[str, Any], scans: int) -> str:
    found = figures(variant)
    met = ("yes" if found["n"] == scans else "so far") if meets_requirements(found) else "no"
    return (
        f"{_variant_cells(variant)} {found['n']} | {found['min']:.4f} | {found['median']:.4f} | "
        f"{found['pooled']:.4f} | {found['difference']:.4f} | {found['flipped']} | {met} |"
    )


def _volumes(variant: Mapping[str, Any]) -> str:
    results = (variant["scans"][name] for name in SHOWN)
    return _variant_cells(variant) + "".join(
        f" {one['volume_ml']:.1f} mL on {one['slices']} slices, p {one['probability']:.2f} |" for one in results
    )


def _flips(variants: Iterable[Mapping[str, Any]]) -> Iterable[str]:
    for one in variants:
        names = [name for name, row in one["scans"].items() if row["flipped"]]
        if names:
            by = f"{NAMES[one['network']]}, {one['engine']}, {one['instruction_set']}"
            yield f"Flipped by {by}: {', '.join(names)}.\n"
