"""The five subtypes of intracranial hemorrhage, in the order of the dataset's columns."""

from __future__ import annotations

from enum import StrEnum


class Subtype(StrEnum):
    """Where the blood lies (Hssayeni et al. 2019, section 1)."""

    IVH = "IVH"
    IPH = "IPH"
    SAH = "SAH"
    EDH = "EDH"
    SDH = "SDH"

    @property
    def label(self) -> str:
        """The word for it in the dataset's tables, which is also the clinical one."""
        return _LABELS[self]


_LABELS = {
    Subtype.IVH: "Intraventricular",
    Subtype.IPH: "Intraparenchymal",
    Subtype.SAH: "Subarachnoid",
    Subtype.EDH: "Epidural",
    Subtype.SDH: "Subdural",
}
