"""CPAISD: 112 scans of hyperacute ischemic stroke, which are negatives for hemorrhage.

    metadata.json, summary.csv    name, age, sex, part, ...
    {train,val,test}/<study>/metadata.json
    {train,val,test}/<study>/<00000>/{image.npz,mask.npz,metadata.json,raw.dcm}    mask: 1 ischemic core, 2 penumbra

Umerenkov et al. 2025, Core-Penumbra Hyperacute Ischemic Stroke Dataset, Scientific Data,
doi:10.1038/s41597-025-05000-0, arXiv:2404.02518; doi:10.5281/zenodo.10892316. Layout and values as in the authors' code
(https://github.com/sb-ai-lab/early_hyperacute_stroke_dataset). Scans are read from raw.dcm, which has their positions.

The masks outline ischemia, not blood, and are never taken for it. Each scan is known to show no hemorrhage, because the
patients were treated for ischemic stroke.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ichor.dataset.case import Case, ScanLabels
from ichor.dataset.facts import Facts, Label, Licence
from ichor.dataset.folds import WITHOUT
from ichor.dataset.indexed import IndexedDataset
from ichor.dataset.kind import Kind
from ichor.dataset.tables import number, read_rows
from ichor.dataset.volumes import labelled
from ichor.errors import UnreadableInput
from ichor.read import ReadOptions, open_scan
from ichor.read.open import read_here
from ichor.scan import Scan

PARTS = ("train", "val", "test")
SUMMARY, SLICE = "summary.csv", "raw.dcm"
OF_EACH_SCAN = ScanLabels(hemorrhage=False)

FACTS = Facts(
    kind="cpaisd",
    title="CPAISD: Core-Penumbra Acute Ischemic Stroke Dataset",
    size="112 scans of ischemic stroke, without hemorrhage; core and penumbra delineated",
    labels=frozenset({Label.SCANS}),
    licence=Licence("CC BY 4.0", "https://creativecommons.org/licenses/by/4.0/", commercial=True, share_weights=True),
    source="https://doi.org/10.5281/zenodo.10892316",
    citation="Umerenkov D. et al. (2025). Core-Penumbra Hyperacute Ischemic Stroke Dataset. Scientific Data. "
    "doi:10.1038/s41597-025-05000-0",
    layout="{train,val,test}/STUDY/NNNNN/{image.npz,mask.npz,raw.dcm}, summary.csv",
    traps=(
        "Its masks outline the ischemic core and penumbra, not blood.",
        "No scan has hemorrhage: sensitivity cannot be measured on it.",
        "That no scan has hemorrhage follows from how patients were selected; nobody labeled the slices for it.",
    ),
    unverified="The reader was checked against the authors' code, not against the files.",
)


@dataclass(frozen=True)
class Study:
    """One study's folder, in which each slice has a folder of its own."""

    place: Path
    person: str
    age_years: float | None

    @property
    def slices(self) -> tuple[str, ...]:
        """The DICOM files of its slices, relative to its folder."""
        return tuple(f"{file.parent.name}/{file.name}" for file in sorted(self.place.glob(f"*/{SLICE}")))

    def scan(self) -> Scan:
        """The scan, read in a separate process."""
        return open_scan(self.place, ReadOptions(files=self.slices))

    def case(self, subject: str) -> Case:
        """The scan, without hemorrhage on any slice."""
        return labelled(subject, read_here(self.place, ReadOptions(files=self.slices)), None, {}, OF_EACH_SCAN)

    def n_slices(self) -> int:
        """The folders of its slices."""
        return len(self.slices)

    def strata(self) -> frozenset[int]:
        """Without hemorrhage."""
        return frozenset({WITHOUT})


def _recognizes(root: Path) -> bool:
    return (root / SUMMARY).is_file() and all((root / part).is_dir() for part in PARTS)


def _open(root: Path) -> IndexedDataset:
    ages = {cells["name"]: number(cells["age"]) for _, cells in read_rows(root / SUMMARY, ("name", "age", "part"))}
    records = {}
    for part in PARTS:
        for folder in sorted(one for one in (root / part).iterdir() if one.is_dir()):
            if folder.name not in ages:
                raise UnreadableInput(f"{root / SUMMARY}: expected a row for each study, found none for {folder.name}")
            records[folder.name] = Study(folder, f"cpaisd:{folder.name}", ages[folder.name])
    files = [root / SUMMARY, *(one.place / name for one in records.values() for name in one.slices)]
    return IndexedDataset(root, FACTS, records, files, large=True)


KIND = Kind(facts=(FACTS,), recognizes=_recognizes, open=_open)
