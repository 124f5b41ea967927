"""CQ500: 491 head CT scans, each read by three radiologists.

    reads.csv    name (CQ500-CT-N), Category, R1:ICH, R1:IPH, R1:IVH, R1:SDH, R1:EDH, R1:SAH, ... R2: ..., R3: ...
    CQ500CTN CQ500CTN/Unknown Study/<series>/CT000000.dcm ...    also within the folders of its archives

Chilamkurthy et al. 2018, Deep learning algorithms for detection of critical findings in head CT scans, Lancet
392:2388-2396, doi:10.1016/S0140-6736(18)31645-3; http://headctstudy.qure.ai/dataset. The label of a scan is that of at
least two of the three readers, as in the paper. A scan has several series; `ichor.read` takes the axial one of the
head, as in screening.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from ichor.dataset.case import Case, ScanLabels
from ichor.dataset.facts import Benchmark, Facts, Label, Licence
from ichor.dataset.indexed import IndexedDataset
from ichor.dataset.kind import Kind
from ichor.dataset.tables import flag, read_rows
from ichor.dataset.volumes import labelled, strata_of_scan
from ichor.errors import UnreadableInput
from ichor.read import ReadOptions, open_scan
from ichor.read.open import read_here
from ichor.scan import Scan
from ichor.subtypes import Subtype

READS = "reads.csv"
READERS = ("R1", "R2", "R3")
FINDINGS = ("ICH", *(str(subtype) for subtype in Subtype))
_FOLDER = re.compile(r"CQ500-?CT-?(?P<number>\d+)( CQ500-?CT-?\d+)?")

FACTS = Facts(
    kind="cq500",
    title="CQ500: head CT scans read by three radiologists",
    size="491 scans",
    labels=frozenset({Label.SCANS, Label.SCAN_SUBTYPES}),
    licence=Licence(
        "CC BY-NC-SA 4.0",
        "https://creativecommons.org/licenses/by-nc-sa/4.0/",
        commercial=False,
        share_weights=True,
        share_alike=True,
    ),
    source="http://headctstudy.qure.ai/dataset",
    citation="Chilamkurthy S. et al. (2018). Deep learning algorithms for detection of critical findings in head CT "
    "scans: a retrospective study. Lancet 392:2388-2396. doi:10.1016/S0140-6736(18)31645-3",
    layout="reads.csv, CQ500CTN CQ500CTN/Unknown Study/SERIES/*.dcm",
    traps=(
        "The three readers disagree on some scans; the label is that of at least two of them.",
        "A scan has several series, with and without contrast, thin and thick; results depend on which one is read.",
        "Its second batch was enriched with hemorrhage: predictive values do not apply to routine practice.",
        "ChronicBleed counts as ICH.",
    ),
    unverified="The reader was checked against the published description, not against the files.",
    benchmarks=(
        Benchmark(
            "Chilamkurthy et al. 2018",
            "AUC 0.94 for hemorrhage",
            "all 491 scans, trained on other data, truth by majority of three readers",
            "doi:10.1016/S0140-6736(18)31645-3",
        ),
    ),
)


@dataclass(frozen=True)
class Study:
    """One study's folder and what the readers say of it."""

    place: Path
    of_scan: ScanLabels
    person: str
    age_years: float | None = None

    def scan(self) -> Scan:
        """The axial series of the head, read in a separate process."""
        return open_scan(self.place)

    def case(self, subject: str) -> Case:
        """The scan with its readers' majority."""
        return labelled(subject, read_here(self.place, ReadOptions()), None, {}, self.of_scan)

    def n_slices(self) -> int:
        """The slices of that series, which is read once."""
        return self._n_slices

    @cached_property
    def _n_slices(self) -> int:
        return read_here(self.place, ReadOptions()).n_slices

    def strata(self) -> frozenset[int]:
        """The subtypes by the majority."""
        return strata_of_scan(self.of_scan)


def _recognizes(root: Path) -> bool:
    return (root / READS).is_file()


def _open(root: Path) -> IndexedDataset:
    reads, folders = _majority(root / READS), _folders(root)
    if not folders:
        raise UnreadableInput(f"{root}: expected folders CQ500CTN CQ500CTN with the scans, found none")
    unread = [name for name in folders if name not in reads]
    if unread:
        raise UnreadableInput(f"{root / READS}: expected a row for each scan, found none for {', '.join(unread[:3])}")
    records = {name: Study(folder, reads[name], f"cq500:{name}") for name, folder in folders.items()}
    files = [root / READS, *(file for folder in folders.values() for file in folder.rglob("*") if file.is_file())]
    return IndexedDataset(root, FACTS, records, files, large=True)


def _folders(root: Path) -> dict[str, Path]:
    """The folder of each study, by its name in the table."""
    found: dict[str, Path] = {}
    for folder in sorted((*root.glob("CQ500*CT*"), *root.glob("*/CQ500*CT*"))):
        match = _FOLDER.fullmatch(folder.name)
        if match is not None and folder.is_dir():
            found.setdefault(f"CQ500-CT-{match['number']}", folder)
    return found


def _majority(file: Path) -> Mapping[str, ScanLabels]:
    """What at least two of three readers say of each scan. Raises UnreadableInput for a malformed row."""
    columns = [f"{reader}:{finding}" for reader in READERS for finding in FINDINGS]
    reads = {}
    for line, cells in read_rows(file, ["name", *columns]):
        votes = {
            finding: sum(flag(file, line, cells, f"{reader}:{finding}") for reader in READERS) for finding in FINDINGS
        }
        reads[cells["name"]] = ScanLabels(
            hemorrhage=votes["ICH"] >= 2, subtypes={subtype: votes[str(subtype)] >= 2 for subtype in Subtype}
        )
    return reads


KIND = Kind(facts=(FACTS,), recognizes=_recognizes, open=_open)
