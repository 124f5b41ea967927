"""DICOM coded concepts, looked up in pydicom's dictionaries of PS3.16 so that no code is typed by hand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Concept:
    """A coded concept (PS3.3 8.8), named as pydicom names it.

    Attributes:
        group: the context group that it is in, as in "cid7159" (PS3.16 annex B), or a coding scheme, "DCM" or "SCT".
        keyword: its meaning there, in one word.
    """

    group: str
    keyword: str

    def code(self) -> Any:
        """Its value, coding scheme and meaning, as a highdicom CodedConcept. Raises AttributeError if there is none."""
        from highdicom.sr import CodedConcept
        from pydicom.sr.codedict import codes

        found = getattr(getattr(codes, self.group), self.keyword)
        return CodedConcept(found.value, found.scheme_designator, found.meaning)
