"""The uncertainty of a model, or of a committee of models, about each slice of a scan.

After Kuo et al. 2018, Cost-Sensitive Active Learning for Intracranial Hemorrhage Detection (arXiv:1809.02882, MICCAI
2018): the uncertainty of each voxel is averaged over patches and then summed over the most uncertain patches. They use
the Jensen-Shannon divergence of a committee. It is not defined for a single model, whose entropy is used instead (Lewis
and Gale 1994, A Sequential Algorithm for Training Text Classifiers, SIGIR).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import entr

PATCH_MM = 16.0
# How many of the most uncertain patches of a slice are summed; most of the others have almost no uncertainty.
MOST_UNCERTAIN = 8


def entropy(probability: NDArray[np.floating]) -> NDArray[np.float32]:
    """The binary entropy in bits, from 0 (certain) to 1, of probabilities of any shape."""
    p = np.asarray(probability, np.float32)
    return np.asarray((entr(p) + entr(1 - p)) / np.float32(np.log(2)), np.float32)


def jensen_shannon(members: NDArray[np.floating]) -> NDArray[np.float32]:
    """The Jensen-Shannon divergence of a committee in bits, from 0 (all members agree) to 1.

    `members` (M, ...) are the probabilities from its M equally weighted members; returns (...). It is the entropy of
    the mean probability minus the mean of the entropies (Lin 1991, Divergence Measures Based on the Shannon Entropy).
    """
    mean = np.asarray(np.mean(members, axis=0, dtype=np.float32))
    divergence = entropy(mean) - np.mean([entropy(one) for one in members], axis=0)
    return np.asarray(np.maximum(divergence, 0), np.float32)


def of_slices(uncertainty: NDArray[np.float32], patch_px: tuple[int, int]) -> NDArray[np.float64]:
    """(n,) for each slice, the sum of the mean uncertainty of its most uncertain patches.

    `uncertainty` (n, rows, columns) is divided into adjacent patches of `patch_px` (rows, columns). The part of a patch
    that extends beyond the image counts as 0.
    """
    n, *sides = uncertainty.shape
    counts = [-(-side // px) for side, px in zip(sides, patch_px, strict=True)]
    padding = [(0, count * px - side) for count, px, side in zip(counts, patch_px, sides, strict=True)]
    padded = np.pad(uncertainty, [(0, 0), *padding])
    cut = padded.reshape(n, counts[0], patch_px[0], counts[1], patch_px[1])
    patches = np.sort(cut.mean(axis=(2, 4), dtype=np.float64).reshape(n, -1), axis=1)
    return np.asarray(patches[:, -MOST_UNCERTAIN:].sum(axis=1))


def patch_px(pixel_mm: NDArray[np.float64] | None, shape: tuple[int, int]) -> tuple[int, int]:
    """The size (rows, columns) of a 16 mm patch in pixels, from the pixel sizes (n, 2) of a scan.

    If these are unknown, a sixteenth of each side of `shape`, which is about 16 mm where the head fills the image.
    """
    if pixel_mm is None:
        rows, columns = (side / 16 for side in shape)
    else:
        rows, columns = PATCH_MM / np.median(pixel_mm, axis=0)
    return max(1, round(float(rows))), max(1, round(float(columns)))
