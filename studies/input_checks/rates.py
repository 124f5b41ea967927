"""Counts the input checks that scans and pictures fail: ct-ich unchanged and modified, and other scans."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Set
from pathlib import Path
from typing import Any

import numpy as np

import studies.input_checks
from ichor import anatomy, simulate
from ichor.anatomy.head import find_head
from ichor.anatomy.intracranial import Cranium
from ichor.atomic import write_whole
from ichor.cli.progress import progress
from ichor.dataset.base import Dataset
from ichor.dataset.case import Case
from ichor.dataset.registry import open_dataset
from ichor.experiments.making import commit, hardware
from ichor.findings import checks
from ichor.findings.checks.check import failed_checks
from ichor.findings.checks.kinds import InputCheck
from ichor.read import open_scan
from ichor.scan import Scan
from ichor.windows import BRAIN
from studies.input_checks.changes import changes, coarse
from studies.input_checks.page import NOTHING, UNCHANGED
from studies.input_checks.pictures import Head, folders, single_pictures
from studies.same_answer.variants import DEMONSTRATION, DICOM

Subject = dict[str, Any]
# Pixel size and noise of a subsampled scan are not those of the scan.
NOT_OF_COARSE = frozenset({InputCheck.GEOMETRY, InputCheck.KERNEL})


def failed_kinds(scan: Scan, *, ignore: Set[InputCheck] = frozenset()) -> str:
    """The kinds of the failed checks except `ignore`, joined with " and "; `NOTHING` if there are none."""
    kinds = sorted({one.kind.value for one in failed_checks(scan, find_head(scan))} - ignore)
    return " and ".join(kinds) or NOTHING


def rim_hu(scan: Scan) -> float | None:
    """How much brighter the brain is next to the skull than deeper inside; None if that cannot be measured."""
    found = Cranium.of(scan, find_head(scan)).rim_hu()
    return None if found is None else round(found, 2)


def input_check_rates(data: Path, dicom: Path, keep: Path) -> dict[str, Any]:
    """The content of input-checks.json. `keep` stores each subject, so that an interrupted study continues."""
    dataset, sources = open_dataset(data), sources_sha256()
    subjects = {}
    with progress(len(dataset.subjects)) as done:
        for subject in dataset.subjects:
            subjects[subject] = kept(dataset, subject, keep / f"{subject}.json", sources)
            done(f"subject {subject}")
    others = {DEMONSTRATION.name: DEMONSTRATION, **{one.replace("/", "-"): dicom / one for one in DICOM}}
    scans = {name: open_scan(path) for name, path in others.items()}
    return {
        "made_by": {"hardware": hardware(), "commit": commit()},
        "ct_ich": {name: counted(of) for name, of in by_row(subjects.values(), "scans").items()},
        "folders": {name: counted(of) for name, of in by_row(subjects.values(), "folders").items()},
        "pictures": {
            name: {
                "kinds": counted(kinds for pictures in of for kinds in pictures),
                "subjects": len(of),
                "subjects_failed": sum(set(pictures) != {NOTHING} for pictures in of),
            }
            for name, of in by_row(subjects.values(), "pictures").items()
        },
        "ct_ich_rim_hu": {subject: of["rim_hu"] for subject, of in subjects.items()},
        "others": {name: {"warned_of": failed_kinds(scan), "rim_hu": rim_hu(scan)} for name, scan in scans.items()},
    }


def kept(dataset: Dataset, subject: str, file: Path, sources: str) -> Subject:
    """A subject, read from `file` if it was checked with the same sources, and otherwise checked and stored there."""
    if file.exists():
        stored: Subject = json.loads(file.read_text(encoding="utf-8"))
        if stored["sources"] == sources:
            return stored
    file.parent.mkdir(parents=True, exist_ok=True)
    checked = of_subject(dataset.case(subject), open_scan(dataset.scan_path(subject))) | {"sources": sources}
    write_whole(file, json.dumps(checked))
    return checked


def of_subject(case: Case, scan: Scan) -> Subject:
    """The failed checks of a subject by modification, of its scan and of its slices as pictures."""
    found: Subject = {
        "rim_hu": rim_hu(scan),
        "scans": {UNCHANGED: failed_kinds(scan)}
        | {name: failed_kinds(changed, ignore=NOT_OF_COARSE) for name, changed in changes(coarse(scan))},
        "folders": {},
        "pictures": {},
    }
    if np.max(scan.hu) > BRAIN.highest_hu:  # the other subject is available in the brain window only
        head = Head.of(case)
        found["folders"] = {name: failed_kinds(folder) for name, folder in folders(head)}
        found["pictures"] = {
            name: [failed_kinds(one, ignore={InputCheck.PART}) for one in pictures]
            for name, pictures in single_pictures(head)
        }
    return found


def sources_sha256() -> str:
    """A hash of the sources that the rates depend on."""
    places = [Path(one.__path__[0]) for one in (anatomy, checks, simulate, studies.input_checks)]
    files = [file for place in places for file in sorted(place.glob("*.py"))]
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


def by_row(subjects: Iterable[Subject], part: str) -> dict[str, list[Any]]:
    """What the subjects have in each row of one part."""
    rows: dict[str, list[Any]] = {}
    for subject in subjects:
        for name, found in subject[part].items():
            rows.setdefault(name, []).append(found)
    return rows


def counted(kinds: Iterable[str]) -> dict[str, int]:
    """How often each of the kinds occurs, from the most frequent."""
    return dict(Counter(kinds).most_common())
