"""Counts the input checks that scans fail: ct-ich unchanged and modified, and other scans."""

from __future__ import annotations

from collections import Counter
from collections.abc import Set
from pathlib import Path
from typing import Any

from ichor.anatomy.head import find_head
from ichor.anatomy.intracranial import Cranium
from ichor.cli.progress import progress
from ichor.dataset.registry import open_dataset
from ichor.experiments.making import commit, hardware
from ichor.findings.checks.check import failed_checks
from ichor.findings.checks.kinds import InputCheck
from ichor.read import open_scan
from ichor.scan import Scan
from studies.input_checks.changes import changes, coarse
from studies.input_checks.page import NOTHING, UNCHANGED
from studies.same_answer.variants import DEMONSTRATION, DICOM


def failed_kinds(scan: Scan, *, ignore: Set[InputCheck] = frozenset()) -> str:
    """The kinds of the failed checks except `ignore`, joined with " and "; `NOTHING` if there are none."""
    kinds = sorted({one.kind.value for one in failed_checks(scan, find_head(scan))} - ignore)
    return " and ".join(kinds) or NOTHING


def rim_hu(scan: Scan) -> float | None:
    """How much brighter the brain is next to the skull than deeper inside; None if that cannot be measured."""
    found = Cranium.of(scan, find_head(scan)).rim_hu()
    return None if found is None else round(found, 2)


def input_check_rates(data: Path, dicom: Path) -> dict[str, Any]:
    """The content of input-checks.json."""
    dataset = open_dataset(data)
    counts: dict[str, Counter[str]] = {UNCHANGED: Counter()}
    rims = {}
    with progress(len(dataset.subjects)) as done:
        for subject in dataset.subjects:
            scan = open_scan(dataset.scan_path(subject))
            counts[UNCHANGED][failed_kinds(scan)] += 1
            rims[subject] = rim_hu(scan)
            for name, changed in changes(coarse(scan)):
                # Pixel size and noise of the subsampled scan are not those of the scan.
                counts.setdefault(name, Counter())[
                    failed_kinds(changed, ignore={InputCheck.GEOMETRY, InputCheck.KERNEL})
                ] += 1
            done(f"subject {subject}")
    others = {DEMONSTRATION.name: DEMONSTRATION, **{one.replace("/", "-"): dicom / one for one in DICOM}}
    scans = {name: open_scan(path) for name, path in others.items()}
    return {
        "made_by": {"hardware": hardware(), "commit": commit()},
        "ct_ich": {name: dict(count.most_common()) for name, count in counts.items()},
        "ct_ich_rim_hu": rims,
        "others": {name: {"warned_of": failed_kinds(scan), "rim_hu": rim_hu(scan)} for name, scan in scans.items()},
    }
