"""Tables 3 and 4 of the paper, each row with the published number and how it is counted here.

Hssayeni et al. (2019), arXiv:1910.08643, section 3; the numbers of slices in total and with hemorrhage are in section
6.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ichor.dataset.ct_ich.statistics import Statistics
from ichor.subtypes import Subtype

# `CtIch.fingerprint` of release 1.0.0 as published on PhysioNet.
FINGERPRINT = "4a5d26da29cacbb19499e90bae744829039e013443d37eb9d9b4ba30e76a96fd"
SUBJECTS = tuple(f"{number:03d}" for number in range(49, 131))
SLICES, SLICES_WITH_HEMORRHAGE, SLICES_WITHOUT = 2491, 318, 2173
SLICES_BY_SUBTYPE: Mapping[Subtype, int] = {
    Subtype.IVH: 24,
    Subtype.IPH: 73,
    Subtype.SAH: 18,
    Subtype.EDH: 182,
    Subtype.SDH: 56,
}
SUBJECTS_BY_SUBTYPE: Mapping[Subtype, int] = {
    Subtype.IVH: 5,
    Subtype.IPH: 16,
    Subtype.SAH: 7,
    Subtype.EDH: 21,
    Subtype.SDH: 4,
}


@dataclass(frozen=True, slots=True)
class Published:
    """A row of a table: its name, the paper's number, and how to count it in a copy of the dataset."""

    name: str
    figure: str
    count: Callable[[Statistics], str]


TABLE_3 = (
    Published("Subjects", str(len(SUBJECTS)), lambda s: str(len(s.subjects))),
    Published("Sex (male, female)", "46, 36", Statistics.sexes),
    Published("Age in years (mean ± SD)", "27.8 ± 19.5", Statistics.age),
    Published("Age range", "1 day to 72 years", Statistics.age_range),
    Published("Subjects of age (< 18 years, ≥ 18 years)", "27, 55", Statistics.age_groups),
    Published("Subjects with ICH", "36", lambda s: str(len(s.with_hemorrhage))),
    Published(
        f"Subjects with {', '.join(Subtype)}",
        ", ".join(str(SUBJECTS_BY_SUBTYPE[subtype]) for subtype in Subtype),
        lambda s: ", ".join(str(len(s.subjects_with(subtype))) for subtype in Subtype),
    ),
    Published("Subjects with skull fracture", "22", lambda s: str(sum(one.fracture for one in s.subjects))),
)


def _subtype_row(subtype: Subtype) -> Published:
    figure = str(SLICES_BY_SUBTYPE[subtype])
    return Published(f"{subtype.label} ({subtype})", figure, lambda s: str(len(s.slices_with(subtype))))


TABLE_4: Mapping[str, Published] = {
    **{str(subtype): _subtype_row(subtype) for subtype in Subtype},
    "without": Published(
        "No hemorrhage", str(SLICES_WITHOUT), lambda s: str(len(s.slices) - len(s.slices_with_hemorrhage))
    ),
    "with": Published("With hemorrhage", str(SLICES_WITH_HEMORRHAGE), lambda s: str(len(s.slices_with_hemorrhage))),
    "all": Published("All", str(SLICES), lambda s: str(len(s.slices))),
}
