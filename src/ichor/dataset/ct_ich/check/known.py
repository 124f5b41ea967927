"""The known defects of the two releases (see docs/reference/datasets.md)."""

from __future__ import annotations

from ichor.dataset.check_report import Problem

NO_FILE = "expected this file, found none"


def shifted_bone(offset: int) -> str:
    """The message for bone-window images whose k.jpg shows the slice of brain/(k - offset).jpg."""
    return f"expected k.jpg to show the slice of brain/k.jpg, found that of brain/(k{-offset:+d}).jpg"


def labelled_normal(condition: str) -> str:
    """The message for a subject with hemorrhage by its labels but none by its condition on file."""
    return f"expected no hemorrhage according to the condition on file, {condition!r}; found labels of hemorrhage"


def known_defects(release: str, demographics: str) -> dict[Problem, str]:
    """Each known problem of the release and its consequence; `demographics` is the name of the table."""
    known = {
        Problem(f"{demographics}: subject 058", labelled_normal("Normal CT")): "the labels and delineations are used",
    }
    if release == "1.0.0":
        known |= {
            Problem("Patients_CT/084/bone/36.jpg", NO_FILE): "HU of that slice are limited to -20 to 100",
            Problem("Patients_CT/081/bone", shifted_bone(2)): "the subject's bone window is ignored",
        }
    else:
        known |= {
            Problem(f"ct_scans/{number:03d}.nii", NO_FILE): "no original series is public for 059 to 065"
            for number in range(59, 66)
        }
    return known
