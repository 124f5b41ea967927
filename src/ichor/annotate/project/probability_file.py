"""The model's probabilities for a scan in one file of the project, 8 bits per voxel, each slice separately."""

from __future__ import annotations

import io
import zipfile
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ichor.atomic import write_whole
from ichor.errors import UnreadableInput

STEPS = 255


def write_probability(probability: NDArray[np.floating], path: Path) -> None:
    """Write probabilities (n, rows, columns) from 0 to 1, atomically."""
    content = io.BytesIO()
    slices = {str(k): np.rint(one * STEPS).astype(np.uint8) for k, one in enumerate(probability)}
    np.savez_compressed(content, allow_pickle=False, **slices)
    write_whole(path, content.getvalue(), private=True)


def read_probability(path: Path, k: int) -> NDArray[np.float32] | None:
    """(rows, columns) the probabilities of slice `k`; None if there is no file.

    Raises UnreadableInput if it is damaged.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            return np.asarray(file[str(k)] / np.float32(STEPS), np.float32)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise UnreadableInput(f"{path}: expected the probabilities of a scan, found a damaged file") from error
