"""ct-ich as DICOM: for each subject a CT series, and the radiologists' delineation as a Segmentation.

    NNN/CT/0001.dcm ...   the slices from the lowest
    NNN/SEG/0001.dcm      frames keyed to these slices; of a subject without hemorrhage all frames, empty

UIDs are made of the dataset's fingerprint and the subject's number: exporting twice gives the same objects.
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
from ichor.formats.dicom_seg import SegFacts, import_highdicom, segmentation
from ichor.formats.segments import INTRACRANIAL_HEMORRHAGE
from ichor.formats.uid import named_uid


class DicomTarget:
    """Target of `ichor.dataset.export.run`. Raises IchorError where highdicom is not installed."""

    title = "as DICOM"

    def __init__(self, dataset: CtIch, out: Path) -> None:
        import_highdicom()  # before anything is written
        self._release = RELEASES[dataset.release]
        self._fingerprint = dataset.fingerprint
        self._out = out

    def has(self, subject: str) -> bool:
        """Whether the subject's folder is there; it is written as a whole."""
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
            derivation=f"{release.values} {release.sizes} {release.citation}. Licence: {release.licence}.",
            anonymized_by=release.anonymized_by,
            scanner=SCANNER,
            lossy_method=release.lossy_method,
        )
        images = ct_images(case.scan, facts, release.scale)
        drawn = SegFacts(
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
        """Nothing is said of all subjects together."""


make = DicomTarget
