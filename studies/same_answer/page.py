"""The page of the study."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from statistics import median
from typing import Any

# What is wanted of a variant against the network in fp32.
LEAST_DICE, MOST_APART = 0.98, 0.05
NAMES = {
    "model.onnx": "fp32",
    "model.int8.onnx": "int8, weights of 7 bits",
    "model.8-bit.onnx": "int8, weights of 8 bits, as up to commit 06608c8",
}
SHOWN = {"demo-scan": "the demonstration scan", "ge-head": "the GE head"}

HEAD = (
    "| network | engine | instruction set | scans | Dice, least | Dice, median | Dice, pooled "
    "| slice probability, most apart | flipped verdicts | as required |"
)
PAGE = """# The same answer on every processor and engine

All 82 scans of ct-ich, two DICOM series (the GE head and the Philips phantom) and the demonstration scan, screened by the
shipped model. Each row is a child process that is restricted to one instruction set (`ONEDNN_MAX_CPU_ISA`), compared with
the network in fp32 in OpenVINO without restriction. `{runs}` is the network that runs by default. ONNX Runtime cannot be
restricted; `reference` is int8 arithmetic computed exactly, layer by layer. Dice compares the two masks, over the scans
in which either marks anything. A verdict flips if one marks something and the other nothing.

Required: a Dice of at least {least_dice:g}, slice probabilities within {most_apart:g}, no flipped verdict. The int8 networks
show what they would cost. A row with fewer than {scans} scans was not run to its end.

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


def page(kept: Mapping[str, Any]) -> str:
    """The page over what answers.json holds."""
    variants = kept["variants"]
    return PAGE.format(
        **kept["made_by"],
        scans=kept["scans"],
        head=HEAD,
        least_dice=LEAST_DICE,
        most_apart=MOST_APART,
        table="\n".join(_row(one, kept["scans"]) for one in variants),
        shown=" | ".join(SHOWN.values()),
        lines="|".join("---" for _ in SHOWN),
        volumes="\n".join(_volumes(one) for one in variants if set(SHOWN) <= set(one["scans"])),
        flips="\n".join(_flips(variants)) or "No verdict is flipped.",
    )


def figures(variant: Mapping[str, Any]) -> dict[str, Any]:
    """What the table says of a variant."""
    scans = variant["scans"].values()
    dice = [one["dice"] for one in scans if one["dice"] is not None]
    pixels = sum(one["mask_px"] + one["reference_px"] for one in scans)
    return {
        "n": len(scans),
        "least": min(dice, default=1.0),
        "median": median(dice) if dice else 1.0,
        "pooled": 2 * sum(one["both_px"] for one in scans) / pixels if pixels else 1.0,
        "apart": max(one["slice_probability_apart"] for one in scans),
        "flipped": sum(one["flipped"] for one in scans),
    }


def meets_requirements(found: Mapping[str, Any]) -> bool:
    """Whether the figures of a variant are what is wanted."""
    return found["least"] >= LEAST_DICE and found["apart"] <= MOST_APART and not found["flipped"]


def _what(variant: Mapping[str, Any]) -> str:
    return f"| {NAMES[variant['network']]} | {variant['engine']} | {variant['instruction_set']} |"


def _row(variant: Mapping[str, Any], scans: int) -> str:
    of = figures(variant)
    wanted = ("yes" if of["n"] == scans else "so far") if meets_requirements(of) else "no"
    return (
        f"{_what(variant)} {of['n']} | {of['least']:.4f} | {of['median']:.4f} | {of['pooled']:.4f} | "
        f"{of['apart']:.4f} | {of['flipped']} | {wanted} |"
    )


def _volumes(variant: Mapping[str, Any]) -> str:
    said = (variant["scans"][name] for name in SHOWN)
    return _what(variant) + "".join(
        f" {one['volume_ml']:.1f} mL on {one['slices']} slices, p {one['probability']:.2f} |" for one in said
    )


def _flips(variants: Iterable[Mapping[str, Any]]) -> Iterable[str]:
    for one in variants:
        names = [name for name, row in one["scans"].items() if row["flipped"]]
        if names:
            by = f"{NAMES[one['network']]}, {one['engine']}, {one['instruction_set']}"
            yield f"Flipped by {by}: {', '.join(names)}.\n"
