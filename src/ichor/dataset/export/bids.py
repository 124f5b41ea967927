"""ct-ich in BIDS style: the scans as a raw dataset, the radiologists' annotation as its derivative.

    participants.tsv, participants.json
    sub-NNN/ct/sub-NNN_ct.nii.gz, .json
    derivatives/radiologists/sub-NNN/ct/sub-NNN_desc-hemorrhage_mask.nii.gz, .json
    derivatives/radiologists/sub-NNN/ct/sub-NNN_desc-hemorrhage_slices.tsv
    derivatives/radiologists/desc-hemorrhage_slices.json

BIDS (https://bids-specification.readthedocs.io) does not include CT yet: the suffix `ct` is that of the proposal
BEP024, the folder has the same name, and .bidsignore tells validators to skip both.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from ichor.atomic import write_whole
from ichor.dataset.case import Case
from ichor.dataset.ct_ich.dataset import CtIch
from ichor.dataset.ct_ich.folds import authors_fold
from ichor.dataset.ct_ich.release import AUTHORS, PAPER, RELEASES, SCANNER, SEX_LETTERS, TITLE
from ichor.dataset.ct_ich.tables import SliceRow, Subject
from ichor.dataset.folds import N_FOLDS
from ichor.formats.nifti import write_hu, write_mask
from ichor.subtypes import Subtype
from ichor.version import __version__

BIDS_VERSION = "1.10.0"
RAW_IGNORED = "export.json\nsub-*/ct\n"
DERIVED_IGNORED = "sub-*/ct\n/desc-hemorrhage_slices.json\n"
YES_OR_NO = {"1": "yes", "0": "no"}
PARTICIPANTS = {
    "age": {"Description": "Age of the participant", "Units": "year"},
    "sex": {"Description": "Sex as recorded", "Levels": {"M": "male", "F": "female"}},
    "condition": {"Description": "The condition on file, as written in the dataset; HGE stands for hemorrhage"},
    "hemorrhage": {"Description": "Whether any slice is labeled with a hemorrhage", "Levels": YES_OR_NO},
    "fracture": {"Description": "Whether any slice is labeled with a fracture", "Levels": YES_OR_NO},
    "test_fold": {"Description": f"The one of the authors' {N_FOLDS} folds in which the participant is a test subject"},
}
SLICES = {
    "index": {"Description": "Slice index, starting at 0 for the lowest slice"},
    **{str(one): {"Description": f"{one.label} hemorrhage", "Levels": YES_OR_NO} for one in Subtype},
    "fracture": {"Description": "Fracture", "Levels": YES_OR_NO},
}


class BidsTarget:
    """Target for `ichor.dataset.export.run`."""

    title = "in BIDS style"

    def __init__(self, dataset: CtIch, out: Path) -> None:
        self._dataset = dataset
        self._release = RELEASES[dataset.release]
        self._raw = out
        self._derived = out / "derivatives" / "radiologists"

    def has(self, subject: str) -> bool:
        """Whether the subject's last file, the table of its slices, exists."""
        return _file(self._derived, subject, "desc-hemorrhage_slices.tsv").is_file()

    def write(self, case: Case, person: Subject) -> None:  # noqa: ARG002 (it is in participants.tsv)
        """Write scan, delineation and slice labels, each with its metadata."""
        subject, scan = case.subject, case.scan
        for root in (self._raw, self._derived):
            _file(root, subject, "").parent.mkdir(parents=True, exist_ok=True)
        about_scan = {
            "Modality": "CT",
            "Manufacturer": SCANNER[0],
            "ManufacturersModelName": SCANNER[1],
            "BodyPart": "HEAD",
            "Units": "HU",
            "SliceThickness": None if scan.thickness_mm is None else float(scan.thickness_mm[0]),
            "Values": self._release.values,
            "Sizes": self._release.sizes,
            "Warnings": list(scan.warnings),
        }
        _write_json(_file(self._raw, subject, "ct.json"), about_scan)
        write_hu(scan, _file(self._raw, subject, "ct.nii.gz"), self._release.scale)
        about_mask = {
            "Description": "Hemorrhage of any subtype, delineated by two radiologists in consensus",
            "Type": "Lesion",
            "Manual": True,
            "SpatialReference": "orig",
            "Sources": [f"bids:raw:sub-{subject}/ct/sub-{subject}_ct.nii.gz"],
        }
        _write_json(_file(self._derived, subject, "desc-hemorrhage_mask.json"), about_mask)
        write_mask(case.mask, scan, _file(self._derived, subject, "desc-hemorrhage_mask.nii.gz"))
        slices = self._dataset.slice_rows[subject]
        _write_table(
            _file(self._derived, subject, "desc-hemorrhage_slices.tsv"),
            SLICES,
            map(_slice_cells, range(len(slices)), slices),
        )

    def finish(self, subjects: Sequence[str]) -> None:
        """Write the table of participants and the descriptions of both datasets."""
        _write_json(self._raw / "participants.json", PARTICIPANTS)
        rows = (self._participant_cells(subject) for subject in subjects)
        _write_table(self._raw / "participants.tsv", ("participant_id", *PARTICIPANTS), rows)
        write_whole(self._raw / ".bidsignore", RAW_IGNORED)
        _write_json(self._raw / "dataset_description.json", self._description())
        _write_json(self._derived / "desc-hemorrhage_slices.json", SLICES)
        write_whole(self._derived / ".bidsignore", DERIVED_IGNORED)
        _write_json(self._derived / "dataset_description.json", self._derived_description())
        for name in ("README.md", "LICENSE"):
            write_whole(self._derived / name, (self._raw / name).read_bytes())

    def _participant_cells(self, subject: str) -> list[str]:
        person, slices = self._dataset.demographics[subject], self._dataset.slice_rows[subject]
        test_fold = next((str(k) for k in range(1, N_FOLDS + 1) if subject in authors_fold(k).test), "n/a")
        return [
            f"sub-{subject}",
            f"{person.age_years:g}",
            SEX_LETTERS.get(person.sex.lower(), "n/a"),
            " ".join(person.condition.split()) or "n/a",
            str(int(any(row.subtypes for row in slices))),
            str(int(any(row.fracture for row in slices))),
            test_fold,
        ]

    def _description(self) -> dict[str, Any]:
        release = self._release
        return {
            "Name": f"{release.name}: {TITLE}",
            "BIDSVersion": BIDS_VERSION,
            "DatasetType": "raw",
            "License": release.licence,
            "Authors": AUTHORS,
            "HowToAcknowledge": release.citation,
            "ReferencesAndLinks": [PAPER],
            "DatasetDOI": f"doi:{release.doi}",
            "SourceDatasets": [{"DOI": f"doi:{release.doi}", "Version": release.version}],
            "GeneratedBy": [{"Name": "Ichor", "Version": __version__}],
        }

    def _derived_description(self) -> dict[str, Any]:
        return {
            **self._description(),
            "Name": f"{self._release.name}: the radiologists' delineations and labels",
            "DatasetType": "derivative",
            "DatasetLinks": {"raw": "../.."},
            "SourceDatasets": [{"URL": "../..", "Version": self._release.version}],
            "GeneratedBy": [
                {
                    "Name": "Manual",
                    "Description": "Two radiologists read each scan together, labeled its slices and delineated the "
                    "hemorrhage, without access to the clinical history",
                },
                {"Name": "Ichor", "Version": __version__, "Description": "Conversion to this layout"},
            ],
        }


def _file(root: Path, subject: str, name: str) -> Path:
    return root / f"sub-{subject}" / "ct" / f"sub-{subject}_{name}"


def _slice_cells(index: int, row: SliceRow) -> list[str]:
    return [str(index), *(str(int(one in row.subtypes)) for one in Subtype), str(int(row.fracture))]


def _write_json(path: Path, content: Any) -> None:
    write_whole(path, json.dumps(content, indent=2, ensure_ascii=False) + "\n")


def _write_table(path: Path, columns: Iterable[str], rows: Iterable[Sequence[str]]) -> None:
    """A tab-separated table, as in BIDS."""
    write_whole(path, "".join("\t".join(cells) + "\n" for cells in (list(columns), *rows)))


make = BidsTarget
