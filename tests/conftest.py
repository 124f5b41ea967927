"""What all tests share."""

from __future__ import annotations

from pathlib import Path

import pytest

from paths import SHARED


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of data (ct-ich, DICOM series) that lies beside the repository."""
    if not (SHARED / "ct-ich").is_dir():
        pytest.fail(f"expected the data folder {SHARED.name}/ beside the repository, found none: see CONTRIBUTING.md")
    return SHARED
