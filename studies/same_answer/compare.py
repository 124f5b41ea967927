"""Screens scans with a variant, and compares its output with that of the reference."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np

from ichor.cli.progress import progress
from ichor.methods import load_model
from ichor.methods.unet_slices.method import UNetSlices
from ichor.models.engine import Engine
from ichor.models.package import sha256
from ichor.read import open_scan
from studies.same_answer.variants import REFERENCE, Variant, network_of


def screen_scans(variant: Variant, paths: dict[str, Path], work: Path, threads: int) -> None:
    """Screen every scan without stored output, in this process, and store its output in WORK/VARIANT/SCAN.npz."""
    network = network_of(variant, work)
    digest = sha256(network)
    todo = {name: path for name, path in paths.items() if saved_output(variant, name, work, digest) is None}
    if not todo:
        return
    method = load_model(threads=threads).method
    assert isinstance(method, UNetSlices)  # the default package's
    method.forward = Engine(network, engine=variant.engine, threads=threads)
    with progress(len(todo)) as done:
        for name, path in todo.items():
            scan = open_scan(path)
            found = method.predict(scan)
            area_px = found.mask.sum(axis=(1, 2))
            volume = scan.volume_ml(area_px)
            file = work / variant.name / f"{name}.npz"
            file.parent.mkdir(parents=True, exist_ok=True)
            partial = file.with_suffix(".part.npz")
            np.savez_compressed(
                partial,
                network=digest,
                mask=np.packbits(found.mask),
                volume_ml=np.nan if volume is None else volume,
                slices=np.count_nonzero(area_px),
                scan_probability=found.scan_probability,
                slice_probability=found.slice_probability,
            )
            partial.replace(file)
            done(f"{variant.name}: {name}")


def saved_output(variant: Variant, scan: str, work: Path, digest: str) -> dict[str, Any] | None:
    """The stored output for a scan; None if there is none of the network with this hash."""
    file = work / variant.name / f"{scan}.npz"
    if not file.is_file():
        return None
    with np.load(file) as stored:
        return dict(stored) if str(stored["network"]) == digest else None


def compare(found: dict[str, Any], expected: dict[str, Any]) -> dict[str, Any]:
    """A scan's row: the output of a variant, `found`, and its differences from that of the reference, `expected`."""
    masks = [np.unpackbits(one["mask"]).astype(bool) for one in (found, expected)]
    pixels = int(masks[0].sum()), int(masks[1].sum())
    both = int((masks[0] & masks[1]).sum())
    differences = np.abs(found["slice_probability"] - expected["slice_probability"])
    volume = float(found["volume_ml"])
    return {
        "probability": round(float(found["scan_probability"]), 4),
        "volume_ml": None if np.isnan(volume) else round(volume, 4),
        "slices": int(found["slices"]),
        "mask_px": pixels[0],
        "reference_px": pixels[1],
        "both_px": both,
        "dice": round(2 * both / sum(pixels), 4) if sum(pixels) else None,
        "slice_probability_apart": round(float(differences.max()), 4),
        "flipped": (pixels[0] > 0) != (pixels[1] > 0),
    }


def rows(variant: Variant, names: list[str], work: Path) -> dict[str, dict[str, Any]]:
    """The row of each scan for which both the variant and the reference have stored output."""
    digests = {one: sha256(network_of(one, work)) for one in (variant, REFERENCE)}
    outputs = {name: [saved_output(one, name, work, digests[one]) for one in (variant, REFERENCE)] for name in names}
    return {
        name: compare(found, expected)
        for name, (found, expected) in outputs.items()
        if found is not None and expected is not None
    }


def as_json(result: dict[str, Any]) -> str:
    """The result as JSON with one line for each scan."""
    text = json.dumps(result, indent=1)
    return re.sub(r"\{\n {5}[^{}]*\}", lambda row: re.sub(r"\s*\n\s*", " ", row[0]), text) + "\n"
