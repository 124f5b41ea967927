"""Which scans are in two datasets, or twice in one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ichor.atomic import write_whole
from ichor.dataset.base import Dataset
from ichor.dataset.images.prints import Prints, correlation, prints_of, turned
from ichor.dataset.together import Together
from ichor.errors import BadConfig

# Two scans are one if a quarter of the slices of the shorter one have a slice in the other that correlates this much: a
# quarter, since slices at the vertex and the base change most with window, noise and margins.
LEAST_CORRELATION = 0.85
_SHARE = 0.75
_SHOWN = 5
_VERSION = 1  # of the fingerprints that are kept


@dataclass(frozen=True, slots=True)
class Copy:
    """Two subjects with the same scan; `correlation` is what a quarter of the slices of the shorter one reach."""

    first: str
    second: str
    correlation: float


def prints_in(dataset: Dataset, done: Callable[[str], None] = lambda _: None) -> dict[str, Prints]:
    """The fingerprints of each subject's slices; kept in the user's cache folder, by the dataset's fingerprint."""
    kept = _cache() / f"{dataset.fingerprint}-{_VERSION}.npz"
    with suppress(OSError, ValueError, KeyError), np.load(kept, allow_pickle=False) as file:
        found = {subject: file[f"s{k}"] for k, subject in enumerate(dataset.subjects)}
        if file["subjects"].tolist() == list(dataset.subjects):
            return found
    prints = {}
    for subject in dataset.subjects:
        prints[subject] = prints_of(dataset.case(subject).scan)
        done(subject)
    content = BytesIO()
    arrays: dict[str, Any] = {f"s{k}": prints[subject] for k, subject in enumerate(dataset.subjects)}
    np.savez_compressed(content, subjects=np.array(dataset.subjects), **arrays)
    with suppress(OSError):  # they are computed again where nothing can be kept
        kept.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_whole(kept, content.getvalue())
        kept.chmod(0o600)
    return prints


def copies_between(first: Mapping[str, Prints], second: Mapping[str, Prints]) -> list[Copy]:
    """The pairs of subjects, one of each, with the same scan, in whatever direction its images are stored."""
    names, slices, starts = _joined(second)
    if not names:
        return []
    found = []
    for subject, own in first.items():
        best = np.full(len(names), -1.0)
        for one in turned(own) if len(own) else ():
            best = np.maximum(best, _agreement(correlation(one, slices), starts))
        found += [Copy(subject, names[k], round(float(best[k]), 3)) for k in np.flatnonzero(best >= LEAST_CORRELATION)]
    return found


def copies_within(prints: Mapping[str, Prints]) -> list[Copy]:
    """The pairs of subjects of one dataset with the same scan, each once."""
    return [one for one in copies_between(prints, prints) if one.first < one.second]


def copies_in(dataset: Dataset, done: Callable[[str], None] = lambda _: None) -> list[Copy]:
    """The scans that are in two of the datasets taken together; of a single dataset, none."""
    prints = {
        name: {f"{name}.{subject}": one for subject, one in prints_in(part, done).items()}
        for name, part in dataset.parts.items()
    }
    names = list(prints)
    found = [copies_between(prints[a], prints[b]) for k, a in enumerate(names) for b in names[k + 1 :]]
    return [one for pairs in found for one in pairs]


def copies_of(others: Dataset, dataset: Dataset) -> list[Copy]:
    """The scans of a dataset that are copies of a scan of others: `first` is of the others, `second` of the dataset."""
    return copies_between(prints_in(others), prints_in(dataset))


def without_copies(dataset: Dataset, *, leave_out: bool = False) -> Dataset:
    """The same dataset, if no scan is in two of its parts; with `leave_out`, without all but the first of each.

    Raises BadConfig, naming some, if there are such scans and they are not to be left out.
    """
    copies = copies_in(dataset) if len(dataset.parts) > 1 else []
    if not copies:
        return dataset
    if leave_out:
        return Together(dataset.parts, {one.second for one in copies})
    raise BadConfig(
        f"--data: expected no scan in two datasets, found the same images in {pairs_text(copies)}; leave out one "
        "dataset, or give --leave-out-copies"
    )


def pairs_text(copies: Sequence[Copy]) -> str:
    """The first few pairs, and how many more there are."""
    shown = ", ".join(f"{one.first} and {one.second}" for one in copies[:_SHOWN])
    return shown + (f" and {len(copies) - _SHOWN} more" if len(copies) > _SHOWN else "")


def _joined(prints: Mapping[str, Prints]) -> tuple[list[str], Prints, NDArray[np.int64]]:
    """Subjects with slices, all their slices (N, 1024), and where each subject's begin."""
    kept = {subject: one for subject, one in prints.items() if len(one)}
    if not kept:
        return [], np.empty((0, 0), np.int8), np.empty(0, np.int64)
    lengths = [len(one) for one in kept.values()]
    return list(kept), np.concatenate([*kept.values()]), np.cumsum([0, *lengths[:-1]])


def _agreement(correlations: NDArray[np.float32], starts: NDArray[np.int64]) -> NDArray[np.float64]:
    """For each subject, what a quarter of the shorter scan's slices reach in correlation with a slice of the other."""
    best = np.maximum.reduceat(correlations, starts, axis=1)  # (own slices, subjects)
    agreements = np.quantile(best, _SHARE, axis=0).astype(np.float64)
    ends = np.append(starts[1:], correlations.shape[1])
    for k in np.flatnonzero(best.max(axis=0) >= LEAST_CORRELATION):
        if ends[k] - starts[k] < len(correlations):
            agreements[k] = float(np.quantile(correlations[:, starts[k] : ends[k]].max(axis=0), _SHARE))
    return agreements


def _cache() -> Path:
    from platformdirs import user_cache_path

    return user_cache_path("ichor-datasets", appauthor=False)
