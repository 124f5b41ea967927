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
# Told apart by people with normal color vision, protanopia, deuteranopia and tritanopia (CIEDE2000 of 11 or more, by
# Machado et al. 2009), and bright enough to stand out from HALO at 9:1 (contrast ratio of WCAG 2).
_COLOURS = {
    Subtype.IVH: "#2abaff",
    Subtype.IPH: "#d7b567",
    Subtype.SAH: "#45ffc1",
    Subtype.EDH: "#f88dbc",
    Subtype.SDH: "#fcec67",
}
# The color of hemorrhage without a subtype, as far from the others as they are from each other.
HEMORRHAGE_COLOUR = "#ddffff"
# The color of the dark line below a bright outline: on any gray, one of the two has a contrast of 3:1 or more.
HALO = "#000000"
