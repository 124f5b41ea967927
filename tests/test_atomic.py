"""What is written is whole, or not there."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ichor import atomic
from ichor.atomic import clear_left_overs, make_folder, whole_folder, write_whole


def names(folder: Path) -> set[str]:
    return {one.name for one in folder.iterdir()}


def test_a_folder_appears_when_it_is_complete(tmp_path: Path) -> None:
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


@pytest.mark.parametrize("clear", ["the next to write it", "clear_left_overs"])
def test_leftovers_of_a_killed_process_are_removed(tmp_path: Path, clear: str) -> None:
    left = tmp_path / ".scan.123-0123abcd.ichor-partial"
    left.mkdir()
    (left / "half").write_text("?")
    (tmp_path / ".scan.ichor-lock").touch()
    (tmp_path / ".summary.csv.123-0123abcd.ichor-partial").touch()
    if clear == "clear_left_overs":
        clear_left_overs(tmp_path)
        assert not names(tmp_path)
    else:
        with whole_folder(tmp_path / "scan") as partial:
            (partial / "a").write_text("1")
        assert names(tmp_path) == {"scan", ".summary.csv.123-0123abcd.ichor-partial"}
        assert names(tmp_path / "scan") == {"a"}


def test_files_in_use_and_foreign_files_are_not_touched(tmp_path: Path) -> None:
    theirs = {".a.lock", ".a.partial", ".a.replaced", ".a.12-zz.ichor-partial", "a.ichor-lock"}
    for name in theirs:
        (tmp_path / name).touch()

    def at_work() -> None:
        with whole_folder(tmp_path / "scan") as partial:
            (partial / "a").write_text("1")
            begun.set()
            assert cleared.wait(60)

    begun, cleared = threading.Event(), threading.Event()
    with ThreadPoolExecutor() as pool:  # another thread is as foreign to a lock as another process
        other = pool.submit(at_work)
        assert begun.wait(60)
        clear_left_overs(tmp_path)
        cleared.set()
        other.result()
    assert names(tmp_path) == theirs | {"scan"}
    assert names(tmp_path / "scan") == {"a"}


@pytest.mark.parametrize("step", [1, 2, 3])
def test_a_process_killed_while_it_replaces_loses_nothing(tmp_path: Path, step: int) -> None:
    """Where names cannot be exchanged: killed before it puts the old one aside, renames the new, removes the old."""
    code = f"""
import os, sys
from pathlib import Path
from ichor import atomic
atomic._exchanged = lambda one, other: False
def killed(*_, **__): os.kill(os.getpid(), 9)
rename, steps = Path.rename, []
def counted(one, other):
    steps.append(one)
    return killed() if len(steps) == {step} else rename(one, other)
Path.rename = counted
if {step} == 3:
    atomic.shutil.rmtree = killed
with atomic.whole_folder(Path({str(tmp_path / "scan")!r})) as partial:
    (partial / "new").write_text("1")
"""
    (tmp_path / "scan").mkdir()
    (tmp_path / "scan" / "old").write_text("0")
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == -9
    assert names(tmp_path) != {"scan"}, "expected it to be killed at work"
    clear_left_overs(tmp_path)
    assert names(tmp_path) == {"scan"}
    assert names(tmp_path / "scan") == ({"new"} if step == 3 else {"old"})


def test_a_folder_is_replaced_where_names_cannot_be_exchanged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(atomic, "_exchanged", lambda one, other: False)
    test_a_new_folder_takes_the_place_of_the_old(tmp_path)


def test_a_link_in_its_place_is_replaced_and_what_it_leads_to_is_kept(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "old").write_text("0")
    (tmp_path / "scan").symlink_to(tmp_path / "elsewhere")
    with whole_folder(tmp_path / "scan") as partial:
        (partial / "new").write_text("1")
    assert names(tmp_path) == {"scan", "elsewhere"} and not (tmp_path / "scan").is_symlink()
    assert (names(tmp_path / "scan"), names(tmp_path / "elsewhere")) == ({"new"}, {"old"})


def mode(path: Path) -> str:
    return oct(stat.S_IMODE(path.stat().st_mode))


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o777])
def test_what_is_private_is_so_whatever_the_umask(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        make_folder(tmp_path / "new" / "out", private=True)
        with whole_folder(tmp_path / "new" / "out" / "scan", private=True) as partial:
            assert mode(partial) == "0o700"
            (partial / "a").write_text("1")
            (partial / "deep").mkdir()
            (partial / "deep" / "b").write_text("1")
        write_whole(tmp_path / "new" / "out" / "table", "1", private=True)
    finally:
        os.umask(before)
    everything = [tmp_path / "new", *(tmp_path / "new").rglob("*")]
    assert len(everything) == 7
    assert {mode(one) for one in everything if one.is_dir()} == {"0o700"}
    assert {mode(one) for one in everything if one.is_file()} == {"0o600"}


def test_what_is_not_private_has_the_permissions_of_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        with whole_folder(tmp_path / "package") as partial:
            (partial / "a").write_text("1")
        write_whole(tmp_path / "table", "1")
    finally:
        os.umask(before)
    assert [mode(tmp_path / name) for name in ("package", "package/a", "table")] == ["0o750", "0o640", "0o640"]


def test_a_folder_that_is_there_keeps_its_permissions(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir(mode=0o755)
    make_folder(tmp_path / "out", private=True)
    assert mode(tmp_path / "out") == "0o755"


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
