"""What a model package records about its training data, and which subjects of a dataset the model has seen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict

from ichor.dataset.base import Dataset
from ichor.dataset.facts import Licence
from ichor.dataset.known import known_dataset
from ichor.dataset.together import parts_of
from ichor.models.package import TrainedOn, Training


class Recorded(TypedDict):
    """Attributes of `Training`."""

    datasets: dict[str, TrainedOn]
    persons: tuple[str, ...]


def record_of(dataset: Dataset, subjects: Sequence[str]) -> Recorded:
    """What is recorded of a dataset when a model is trained on these subjects of it.

    Nothing for a known release, which its fingerprint identifies.
    """
    if known_dataset(dataset.fingerprint) is not None:
        return {"datasets": {}, "persons": ()}
    datasets = {
        start: _trained_on(one)
        for start, one in parts_of(dataset).items()
        if any(subject.startswith(start) for subject in subjects)
    }
    return {"datasets": datasets, "persons": tuple(sorted(_shared_persons(dataset, subjects)))}


def seen_in(dataset: Dataset, training: Training) -> list[str]:
    """The subjects of a dataset that may have influenced the weights, sorted.

    These are the subjects of the same data; those of people that the model was trained on under the names of other
    datasets; and all subjects of another edition, or of a part, of a known release.
    """
    found = set(training.seen(dataset.fingerprint))
    for start, one in parts_of(dataset).items():
        found |= {start + subject for subject in training.seen(one.fingerprint)}
        releases = tuple(f"{kind}:" for kind in _released(training, but=one.fingerprint))
        found |= {start + subject for subject in one.subjects if one.person(subject).startswith(releases)}
    persons = frozenset(person for one in training.lineage for person in one.persons)
    if persons:
        found |= {subject for subject in dataset.subjects if dataset.person(subject) in persons}
    return sorted(found.intersection(dataset.subjects))


def licence_of(one: TrainedOn) -> Licence:
    """The recorded terms."""
    return Licence(
        one.licence, one.licence_url, one.commercial, one.share_weights, share_alike=one.share_alike, note=one.note
    )


def _trained_on(dataset: Dataset) -> TrainedOn:
    facts = dataset.facts
    terms = facts.licence
    return TrainedOn(
        kind=facts.kind,
        title=facts.title,
        fingerprint=dataset.fingerprint,
        licence=terms.name,
        licence_url=terms.url,
        commercial=terms.commercial,
        share_weights=terms.share_weights,
        share_alike=terms.share_alike,
        note=terms.note,
    )


def _shared_persons(dataset: Dataset, subjects: Sequence[str]) -> set[str]:
    """The people whose names begin with a source; other names are of one dataset only."""
    persons = {
        one.person(subject.removeprefix(start))
        for start, one in parts_of(dataset).items()
        for subject in subjects
        if subject.startswith(start)
    }
    return {one for one in persons if ":" in one}


def _released(training: Training, but: str) -> set[str]:
    """The known releases that a model was trained on, except that of the fingerprint `but`."""
    known = (known_dataset(one.fingerprint) for one in training.lineage if one.fingerprint != but)
    return {one.kind for one in known if one is not None}
