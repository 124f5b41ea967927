"""What the paper does not count of its dataset: several subtypes at once, tables and delineations that disagree."""

from __future__ import annotations

from ichor.dataset.ct_ich.dataset import CtIch
from ichor.dataset.ct_ich.differences import CONDITION_WORDS, condition_names
from ichor.dataset.ct_ich.statistics import Statistics
from ichor.dataset.naming import named
from ichor.subtypes import Subtype


def count_beyond(dataset: CtIch, here: Statistics) -> tuple[tuple[str, str], ...]:
    """Name and figure of each count; `here` are the rows of the dataset's subjects with images.

    Raises UnreadableInput where a mask cannot be read.
    """
    return (*_labels(here), *_without_excluded(dataset, here), *_disagreements(here), *_delineations(dataset, here))


def _labels(here: Statistics) -> list[tuple[str, str]]:
    several = here.slices_with_several
    combinations = ", ".join(f"{' + '.join(which)} {n}" for which, n in several.most_common())
    fractured = [row for row in here.slices if row.fracture]
    return [
        ("Slices with several subtypes", f"{several.total()}" + (f" ({combinations})" if several else "")),
        ("Subtype labels in all", str(sum(len(row.subtypes) for row in here.slices))),
        ("Slices with a skull fracture", f"{len(fractured)} of {len({row.subject for row in fractured})} subjects"),
        ("Slices a subject", _spread(list(here.slices_of.values()))),
    ]


def _without_excluded(dataset: CtIch, here: Statistics) -> list[tuple[str, str]]:
    """What is left without the subjects that no figure of overlap includes."""
    excluded = [one.number for one in here.with_hemorrhage if one.number in dataset.excluded_from_overlap]
    if not excluded:
        return []
    rest = Statistics(
        tuple(one for one in here.subjects if one.number not in excluded),
        tuple(row for row in here.slices if row.subject not in excluded),
    )
    by_subtype = ", ".join(f"{subtype} {len(rest.slices_with(subtype))}" for subtype in Subtype)
    figures = f"{len(rest.with_hemorrhage)} subjects, {len(rest.slices_with_hemorrhage)} slices ({by_subtype})"
    return [(f"With hemorrhage, without {named(excluded)} (excluded from overlap)", figures)]


def _disagreements(here: Statistics) -> list[tuple[str, str]]:
    """Subjects whose slices are labeled otherwise than their row of the demographics says."""
    subtypes = {one.number: frozenset[Subtype]() for one in here.subjects}
    fractured = set()
    for row in here.slices:
        subtypes[row.subject] |= row.subtypes
        if row.fracture:
            fractured.add(row.subject)
    unlike = [one.number for one in here.subjects if one.subtypes != subtypes[one.number]]
    unlike_fracture = [one.number for one in here.subjects if one.fracture != (one.number in fractured)]
    normal = [one.number for one in here.with_hemorrhage if one.condition.lower().startswith("normal")]
    return [
        ("Subjects whose subtypes differ between the two tables", named(unlike)),
        ("Subjects whose fracture differs between the two tables", named(unlike_fracture)),
        ("Subjects called normal whose slices are labelled", named(normal)),
        *(
            (
                f"Subjects with {subtype} by their condition on file, not by their labels",
                named(
                    one.number
                    for one in here.subjects
                    if condition_names(one.condition, subtype) and subtype not in one.subtypes
                ),
            )
            for subtype in CONDITION_WORDS
        ),
    ]


def _delineations(dataset: CtIch, here: Statistics) -> list[tuple[str, str]]:
    labelled = {(row.subject, row.number) for row in here.slices_with_hemorrhage}
    delineated = {(subject, k) for subject in dataset.subjects for k in dataset.delineated_slices(subject)}
    return [
        ("Delineated slices", str(len(delineated))),
        ("Slices labelled and not delineated", _slices(labelled - delineated)),
        ("Slices delineated and not labelled", _slices(delineated - labelled)),
    ]


def _slices(slices: set[tuple[str, int]]) -> str:
    return ", ".join(f"{subject}/{k}" for subject, k in sorted(slices)) or "none"


def _spread(counts: list[int]) -> str:
    return f"{min(counts)} to {max(counts)}, mean {sum(counts) / len(counts):.1f}" if counts else "none"
