"""Out-of-fold predictions in files, from which anyone can recompute the metrics without training.

masks.json.gz    the mask of every slice with any predicted pixel, as COCO's uncompressed run lengths
scores.csv       one row per slice: probability, voxel threshold, pixels of the mask, of the delineation and of both,
                 the subtype probabilities, if any, and, if the method has parameters of its own for scans of a single
                 slice, the probability of the slice as such a scan and whether anything is marked on it
scan_scores.csv  one row per subject: probability, volume of the mask in mL

A run keeps its masks; a published result need not. Without them, all metrics except those of surfaces and lesions can
be recomputed. For a detector there are only probabilities.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ichor.atomic import write_whole
from ichor.dataset.base import Dataset
from ichor.dataset.case import Case
from ichor.errors import BadConfig, UnreadableInput
from ichor.evaluate.overlap import Overlaps
from ichor.evaluate.prediction import TABLE_THRESHOLDS, Prediction
from ichor.formats.run_lengths import from_run_lengths, run_lengths
from ichor.runs.files import MASKS, SCAN_SCORES, SCORES
from ichor.runs.plain_files import Row, read_object, read_table, table
from ichor.runs.score_table import (
    AREA_COLUMNS,
    COLUMN_SETS,
    DETECTOR_COLUMNS,
    MASK_COLUMNS,
    OVERLAP_COLUMNS,
    SCAN_COLUMNS,
    SCORE_COLUMNS,
    SINGLE_SLICE_COLUMNS,
    SUBTYPE_COLUMNS,
    counts_in,
    single_slices_in,
    slice_rows,
)


def write_predictions(folder: Path, predictions: Iterable[Prediction], dataset: Dataset) -> None:
    """Write scores.csv, scan_scores.csv and, for predictions with masks, masks.json.gz.

    Predictions are consumed one by one, so that they need not all be in memory. Slices are numbered from 1. Raises
    ValueError if a subject occurs twice, and BadConfig if only some predictions have masks, thresholds or subtype
    probabilities, as when two versions of Ichor made the folds of a run.
    """
    masks: dict[str, dict[str, Any]] = {}
    slices: list[list[Any]] = []
    scans: dict[str, list[Any]] = {}
    kinds: dict[tuple[bool, bool, bool, bool], str] = {}  # the first prediction of each kind
    with_single = False  # subjects without labels of slices have no single slices
    for p in predictions:
        if p.subject in scans:
            raise ValueError(f"expected one prediction a subject, found two of {p.subject}")
        truth = dataset.truth(p.subject)
        pixels = p.overlaps_with(truth.mask_or_empty)
        kind = (p.mask is not None, pixels is not None, p.threshold is not None, p.subtype_probability is not None)
        with_single |= p.single_slices is not None
        kinds.setdefault(kind, f"{p.subject} (fold {p.fold})")
        if p.mask is not None:
            drawn = np.flatnonzero(p.mask.any(axis=(1, 2)))
            masks |= {f"{p.subject}/{index + 1}": run_lengths(p.mask[index]) for index in drawn}
        slices += slice_rows(p, pixels)
        volume = None if pixels is None else truth.scan.volume_ml(pixels.predicted)
        shown = "" if volume is None else f"{volume:.4f}"
        scans[p.subject] = [p.subject, p.fold, f"{p.scan_probability:.6g}", shown]
    if len(kinds) > 1:
        first, second, *_ = kinds.values()
        raise BadConfig(
            f"{folder}: expected masks, thresholds and subtype probabilities for all subjects or for none, found that "
            f"{first} and {second} differ; delete the folder of a fold that another version of Ichor made, and repeat"
        )
    with_masks, with_pixels, with_threshold, with_subtypes = next(iter(kinds), (True, True, True, False))
    called_by = MASK_COLUMNS if with_pixels else DETECTOR_COLUMNS if with_threshold else ()
    columns = (*SCORE_COLUMNS, *called_by, *(SUBTYPE_COLUMNS if with_subtypes else ()), *SINGLE_SLICE_COLUMNS)
    if not with_single:
        n = len(columns) - len(SINGLE_SLICE_COLUMNS)
        columns, slices = columns[:n], [row[:n] for row in slices]
    if with_masks:
        encoded = json.dumps(dict(sorted(masks.items())), separators=(",", ":")).encode()
        write_whole(folder / MASKS, gzip.compress(encoded, mtime=0))
    else:
        (folder / MASKS).unlink(missing_ok=True)
    write_whole(folder / SCORES, table(columns, slices))
    write_whole(folder / SCAN_SCORES, table(SCAN_COLUMNS, scans.values()))


class Predictions(Mapping[str, Prediction]):
    """The predictions in a folder, by subject. Masks are decoded on access, since all together take 1 GB.

    Attributes:
        has_masks: whether masks are kept.
    """

    def __init__(self, folder: Path, dataset: Dataset, slices: dict[str, list[Row]], scans: dict[str, Row]) -> None:
        self._folder, self._dataset, self._slices, self._scans = folder, dataset, slices, scans
        columns = next(iter(slices.values()))[0]
        self._segmented, with_pixels = "area_px" in columns, OVERLAP_COLUMNS[0] in columns
        self.has_masks = self._segmented and ((folder / MASKS).exists() or not with_pixels)
        self._masks = read_object(folder / MASKS, "masks by slice") if self.has_masks else {}
        for key in self._masks:
            subject, _, number = key.partition("/")
            if not number.isdecimal() or not 1 <= int(number) <= len(slices.get(subject, ())):
                raise BadConfig(f"{folder / MASKS}: expected masks of the slices in {SCORES}, found one of {key!r}")

    def __getitem__(self, subject: str) -> Prediction:
        """The subject's prediction. Raises BadConfig if its masks do not fit the dataset's grid or the scores."""
        return self.of(self._dataset.truth(subject))

    def __iter__(self) -> Iterator[str]:
        return iter(self._slices)

    def __len__(self) -> int:
        return len(self._slices)

    def of(self, case: Case) -> Prediction:
        """Like predictions[case.subject], for a case that is already loaded. Raises KeyError for an unknown subject."""
        rows, scan = self._slices[case.subject], self._scans[case.subject]
        has_subtypes = SUBTYPE_COLUMNS[0] in rows[0]
        try:
            prediction = Prediction(
                subject=case.subject,
                fold=int(scan["fold"]),
                mask=self._mask(case, [int(row["area_px"]) for row in rows]) if self.has_masks else None,
                slice_probability=np.array([float(row["probability"]) for row in rows]),
                scan_probability=float(scan["probability"]),
                threshold=float(rows[0]["threshold"]) if "threshold" in rows[0] else None,
                areas={
                    t: counts_in(rows, name)
                    for t, name in zip(TABLE_THRESHOLDS, AREA_COLUMNS, strict=True)
                    if self._segmented
                },
                subtype_probability=(
                    np.array([[float(row[name]) for name in SUBTYPE_COLUMNS] for row in rows]) if has_subtypes else None
                ),
                overlaps=self._overlaps(case, rows),
                single_slices=single_slices_in(rows),
            )
        except ValueError as error:  # a cell that is not a number
            where = f"{self._folder}: expected numbers in the scores of {case.subject}"
            raise BadConfig(f"{where}, found {error}") from error
        subtypes, alone = prediction.subtype_probability, prediction.single_slices
        probabilities = np.r_[
            prediction.slice_probability,
            prediction.scan_probability,
            [] if subtypes is None else subtypes.ravel(),
            [] if alone is None else alone.probability,
        ]
        if (outside := probabilities[~((probabilities >= 0) & (probabilities <= 1))]).size:
            raise BadConfig(f"{self._folder}: expected probabilities of {case.subject} in 0 to 1, found {outside[0]:g}")
        return prediction

    def _overlaps(self, case: Case, rows: list[Row]) -> Overlaps | None:
        """The pixel counts in the scores, if any. Raises BadConfig if they do not fit the delineation."""
        if OVERLAP_COLUMNS[0] not in rows[0]:
            return None
        both, predicted, reference = (counts_in(rows, name) for name in ("overlap_px", "area_px", "reference_px"))
        where = f"{self._folder / SCORES}: subject {case.subject}"
        if not np.array_equal(reference, case.mask_or_empty.sum(axis=(1, 2))):
            raise BadConfig(f"{where}: expected the reference_px of its delineation in the dataset, found others")
        if np.any(both > np.minimum(predicted, reference)) or np.any(both < 0):
            raise BadConfig(f"{where}: expected overlap_px within area_px and reference_px, found more")
        return Overlaps(both, predicted, reference)

    def _mask(self, case: Case, areas: list[int]) -> np.ndarray[Any, np.dtype[np.bool_]]:
        mask = np.zeros(case.scan.voxels.shape, bool)
        for index, area in enumerate(areas):
            key, where = f"{case.subject}/{index + 1}", self._folder / MASKS
            if key in self._masks:
                try:
                    one = from_run_lengths(self._masks[key])
                except (KeyError, TypeError, ValueError) as error:
                    raise BadConfig(f"{where}: expected run lengths of {key}, found {error}") from error
                if one.shape != mask.shape[1:]:
                    expected, found = (" x ".join(map(str, shape)) for shape in (mask.shape[1:], one.shape))
                    raise BadConfig(f"{where}: expected {key} on {expected} pixels, found {found}")
                mask[index] = one
            if mask[index].sum() != area:
                raise BadConfig(f"{where}: expected {area} pixels of {key} by {SCORES}, found {mask[index].sum()}")
        return mask


def read_predictions(folder: Path, dataset: Dataset) -> Predictions:
    """Read the predictions that `write_predictions` wrote into a folder, for subjects of `dataset`.

    Raises BadConfig if a file is missing or has other columns, if a subject is not in the dataset, or if a slice is
    missing. Masks are checked when they are decoded.
    """
    slices: dict[str, list[Row]] = {}
    for row in read_table(folder / SCORES, *COLUMN_SETS):
        slices.setdefault(row["subject"], []).append(row)
    if not slices:
        raise BadConfig(f"{folder / SCORES}: expected predictions, found none")
    scan_rows = read_table(folder / SCAN_SCORES, SCAN_COLUMNS)
    scans = {row["subject"]: row for row in scan_rows}
    if [row["subject"] for row in scan_rows] != list(slices):
        differing = ", ".join(sorted(scans.keys() ^ slices.keys())) or "their order"
        raise BadConfig(
            f"{folder / SCAN_SCORES}: expected the subjects of {SCORES} in order, found a difference in {differing}"
        )
    for subject, rows in slices.items():
        if subject not in dataset.subjects:
            raise BadConfig(f"{folder / SCORES}: expected subjects of {dataset.root}, found {subject!r}")
        try:
            expected = dataset.n_slices(subject)
        except UnreadableInput as error:
            raise BadConfig(
                f"{folder / SCORES}: expected subjects with labels in {dataset.root}, found {subject!r}"
            ) from error
        found = [row["slice"] for row in rows]
        if found != [str(k + 1) for k in range(expected)]:
            raise BadConfig(
                f"{folder / SCORES}: expected slices 1 to {expected} of {subject} in order, "
                f"found {len(found)} of them, {found[0]} to {found[-1]}"
            )
        for name in ("fold", "threshold"):
            if len(values := {row[name] for row in rows if name in row}) > 1:
                raise BadConfig(f"{folder / SCORES}: expected one {name} of {subject}, found {', '.join(values)}")
    return Predictions(folder, dataset, slices, scans)
