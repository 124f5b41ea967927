"""Several datasets as one: names, folds by person over all of them, and what is asked of each."""

from __future__ import annotations

from pathlib import Path

import pytest

from ichor.dataset.ct_ich import CtIch
from ichor.dataset.facts import Label
from ichor.dataset.folds import folds_of_persons, stratified_folds
from ichor.dataset.together import Together, open_data, parts_of
from ichor.errors import BadConfig, UnreadableInput
from synthetic_ct_ich import write_ct_ich
from synthetic_datasets import write_bhsd, write_cpaisd, write_hemseg, write_instance2022

BHSD = {f"ID_{k // 2:08x}_ID_{k:010x}": 1 + k % 5 for k in range(8)}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    write_bhsd(folder / "bhsd", BHSD)
    write_hemseg(folder / "hemseg", {"00000000aa": "ID_00000000", "00000000ab": "ID_00000009"})
    write_instance2022(folder / "instance", 4)
    write_ct_ich(folder / "ct-ich", {"049": 1, "050": 0, "051": 1, "052": 0, "053": 1}, n_slices=2)
    return folder


@pytest.fixture(scope="module")
def dataset(root: Path) -> Together:
    opened = open_data([f"bhsd={root / 'bhsd'}", f"mine={root / 'instance'}", f"hemseg={root / 'hemseg'}"])
    assert isinstance(opened, Together)
    return opened


def test_one_dataset_is_opened_as_it_is(root: Path) -> None:
    for named in (str(root / "ct-ich"), f"ct-ich={root / 'ct-ich'}", f"hospital={root / 'ct-ich'}"):
        opened = open_data([named])
        assert isinstance(opened, CtIch) and opened.subjects[0] == "049"


def test_subjects_have_the_names_of_their_datasets(dataset: Together) -> None:
    assert dataset.subjects[0] == f"bhsd.{min(BHSD)}" and "mine.001" in dataset.subjects
    assert len(dataset.subjects) == 8 + 4 + 2
    case = dataset.case("mine.002")
    assert case.subject == "mine.002" and case.mask.any()
    assert dataset.n_slices("mine.002") == case.scan.n_slices == dataset.scan("mine.002").n_slices
    assert [one.subject for one in dataset.cases(["mine.001", "mine.002"])] == ["mine.001", "mine.002"]
    assert dataset.facts.labels == {Label.VOXELS, Label.SLICES, Label.SCANS}  # subtypes in one of them only
    assert [*parts_of(dataset)] == ["bhsd.", "mine.", "hemseg."]


def test_an_unknown_subject_is_refused_in_one_line(dataset: Together) -> None:
    with pytest.raises(UnreadableInput, match=r"expected a subject of bhsd, mine, hemseg, found 'other.001'"):
        dataset.case("other.001")


def test_nobody_is_in_both_the_training_and_the_test_set_of_a_fold(dataset: Together) -> None:
    folds = folds_of_persons(dataset.subjects, dataset.person, dataset.strata, 0)
    assert sorted(subject for fold in folds for subject in fold.test) == sorted(dataset.subjects)
    for fold in folds:
        blocks = [
            {dataset.person(subject) for subject in block} for block in (fold.training, fold.validation, fold.test)
        ]
        assert not (blocks[0] & blocks[1] or blocks[0] & blocks[2] or blocks[1] & blocks[2])
    # HemSeg's patient 0 is BHSD's patient 0, though the studies differ.
    (fold,) = [one for one in folds if "hemseg.00000000aa" in one.test]
    assert {f"bhsd.ID_00000000_ID_{k:010x}" for k in (0, 1)} <= {*fold.test}


def test_folds_are_by_subject_if_each_subject_is_one_person(root: Path) -> None:
    one = CtIch(root / "ct-ich")
    found = folds_of_persons(one.subjects, one.person, one.strata, 3)
    assert found == stratified_folds({subject: one.labels[subject] for subject in one.subjects}, 3)


def test_the_fingerprint_is_that_of_names_and_datasets_in_any_order(dataset: Together, root: Path) -> None:
    again = open_data([f"hemseg={root / 'hemseg'}", f"bhsd={root / 'bhsd'}", f"mine={root / 'instance'}"])
    assert again.fingerprint == dataset.fingerprint
    other = open_data([f"hemseg={root / 'hemseg'}", f"bhsd={root / 'bhsd'}", f"ours={root / 'instance'}"])
    assert other.fingerprint != dataset.fingerprint
    assert Together(dataset.parts, ["mine.001"]).fingerprint != dataset.fingerprint


@pytest.mark.parametrize(
    ("named", "said"),
    [
        (["{root}/bhsd", "b={root}/instance"], "expected NAME=PATH for each of several datasets, found"),
        (["a={root}/bhsd", "a={root}/instance"], "expected each name once, found a twice"),
        (["a.b={root}/bhsd"], "expected NAME=PATH with a name of letters, digits, - and _, found a.b="),
        (["bhsd={root}/instance"], "expected the dataset bhsd .* found another layout"),
        (["{root}/nowhere"], "expected the folder of a dataset, found none"),
        ([], "expected a dataset, found none"),
    ],
)
def test_wrong_names_are_refused_in_one_line(named: list[str], said: str, root: Path) -> None:
    with pytest.raises((BadConfig, UnreadableInput), match=said):
        open_data([one.format(root=root) for one in named])


def test_negatives_are_distributed_apart_from_the_subtypes(root: Path, tmp_path: Path) -> None:
    write_cpaisd(tmp_path, {f"s{k}": "train" for k in range(5)})
    both = open_data([f"bhsd={root / 'bhsd'}", f"cpaisd={tmp_path}"])
    folds = folds_of_persons(both.subjects, both.person, both.strata, 0)
    assert [sum(subject.startswith("cpaisd.") for subject in fold.test) for fold in folds] == [1] * 5
