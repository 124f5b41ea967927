"""Finishing a reading or a consensus: its open points, and what confirming them does.

A key pressed by mistake does not finish anything. Slices that were not viewed, AI outlines that were not accepted,
undecided slices and an unconfirmed negative are listed first; the layer is finished when exactly these points are
confirmed.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace

from ichor.annotate.project.consistency import contradictions
from ichor.annotate.project.findings import is_negative, states_negative
from ichor.annotate.project.labels import labels_of
from ichor.annotate.project.project import Project
from ichor.annotate.project.records import CONSENSUS, LayerState, Origin, ScanRecord, StatedLabels
from ichor.annotate.project.rules import done_readers
from ichor.annotate.project.runs import decode


@dataclass(frozen=True, slots=True)
class OpenPoints:
    """The open points of a layer; slices are given by index.

    Attributes:
        not_looked_at: slices that have not been viewed.
        not_accepted: slices with an AI outline that nobody has changed or accepted.
        undecided: for a consensus, slices on which a reading has a region and nothing has been applied or drawn.
        contradictions: where labels and regions do not match (ichor.annotate.project.consistency).
        no_hemorrhage: whether nothing is drawn or labeled and "no hemorrhage" has not been confirmed.
        drawn_by: if so, and for a consensus, the readers whose readings have regions.
    """

    not_looked_at: tuple[int, ...] = ()
    not_accepted: tuple[int, ...] = ()
    undecided: tuple[int, ...] = ()
    contradictions: tuple[str, ...] = ()
    no_hemorrhage: bool = False
    drawn_by: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return any(asdict(self).values())


def open_points(project: Project, scan_id: int, layer: str) -> OpenPoints:
    """The open points of a layer of a scan."""
    record, state = project.record(scan_id), project.layer(scan_id, layer)
    looked = project.looked(scan_id, layer)
    readings = _readings(project, scan_id) if layer == CONSENSUS else {}
    negative = is_negative(state) and not states_negative(state)
    drawn_by = tuple(name for name, one in readings.items() if negative and _drawn(one))
    undecided = {k for one in readings.values() for k in _drawn(one)} - set(state.maps)
    return OpenPoints(
        not_looked_at=() if looked is None else tuple(sorted(set(range(record.n_slices)) - looked)),
        not_accepted=tuple(sorted(k for k, one in state.maps.items() if "ai" in one.origins.values())),
        undecided=tuple(sorted(undecided)),
        contradictions=_contradictions(record, state),
        no_hemorrhage=negative,
        drawn_by=drawn_by,
    )


def finish(project: Project, scan_id: int, layer: str, points: OpenPoints, *, by: str) -> None:
    """Set a layer to done and apply what was confirmed: accept AI outlines, label the scan as negative."""
    record = project.record(scan_id)
    with project.transaction():
        state = project.layer(scan_id, layer)
        for k in points.not_accepted:
            accepted: dict[int, Origin] = {
                label: "ai accepted" if origin == "ai" else origin for label, origin in state.maps[k].origins.items()
            }
            label_map = decode(state.maps[k].runs, record.rows, record.columns)
            project.put_label_map(scan_id, layer, k, label_map, by=by, origins=accepted)
        if points.no_hemorrhage:
            stated = state.stated.get(None, StatedLabels()).labels
            project.put_labels(scan_id, layer, None, replace(stated, no_hemorrhage=True), by=by)
        project.set_state(scan_id, layer, "done", by=by)


def _readings(project: Project, scan_id: int) -> dict[str, LayerState]:
    return {name: project.layer(scan_id, name) for name in done_readers(project.states()[scan_id])}


def _drawn(state: LayerState) -> frozenset[int]:
    return frozenset(k for k, one in state.maps.items() if one.drawn)


def _contradictions(record: ScanRecord, state: LayerState) -> tuple[str, ...]:
    slices = [labels_of(state, k) for k in range(record.n_slices)]
    return tuple(contradictions(_drawn(state), slices, labels_of(state, None)))
