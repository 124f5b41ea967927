"""ct-ich as DICOM: for each subject a CT series, and the radiologists' delineation as a Segmentation.

    NNN/CT/0001.dcm ...   the slices, starting with the lowest
    NNN/SEG/0001.dcm      frames referring to these slices; for subjects without hemorrhage all frames, empty

UIDs are derived from the dataset's fingerprint and the subject's number: repeated exports give identical objects.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ichor.atomic import whole_folder
from ichor.dataset.case import Case
from ichor.dataset.ct_ich.dataset import CtIch
from ichor.dataset.ct_ich.release import DELINEATED, RELEASES, SCANNER, SEX_LETTERS
from ichor.dataset.ct_ich.tables import Subject
from ichor.formats.dicom_ct import CtFacts, ct_images, write_images
from ichor.formats.dicom_out import ObjectFacts, import_highdicom
from ichor.formats.dicom_seg import segmentation
from ichor.formats.segments import INTRACRANIAL_HEMORRHAGE
from ichor.formats.uid import named_uid


class DicomTarget:
    """Target for `ichor.dataset.export.run`. Raises IchorError if highdicom is not installed."""

    title = "as DICOM"

    def __init__(self, dataset: CtIch, out: Path) -> None:
        import_highdicom()  # before anything is written
        self._release = RELEASES[dataset.release]
        self._fingerprint = dataset.fingerprint
        self._out = out

    def has(self, subject: str) -> bool:
        """Whether the subject's folder exists; it is written in one step."""
        return (self._out / subject).is_dir()

    def write(self, case: Case, person: Subject) -> None:
        """Write the series and the Segmentation."""
        release = self._release
        names = (f"https://doi.org/{release.doi}", self._fingerprint, case.subject)
        facts = CtFacts(
            names=names,
            patient_id=case.subject,
            patient_name=f"CT-ICH^{case.subject}",
            sex=SEX_LETTERS.get(person.sex.lower(), ""),
            age_years=person.age_years,
            description=f"{release.name}, subject {case.subject}",
            derivation=f"{release.values} {release.sizes} {release.citation}. License: {release.licence}.",
            anonymized_by=release.anonymized_by,
            scanner=SCANNER,
            lossy_method=release.lossy_method,
        )
        images = ct_images(case.scan, facts, release.scale)
        drawn = ObjectFacts(
            series_uid=named_uid(*names, "seg"),
            instance_uid=named_uid(*names, "seg", "1"),
            series_number=2,
            description="Hemorrhage, delineated by two radiologists",
            created=DELINEATED,
        )
        made = segmentation(case.mask, [INTRACRANIAL_HEMORRHAGE], images, drawn)
        with whole_folder(self._out / case.subject) as folder:
            write_images(images, folder / "CT")
            write_images([made], folder / "SEG")

    def finish(self, subjects: Sequence[str]) -> None:
        """Nothing: there is no information about all subjects together."""


make = DicomTarget
