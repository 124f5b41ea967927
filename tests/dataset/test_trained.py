"""Which subjects of a dataset a package was trained on, by what it records."""

from __future__ import annotations

from pathlib import Path

import pytest

from ichor.dataset.ct_ich import CtIch
from ichor.dataset.registry import open_dataset
from ichor.dataset.together import open_data
from ichor.dataset.trained import record_of, seen_in
from ichor.models.package import DEFAULT_MODEL, Training, find_package, read_config
from paths import CT_ICH_PART
from synthetic_ct_ich import write_ct_ich
from synthetic_datasets import write_bhsd, write_hemseg

BHSD = {"ID_0000000a_ID_1": 1, "ID_0000000b_ID_2": 2, "ID_0000000c_ID_3": 3}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    write_bhsd(folder / "bhsd", BHSD)
    write_hemseg(folder / "hemseg", {"00000000aa": "ID_0000000a", "00000000ab": "ID_0000000c"})
    write_ct_ich(folder / "own", {"049": 1, "050": 0}, n_slices=2)
    return folder


def trained_on(named: list[str], subjects: list[str]) -> Training:
    dataset = open_data(named)
    return Training(
        experiment="made",
        fingerprint=dataset.fingerprint,
        fold=1,
        training_subjects=tuple(subjects),
        **record_of(dataset, subjects),
    )


def test_subjects_are_recognized_in_their_dataset_by_itself_and_with_others(root: Path) -> None:
    both = [f"b={root / 'bhsd'}", f"own={root / 'own'}"]
    training = trained_on(both, ["b.ID_0000000a_ID_1", "own.050"])
    assert seen_in(open_data([both[0]]), training) == ["ID_0000000a_ID_1"]
    assert seen_in(open_data([both[1]]), training) == ["050"]
    assert seen_in(open_data(both), training) == ["b.ID_0000000a_ID_1", "own.050"]
    renamed = [f"x={root / 'bhsd'}", f"own={root / 'own'}"]
    assert seen_in(open_data(renamed), training) == ["own.050", "x.ID_0000000a_ID_1"]


def test_people_of_a_common_source_are_recognized_in_another_dataset(root: Path) -> None:
    training = trained_on([str(root / "bhsd")], ["ID_0000000a_ID_1", "ID_0000000b_ID_2"])
    assert training.persons == ("rsna2019:ID_0000000a", "rsna2019:ID_0000000b")
    assert seen_in(open_dataset(root / "hemseg"), training) == ["00000000aa"]


def test_only_datasets_with_training_subjects_are_recorded(root: Path) -> None:
    training = trained_on([f"b={root / 'bhsd'}", f"own={root / 'own'}"], ["own.049"])
    assert [*training.datasets] == ["own."] and training.datasets["own."].kind == "ct-ich"


def test_what_a_package_started_from_counts(root: Path) -> None:
    earlier = trained_on([str(root / "bhsd")], ["ID_0000000a_ID_1"])
    record = {"model": "a", "version": "1", "sha256": "0", "training": earlier.model_dump()}
    later = Training.model_validate({**trained_on([str(root / "own")], ["049"]).model_dump(), "started_from": record})
    assert seen_in(open_dataset(root / "bhsd"), later) == ["ID_0000000a_ID_1"]
    assert seen_in(open_dataset(root / "hemseg"), later) == ["00000000aa"]


def test_a_part_of_a_known_release_is_recognized_but_not_other_data_in_its_layout(root: Path) -> None:
    training = read_config(find_package(DEFAULT_MODEL)).training
    assert training is not None and not training.datasets
    part = CtIch(CT_ICH_PART)
    assert part.fingerprint != training.fingerprint
    assert seen_in(part, training) == list(part.subjects)
    assert seen_in(open_dataset(root / "own"), training) == []
