"""Inputs that several of these tests read."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from synthetic_dicom import hu_of_head, synthetic_series


@pytest.fixture(scope="module")
def series(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return synthetic_series(tmp_path_factory.mktemp("series"))


@pytest.fixture(scope="module")
def long_series(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One that takes a moment to decode: its voxels alone are more than the pipe holds."""
    return synthetic_series(tmp_path_factory.mktemp("long"), hu_of_head(40, 256, 256))


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A temporary folder of the test's own: other tests unpack at the same time."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "room"))
    (tmp_path / "room").mkdir()
    return tmp_path / "room"
