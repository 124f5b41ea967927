"""Why counts in a copy of the dataset differ from the paper's, as far as the copy shows it."""

from __future__ import annotations

from dataclasses import dataclass

from ichor.dataset.ct_ich import published
from ichor.dataset.ct_ich.published import Published
from ichor.dataset.ct_ich.statistics import Statistics
from ichor.dataset.naming import named
from ichor.subtypes import Subtype

# Names of subtypes in the conditions on file; the table spells extradural in two ways.
CONDITION_WORDS = {
    Subtype.IVH: ("ivh", "intraventricular"),
    Subtype.EDH: ("extradural", "extadural", "epidural"),
    Subtype.SDH: ("subdural",),
}

UNKNOWN = "The cause cannot be known from the data."


@dataclass(frozen=True, slots=True)
class Copy:
    """A copy of the dataset.

    Attributes:
        release: 1.0.0 or 1.3.1.
        here: its subjects with images, and their slices.
        everyone: all rows of its demographics, including subjects without images.
    """

    release: str
    here: Statistics
    everyone: Statistics

    @property
    def absent(self) -> list[str]:
        """The paper's subjects without images in the copy."""
        there = {one.number for one in self.here.subjects}
        return [subject for subject in published.SUBJECTS if subject not in there]


def explain_subjects(row: Published, copy: Copy) -> str:
    """Why a row of Table 3 differs."""
    if not copy.absent:
        return UNKNOWN
    if row.count(copy.everyone) == row.figure:
        return f"{_absent(copy)} Including their rows of the demographics it is {row.figure}, as in the paper."
    return _absent(copy)


def explain_slices(key: str, copy: Copy) -> str:
    """Why a row of Table 4 differs; `key` is the row's key in `published.TABLE_4`."""
    if copy.absent:
        return _explain_slices_of_a_part(key, copy)
    if len(copy.here.slices_with_hemorrhage) == published.SLICES_WITH_HEMORRHAGE:
        if key == "without":
            return _explain_more_slices(copy.here)
        if key == "all":
            return "The difference is that of the slices without hemorrhage."
        if key in _differing_subtypes(copy.here) and len(_differing_subtypes(copy.here)) == 1:
            return _explain_subtype(Subtype(key), copy.here)
    return UNKNOWN


def condition_names(condition: str, subtype: Subtype) -> bool:
    """Whether a condition on file names the subtype; IPH and SAH are only called intracranial hemorrhage."""
    return any(word in condition.lower() for word in CONDITION_WORDS.get(subtype, ()))


def _absent(copy: Copy) -> str:
    n = len(copy.absent)
    are = "is" if n == 1 else "are"
    return f"{n} of the paper's {len(published.SUBJECTS)} subjects {are} absent ({named(copy.absent)})."


def _explain_slices_of_a_part(key: str, copy: Copy) -> str:
    explanation = [_absent(copy)]
    rows = {one.number: one for one in copy.everyone.subjects}
    listed = [rows[subject] for subject in copy.absent if subject in rows]
    if key not in ("without", "all") and len(listed) == len(copy.absent) and not any(one.subtypes for one in listed):
        explanation.append("According to the demographics none of them has hemorrhage, so there is another cause.")
    if copy.release != "1.0.0":
        explanation.append(
            "This release has the slices of the original series, the paper counts those of the JPG release."
        )
    return " ".join(explanation)


def _explain_more_slices(here: Statistics) -> str:
    more = len(here.slices) - published.SLICES
    fewest = min(here.slices_of.values())
    whole = f"; it is not a whole subject, since none has fewer than {fewest}" if 0 < more < fewest else ""
    return (
        f"Both have {published.SLICES_WITH_HEMORRHAGE} slices with hemorrhage, so the difference of {abs(more)} "
        f"concerns slices without hemorrhage{whole}. Which slices these are cannot be known from the data."
    )


def _differing_subtypes(here: Statistics) -> list[Subtype]:
    return [s for s in Subtype if len(here.slices_with(s)) != published.SLICES_BY_SUBTYPE[s]]


def _explain_subtype(subtype: Subtype, here: Statistics) -> str:
    """For the only subtype that differs, if slices with hemorrhage and all other subtypes agree."""
    more = published.SLICES_BY_SUBTYPE[subtype] - len(here.slices_with(subtype))
    if more < 0:
        return UNKNOWN
    explanation = (
        f"Slices with hemorrhage and the other four subtypes agree with the paper, so its {more} additional labels "
        "must be on slices that are labeled only with other subtypes here."
    )
    having = here.subjects_with(subtype)
    if len(having) == published.SUBJECTS_BY_SUBTYPE[subtype]:
        others = [row for row in here.slices_with_hemorrhage if row.subject in having and subtype not in row.subtypes]
        subjects = named({row.subject for row in others})
        explanation += (
            f" Both have {len(having)} subjects with {subtype}; if these are the same, the {more} labels are on some "
            f"of {len(others)} such slices of subjects {subjects}."
        )
    on_file = [
        one.number for one in here.subjects if condition_names(one.condition, subtype) and subtype not in one.subtypes
    ]
    if on_file:
        explanation += f" According to the condition on file, {named(on_file)} also have {subtype}, but no such label."
    return f"{explanation} Which slices the paper counts, or whether it miscounts, cannot be known from the data."
