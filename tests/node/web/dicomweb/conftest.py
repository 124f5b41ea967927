"""A result that the tests of DICOMweb share."""

from __future__ import annotations

import pytest

from synthetic_dicomweb import Screened, screened


@pytest.fixture(scope="session")
def result(tmp_path_factory: pytest.TempPathFactory) -> Screened:
    """A result that several tests share and none changes."""
    return screened(tmp_path_factory.mktemp("screened"))
