"""The user's cache folder: what was written comes back whole, or nothing does, and nothing else depends on it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ichor.models.cache import read_cached, write_cached


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "ichor"


def test_written_content_is_read_back(folder: Path) -> None:
    assert read_cached("network") is None
    write_cached("network", b"compiled")
    assert read_cached("network") == b"compiled"


def test_the_folder_is_private_to_its_owner(folder: Path) -> None:
    write_cached("network", b"compiled")
    assert folder.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("damage", [lambda whole: whole[:-1], lambda whole: b"x" + whole[1:], lambda whole: b""])
def test_damaged_predictions_are_not_restored(folder: Path, damage) -> None:
    write_cached("network", b"compiled")
    file = folder / "network"
    file.write_bytes(damage(file.read_bytes()))
    assert read_cached("network") is None


def test_what_others_may_write_is_not_used(folder: Path) -> None:
    write_cached("network", b"compiled")
    folder.chmod(0o777)
    assert read_cached("network") is None


def test_where_nothing_can_be_written_nothing_is_kept(folder: Path) -> None:
    folder.parent.write_text("a file where the folder should be")
    write_cached("network", b"compiled")
    assert read_cached("network") is None


def test_the_oldest_go_first(folder: Path) -> None:
    for n in range(25):
        write_cached(f"network-{n}", b"compiled")
        os.utime(folder / f"network-{n}", (n, n))
    write_cached("newest", b"compiled")
    kept = {file.name for file in folder.iterdir()}
    assert "newest" in kept
    assert "network-24" in kept
    assert "network-0" not in kept
    assert len(kept) == 20
