"""derived.json of a model package: from which package it derives, what was changed, and on which scans.

The networks and everything else in the package are the parent's. A package without this file derives from none.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ichor.atomic import write_whole
from ichor.errors import BadConfig

DERIVED = "derived.json"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Parent(_Part):
    """The package that another one derives from.

    Attributes:
        model, version: its name and version.
        sha256: of its files, as findings.json names a package.
        derived: what it derives from itself; None if from nothing.
    """

    model: str
    version: str
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    derived: Derived | None = None


class Recalibration(_Part):
    """How probabilities and thresholds of verdicts were changed.

    Attributes:
        slope, intercept: of the further calibration of the scan's logit; 1 and 0 if the method has none.
        scans, with_hemorrhage, patients: that it was made on; no model was trained on them.
        folds: with which it was measured: in each, on scans that the calibration and the thresholds were not made on.
        operating_point: at which the scans were screened.
        truth: of these scans, in words.
        table_sha256: of the table that holds it.
        gains: the figures on scans that were not used for it, as in validation.json: before, after, and the difference.
    """

    slope: Annotated[float, Field(gt=0)]
    intercept: float
    scans: Annotated[int, Field(ge=1)]
    with_hemorrhage: int
    patients: int
    folds: int
    operating_point: str | None
    truth: str
    table_sha256: str
    gains: dict[str, Any]


class Derived(_Part):
    """The content of derived.json."""

    notice: str
    parent: Parent
    recalibration: Recalibration
    made_by: dict[str, str]


def read_derived(folder: Path) -> Derived | None:
    """The derived.json of a package; None where it has none. Raises BadConfig where it is invalid."""
    file = folder / DERIVED
    if not file.is_file():
        return None
    try:
        return Derived.model_validate_json(file.read_bytes())
    except (OSError, ValidationError) as error:
        where = ".".join(map(str, error.errors()[0]["loc"])) if isinstance(error, ValidationError) else "the file"
        raise BadConfig(f"{file}: expected what the package derives from, found something else at {where}") from error


def write_derived(folder: Path, derived: Derived) -> None:
    """Write derived.json."""
    write_whole(folder / DERIVED, json.dumps(derived.model_dump(mode="json"), indent=1) + "\n")
