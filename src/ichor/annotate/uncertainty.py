"""How unsure a model, or a committee of models, is of each slice of a scan.

After Kuo et al. 2018, Cost-Sensitive Active Learning for Intracranial Hemorrhage Detection (arXiv:1809.02882, MICCAI
2018): a map of uncertainty over the voxels, patches of it, and the sum over the most uncertain patches. Theirs is the
Jensen-Shannon divergence of a committee. One model alone has none; its entropy stands for it (Lewis and Gale 1994, A
Sequential Algorithm for Training Text Classifiers, SIGIR).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import entr

PATCH_MM = 16.0
# The most uncertain patches of a slice, which count; the many others are nearly sure, and so is their sum.
MOST_UNCERTAIN = 8


def entropy(probability: NDArray[np.floating]) -> NDArray[np.float32]:
    """Entropy of yes or no, in bits, from 0 (sure) to 1, for probabilities of any shape."""
    p = np.asarray(probability, np.float32)
    return np.asarray((entr(p) + entr(1 - p)) / np.float32(np.log(2)), np.float32)


def jensen_shannon(members: NDArray[np.floating]) -> NDArray[np.float32]:
    """Jensen-Shannon divergence of a committee in bits, from 0 (all say the same) to 1.

    `members` (M, ...) are the probabilities by its members, of equal weight; returns (...). It is the entropy of their
    mean less the mean of their entropies (Lin 1991, Divergence Measures Based on the Shannon Entropy).
    """
    mean = np.asarray(np.mean(members, axis=0, dtype=np.float32))
    divergence = entropy(mean) - np.mean([entropy(one) for one in members], axis=0)
    return np.asarray(np.maximum(divergence, 0), np.float32)


def of_slices(uncertainty: NDArray[np.float32], patch_px: tuple[int, int]) -> NDArray[np.float64]:
    """(n,) the sum over each slice's most uncertain patches of their mean uncertainty.

    `uncertainty` (n, rows, columns) is cut into patches of `patch_px` (rows, columns) that lie side by side; what
    reaches past the edge counts as sure.
    """
    n, *sides = uncertainty.shape
    counts = [-(-side // px) for side, px in zip(sides, patch_px, strict=True)]
    padding = [(0, count * px - side) for count, px, side in zip(counts, patch_px, sides, strict=True)]
    padded = np.pad(uncertainty, [(0, 0), *padding])
    cut = padded.reshape(n, counts[0], patch_px[0], counts[1], patch_px[1])
    patches = np.sort(cut.mean(axis=(2, 4), dtype=np.float64).reshape(n, -1), axis=1)
    return np.asarray(patches[:, -MOST_UNCERTAIN:].sum(axis=1))


def patch_px(pixel_mm: NDArray[np.float64] | None, shape: tuple[int, int]) -> tuple[int, int]:
    """(rows, columns) of a patch of 16 mm, by the pixel sizes (n, 2) of a scan with slices of `shape`.

    Where they are unknown, a sixteenth of each side: about as much of a slice that a head fills.
    """
    if pixel_mm is None:
        rows, columns = (side / 16 for side in shape)
    else:
        rows, columns = PATCH_MM / np.median(pixel_mm, axis=0)
    return max(1, round(float(rows))), max(1, round(float(columns)))
