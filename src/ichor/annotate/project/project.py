"""`open_project(folder)`: scans, readers, label maps, labels, states and history, in one object."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ichor.annotate.project import assignments, changes, looks, readings
from ichor.annotate.project.database import DATABASE, SCANS, holds_anything
from ichor.annotate.project.labels import as_json, from_json, labels_of, stated_anew
from ichor.annotate.project.private import keep_private
from ichor.annotate.project.records import (
    CONSENSUS,
    Change,
    Labels,
    LayerState,
    Origin,
    Origins,
    Person,
    State,
    StatedLabels,
)
from ichor.annotate.project.runs import LabelMap, decode, drawn_labels, encode
from ichor.annotate.project.store import Store
from ichor.atomic import make_folder
from ichor.errors import UnreadableInput


def open_project(folder: Path, *, create: bool = False) -> Project:
    """Open the project in a folder, exclusively for this process; with `create`, an empty one is created if needed.

    Everything in the folder that the user owns becomes private. Raises UnreadableInput if there is no project, if
    another process has it open, or if it is damaged or newer; OutputFailed if the disk is full or fails.
    """
    if not create and not (folder.is_dir() and holds_anything(folder)):
        raise UnreadableInput(f"{folder}: expected an annotation project ({DATABASE}), found none")
    try:
        make_folder(folder / SCANS, private=True)
        keep_private(folder)
    except OSError as error:
        raise UnreadableInput(f"{folder}: expected a folder to write to, found {error.strerror}") from error
    return Project(folder, create=create)


class Project(Store):
    """An open project; a context manager that closes it. Its methods may be called from any thread.

    Every method that takes a scan's id, a slice's index (from 0) or a layer raises NotInProject if the project does not
    have it. Changes are on disk when a method returns. A layer is a reader's name or "consensus".
    """

    def layer(self, scan_id: int, layer: str) -> LayerState:
        """All of a layer: the label maps and labels that were stored."""
        self.require(scan_id, layer)
        return changes.layer_state(self.database, scan_id, layer)

    def label_map(self, scan_id: int, layer: str) -> NDArray[np.uint8]:
        """(n, rows, columns) uint8: what is drawn in a layer, on the scan's own grid."""
        record = self.record(scan_id)
        result = np.zeros((record.n_slices, record.rows, record.columns), np.uint8)
        for index, one in self.layer(scan_id, layer).maps.items():
            result[index] = decode(one.runs, record.rows, record.columns)
        return result

    def drawn_slices(self, scan_id: int, layer: str) -> int:
        """The number of slices of a layer on which anything is drawn."""
        self.require(scan_id, layer)
        return changes.drawn_slices(self.database, scan_id, layer)

    def put_label_map(
        self,
        scan_id: int,
        layer: str,
        index: int,
        label_map: LabelMap,
        *,
        by: str,
        origins: Origins | Origin = "drawn",
        base_revision: int | None = None,
    ) -> int:
        """Store the label map of a slice, (rows, columns) uint8, and return its new revision.

        `origins` gives the origin of each label in it, or one for all.

        Raises StaleRevision if `base_revision` is not the latest, ValueError for another shape or label.
        """
        record = self.require(scan_id, layer, index)
        if label_map.shape != (record.rows, record.columns):
            raise ValueError(
                f"expected a label map of {record.rows} x {record.columns} pixels, found {label_map.shape}"
            )
        runs = encode(label_map)
        drawn = drawn_labels(runs)
        if isinstance(origins, str):
            origins = dict.fromkeys(drawn, origins)
        if set(origins) != drawn:
            raise ValueError(f"expected origins of the labels {sorted(drawn)}, found those of {sorted(origins)}")
        with self.database.transaction():
            revision = changes.append(
                self.database,
                *(scan_id, "map", layer, index, json.dumps(runs, separators=(",", ":"))),
                by=by,
                drawn=",".join(map(str, sorted(drawn))),
                origins=origins,
                base_revision=base_revision,
            )
            readings.begin(self.database, scan_id, layer, by=by)
        return revision

    def labels(self, scan_id: int, layer: str, index: int | None) -> Labels:
        """The labels of a slice, or (None) of the scan, with all that regions and slices imply."""
        self.require(scan_id, layer, index)
        return labels_of(self.layer(scan_id, layer), index)

    def put_labels(
        self,
        scan_id: int,
        layer: str,
        index: int | None,
        labels: Labels,
        *,
        by: str,
        base_revision: int | None = None,
    ) -> int:
        """Store the labels of a slice, or (None) of the scan, and return their new revision.

        They are kept consistent with the regions and with the other level, so read them back. Raises StaleRevision if
        `base_revision` is not the latest.
        """
        self.require(scan_id, layer, index)
        with self.database.transaction():
            state = changes.layer_state(self.database, scan_id, layer, index)
            # A slice's labels depend on that slice only, except for the scan's "no hemorrhage", which depends on all.
            before = state.stated.get(index, StatedLabels()).labels
            if index is not None and labels.no_hemorrhage and not before.no_hemorrhage:
                _, of_scan, _ = changes.latest(self.database, scan_id, "labels", layer, None)
                if of_scan and from_json(of_scan).no_hemorrhage:
                    state = changes.layer_state(self.database, scan_id, layer)
            stated = stated_anew(state, index, labels)
            revision = changes.append(
                self.database,
                *(scan_id, "labels", layer, index, as_json(stated)),
                by=by,
                base_revision=base_revision,
            )
            readings.begin(self.database, scan_id, layer, by=by)
        return revision

    def state(self, scan_id: int, layer: str) -> State:
        """The state of a reading, or of the consensus, of a scan."""
        self.require(scan_id, layer)
        return self.states()[scan_id].get(layer, "new")

    def states(self) -> dict[int, dict[str, State]]:
        """For each scan, the state of each of its readers, in the order of joining, and of the consensus."""
        everyone, assigned = self._states_of_all(), self.assigned()
        return {
            scan_id: assignments.of_its_readers(states, assigned.get(scan_id, ()))
            for scan_id, states in everyone.items()
        }

    def assigned(self) -> dict[int, list[str]]:
        """The readers to whom scans are assigned, by scan; all other scans are read by everyone."""
        return assignments.assigned(self.database)

    def assign(self, scan_id: int, readers: Sequence[str], *, by: str) -> None:
        """Assign a scan to exactly these readers; none means all readers.

        Raises HasBegun if somebody else has started it, NotInProject for somebody who is not a reader of the project.
        """
        for name in readers:
            self.require(scan_id, name)
        with self.database.transaction():
            states = self._states_of_all()[self.record(scan_id).id]
            assignments.assign(self.database, scan_id, readers, states, by=by)

    def _states_of_all(self) -> dict[int, dict[str, State]]:
        return readings.states(self.database, [one.id for one in self.scans()], [*self.readers(), CONSENSUS])

    def set_state(self, scan_id: int, layer: str, state: State, *, by: str) -> None:
        """Set the state of a reading, or of the consensus, of a scan."""
        self.require(scan_id, layer)
        readings.set_state(self.database, scan_id, layer, state, by=by)

    def seconds(self, scan_id: int, layer: str) -> float:
        """The time that a reader was active on a scan, in seconds."""
        self.require(scan_id, layer)
        return readings.seconds(self.database, scan_id, layer)

    def seconds_of(self, layer: str) -> float:
        """The time that a reader was active on all scans together, in seconds."""
        return readings.seconds_of(self.database, layer)

    def add_seconds(self, scan_id: int, layer: str, seconds: float) -> float:
        """Add to the time that a reader was active on a scan; returns the sum, in seconds."""
        self.require(scan_id, layer)
        return readings.add_seconds(self.database, scan_id, layer, seconds)

    def add_looks(self, scan_id: int, layer: str, slices: Iterable[int], *, by: str) -> None:
        """Record that a reader viewed slices while working on a layer."""
        slices = list(slices)
        for index in slices or (None,):
            self.require(scan_id, layer, index)
        looks.add_looks(self.database, scan_id, layer, by, slices)

    def looked(self, scan_id: int, layer: str) -> frozenset[int] | None:
        """The slices that were viewed for a layer; for the consensus, also those viewed in a finished reading.

        None if a reading was finished with a version of Ichor that did not record it.
        """
        self.require(scan_id, layer)
        done = [name for name, state in self.states()[scan_id].items() if state == "done"]
        layers = {layer, *done} if layer == CONSENSUS else {layer}
        if any(looks.finished_before_looks(self.database, scan_id, one) for one in layers):
            return None
        return looks.looks(self.database, scan_id, layers)

    def subject(self, scan_id: int) -> Person:
        """The person of the scan, as last entered for any scan of the same subject."""
        return readings.person(self.database, self.record(scan_id).subject)

    def put_subject(self, scan_id: int, person: Person, *, by: str) -> None:
        """Enter the person of the scan's subject."""
        self.record(scan_id)
        payload = json.dumps(asdict(person), ensure_ascii=False)
        changes.append(self.database, scan_id, "person", "", None, payload, by=by)

    def history(self, scan_id: int) -> list[Change]:
        """Every change to a scan, oldest first; none is ever altered or deleted."""
        self.record(scan_id)
        return changes.history(self.database, scan_id)

    def recent(self, scan_id: int, layers: Sequence[str], most: int) -> list[Change]:
        """The latest changes of layers and of the subject, newest first, without the payload of maps."""
        self.record(scan_id)
        return changes.recent(self.database, scan_id, layers, most)

    def agree(self, scan_id: int, layers: list[str]) -> bool:
        """Whether layers have the same regions, subtypes, fractures and absence of hemorrhage."""
        record = self.record(scan_id)
        said = {readings.said(self.layer(scan_id, layer), record.n_slices) for layer in layers}
        return len(said) <= 1

    def final_layer(self, scan_id: int) -> str | None:
        """The layer to export: the consensus if it is done, otherwise that of the finished readers if they agree."""
        states = self.states().get(self.record(scan_id).id, {})
        if states[CONSENSUS] == "done":
            return CONSENSUS
        done = [name for name, state in states.items() if state == "done"]
        return done[0] if done and self.agree(scan_id, done) else None

    def uncertainty(self, scan_id: int) -> list[float] | None:
        """The model's uncertainty of each slice, if it was calculated before."""
        rows = self.database.rows("SELECT slices FROM uncertainty WHERE scan_id = ?", (scan_id,))
        return json.loads(rows[0]["slices"]) if rows else None

    def labelling_s(self, scan_id: int) -> float | None:
        """The estimated labeling time in seconds, if it was calculated before."""
        rows = self.database.rows("SELECT labelling_s FROM uncertainty WHERE scan_id = ?", (scan_id,))
        return rows[0]["labelling_s"] if rows else None

    def put_uncertainty(self, scan_id: int, slices: list[float], labelling_s: float) -> None:
        """Store the model's uncertainty of each slice, and the estimated labeling time in seconds."""
        self.record(scan_id)
        self.database.write(
            "INSERT OR REPLACE INTO uncertainty VALUES (?, ?, ?)", (scan_id, json.dumps(slices), labelling_s)
        )
