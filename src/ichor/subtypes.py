"""The five subtypes of intracranial hemorrhage, in the order of the dataset's columns."""

from __future__ import annotations

from enum import StrEnum


class Subtype(StrEnum):
    """The location of the blood (Hssayeni et al. 2019, section 1)."""

    IVH = "IVH"
    IPH = "IPH"
    SAH = "SAH"
    EDH = "EDH"
    SDH = "SDH"

    @property
    def label(self) -> str:
        """Its name in the dataset's tables, which is also the clinical one."""
        return _LABELS[self]

    @property
    def colour(self) -> str:
        """Its color on CT slices, in HTML notation; always shown together with its name."""
        return _COLOURS[self]


_LABELS = {
    Subtype.IVH: "Intraventricular",
    Subtype.IPH: "Intraparenchymal",
    Subtype.SAH: "Subarachnoid",
    Subtype.EDH: "Epidural",
    Subtype.SDH: "Subdural",
}
# Distinguishable with common forms of color blindness and on gray: Okabe and Ito (2008), Color Universal Design.
_COLOURS = {
    Subtype.IVH: "#56b4e9",
    Subtype.IPH: "#e69f00",
    Subtype.SAH: "#009e73",
    Subtype.EDH: "#cc79a7",
    Subtype.SDH: "#f0e442",
}
