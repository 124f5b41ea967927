"""Labels of the slice, labels of the scan and drawn regions agree whatever is done in which order."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from ichor.annotate.project import Labels, Project, open_project
from ichor.subtypes import Subtype
from synthetic_scans import synthetic_head

IVH, IPH, SDH = Subtype.IVH, Subtype.IPH, Subtype.SDH
NONE = np.zeros((32, 32), np.uint8)


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    with open_project(tmp_path, create=True) as project:
        project.add_scan(synthetic_head(n=3, size=32), "001", "first")
        project.add_reader("ann")
        yield project


def draw(project: Project, index: int, *labels: int) -> None:
    label_map = NONE.copy()
    for place, label in enumerate(labels):
        label_map[place * 4, :5] = label
    project.put_label_map(1, "ann", index, label_map, by="ann")


def say(project: Project, index: int | None, labels: Labels) -> Labels:
    project.put_labels(1, "ann", index, labels, by="ann")
    return project.labels(1, "ann", index)


def test_a_drawn_region_puts_its_subtype_on_slice_and_scan(project: Project) -> None:
    draw(project, 1, 5, 2)
    for index in (1, None):
        assert project.labels(1, "ann", index).subtypes == (IPH, SDH)
    assert project.labels(1, "ann", 0).subtypes == ()


def test_erasing_removes_what_was_only_implied(project: Project) -> None:
    say(project, 1, Labels(subtypes=(IVH,)))
    draw(project, 1, 5)
    # The page sends back what it saw, with a note: that states no subtype anew.
    assert say(project, 1, Labels(subtypes=(IVH, SDH), note="thin")).subtypes == (IVH, SDH)
    draw(project, 1)
    assert project.labels(1, "ann", 1) == Labels(subtypes=(IVH,), note="thin")
    assert project.labels(1, "ann", None).subtypes == (IVH,)


def test_labels_stated_before_drawing_stay(project: Project) -> None:
    say(project, 1, Labels(subtypes=(SDH,)))
    draw(project, 1, 5)
    say(project, 1, Labels(subtypes=(SDH,)))
    draw(project, 1)
    assert project.labels(1, "ann", 1).subtypes == (SDH,)


def test_a_subtype_that_is_drawn_cannot_be_unticked(project: Project) -> None:
    draw(project, 1, 5)
    assert say(project, 1, Labels()).subtypes == (SDH,)
    assert say(project, None, Labels()).subtypes == (SDH,)


def test_a_slices_subtype_and_fracture_are_on_the_scan(project: Project) -> None:
    say(project, 2, Labels(subtypes=(IPH,), fracture=True))
    of_scan = project.labels(1, "ann", None)
    assert (of_scan.subtypes, of_scan.fracture) == ((IPH,), True)
    assert say(project, None, Labels()).fracture
    say(project, 2, Labels())
    assert project.labels(1, "ann", None) == Labels()


def test_the_scan_may_know_more_than_its_slices(project: Project) -> None:
    of_scan = say(project, None, Labels(subtypes=(IPH,), fracture=True, note="old"))
    assert of_scan == Labels(subtypes=(IPH,), fracture=True, note="old")
    assert project.labels(1, "ann", 0) == Labels()


def test_no_hemorrhage_on_the_scan_is_on_every_slice(project: Project) -> None:
    say(project, None, Labels(no_hemorrhage=True))
    assert all(project.labels(1, "ann", index).no_hemorrhage for index in range(3))


def test_sending_back_an_implied_no_hemorrhage_does_not_state_it(project: Project) -> None:
    say(project, None, Labels(no_hemorrhage=True))
    for remark in ("motion", "noise"):
        said = say(project, 1, Labels(no_hemorrhage=True, quality=(remark,)))
        assert (said.no_hemorrhage, said.quality) == (True, (remark,))
    say(project, None, Labels())
    assert not project.labels(1, "ann", 1).no_hemorrhage
    # Where a region elsewhere keeps the scan from it, a slice states it by itself.
    say(project, None, Labels(no_hemorrhage=True))
    draw(project, 0, 5)
    assert say(project, 1, Labels(no_hemorrhage=True)).no_hemorrhage
    say(project, None, Labels())
    assert project.labels(1, "ann", 1).no_hemorrhage


def test_no_hemorrhage_and_subtypes_exclude_each_other_and_the_new_one_wins(project: Project) -> None:
    assert say(project, 0, Labels(subtypes=(IPH,))).subtypes == (IPH,)
    assert say(project, 0, Labels(subtypes=(IPH,), no_hemorrhage=True)) == Labels(no_hemorrhage=True)
    assert say(project, 0, Labels(subtypes=(SDH,), no_hemorrhage=True)) == Labels(subtypes=(SDH,))


@pytest.mark.parametrize("label", [3, 6])
def test_a_region_wins_over_no_hemorrhage_until_it_is_erased(project: Project, label: int) -> None:
    say(project, None, Labels(no_hemorrhage=True))
    draw(project, 1, label)
    assert not project.labels(1, "ann", 1).no_hemorrhage
    assert not project.labels(1, "ann", None).no_hemorrhage
    draw(project, 1)
    assert project.labels(1, "ann", None).no_hemorrhage


@pytest.mark.parametrize("label", [3, 6])
def test_no_hemorrhage_cannot_be_said_of_what_is_drawn(project: Project, label: int) -> None:
    draw(project, 1, label)
    for index in (1, None):
        assert not say(project, index, Labels(no_hemorrhage=True)).no_hemorrhage
    draw(project, 1)
    assert not project.labels(1, "ann", None).no_hemorrhage


def test_a_slice_with_a_subtype_keeps_the_scan_from_no_hemorrhage(project: Project) -> None:
    say(project, 1, Labels(subtypes=(IPH,)))
    assert say(project, None, Labels(no_hemorrhage=True)) == Labels(subtypes=(IPH,))
