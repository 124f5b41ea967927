"""What is written is whole, or not there."""

from __future__ import annotations

from pathlib import Path

import pytest

from ichor.atomic import whole_folder, write_whole


def names(folder: Path) -> set[str]:
    return {one.name for one in folder.iterdir()}


def test_a_folder_appears_when_it_is_whole(tmp_path: Path) -> None:
    with whole_folder(tmp_path / "scan") as partial:
        (partial / "a").write_text("1")
        assert not (tmp_path / "scan").exists()
    assert names(tmp_path) == {"scan"}
    assert names(tmp_path / "scan") == {"a"}


def test_a_new_folder_takes_the_place_of_the_old(tmp_path: Path) -> None:
    (tmp_path / "scan").mkdir()
    (tmp_path / "scan" / "old").write_text("0")
    with whole_folder(tmp_path / "scan") as partial:
        (partial / "new").write_text("1")
    assert names(tmp_path) == {"scan"}
    assert names(tmp_path / "scan") == {"new"}


@pytest.mark.parametrize("failure", [ValueError, KeyboardInterrupt])
def test_a_failure_leaves_nothing_and_the_old_as_it_was(tmp_path: Path, failure: type[BaseException]) -> None:
    (tmp_path / "scan").mkdir()
    (tmp_path / "scan" / "old").write_text("0")
    with pytest.raises(failure), whole_folder(tmp_path / "scan") as partial:
        (partial / "new").write_text("1")
        raise failure
    assert names(tmp_path) == {"scan"}
    assert names(tmp_path / "scan") == {"old"}


def test_what_a_killed_process_left_is_cleared(tmp_path: Path) -> None:
    (tmp_path / ".scan.partial").mkdir()
    (tmp_path / ".scan.partial" / "half").write_text("?")
    with whole_folder(tmp_path / "scan") as partial:
        (partial / "a").write_text("1")
    assert names(tmp_path) == {"scan"}
    assert names(tmp_path / "scan") == {"a"}


def test_a_file_is_replaced_in_one_step(tmp_path: Path) -> None:
    write_whole(tmp_path / "a.csv", "one\n")
    write_whole(tmp_path / "a.csv", b"two\n")
    assert (tmp_path / "a.csv").read_text() == "two\n"
    assert names(tmp_path) == {"a.csv"}


def test_a_file_that_cannot_take_its_name_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    with pytest.raises(OSError):
        write_whole(tmp_path / "taken", "text")
    assert names(tmp_path) == {"taken"}
