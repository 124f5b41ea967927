"""scan_scores.csv of a model package: the out-of-fold probability of each scan that the recipe was tested on.

A node compares the scans that it screens with them (`ichor.evaluate.drift`). A package without this file has none.
"""

from __future__ import annotations

import csv
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ichor.errors import BadConfig

REFERENCE = "scan_scores.csv"  # as in the result that it is copied from
_COLUMNS = ("probability", "volume_ml")


@dataclass(frozen=True, eq=False)
class Reference:
    """The scans that a model's recipe was tested on, none of which its models were trained on.

    Attributes:
        probability: (scans,) that the scan shows hemorrhage.
        flagged: (scans,) whether any voxel was marked; all false for a detector.
    """

    probability: NDArray[np.float64]
    flagged: NDArray[np.bool_]


def read_reference(folder: Path) -> Reference | None:
    """The reference of the package in a folder; None where it has none. Raises BadConfig where it is invalid."""
    file = folder / REFERENCE
    if not file.is_file():
        return None
    try:
        with file.open(encoding="utf-8", newline="") as lines:
            rows = [tuple(row[name] for name in _COLUMNS) for row in csv.DictReader(lines)]
        probability = np.array([float(one) for one, _ in rows])
        flagged = np.array([float(volume or 0) > 0 for _, volume in rows], bool)
    except (OSError, UnicodeDecodeError, KeyError, TypeError, ValueError, csv.Error) as error:
        raise BadConfig(f"{file}: expected a table with {' and '.join(_COLUMNS)}, found {_why(error)}") from error
    if not len(probability) or not ((probability >= 0) & (probability <= 1)).all():
        raise BadConfig(f"{file}: expected probabilities of scans, from 0 to 1, found none or others")
    return Reference(probability, flagged)


def copy_reference(source: Path, folder: Path) -> None:
    """Copy the table of a result or run into a folder; where there is none, remove an earlier one."""
    if (source / REFERENCE).is_file():
        shutil.copyfile(source / REFERENCE, folder / REFERENCE)
    else:
        (folder / REFERENCE).unlink(missing_ok=True)


def _why(error: Exception) -> str:
    if isinstance(error, OSError):
        return error.strerror or "no such file"
    return "another one" if isinstance(error, (KeyError, TypeError)) else " ".join(str(error).split())[:100]
