"""Several datasets as one: subjects under the names of their datasets, folds split by person across all of them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TypeVar

from ichor.dataset.base import Dataset
from ichor.dataset.case import Case, Cases
from ichor.dataset.facts import Facts, Label
from ichor.dataset.folds import Fold
from ichor.dataset.registry import DATASETS, open_dataset
from ichor.errors import BadConfig, UnreadableInput
from ichor.scan import Scan

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
T = TypeVar("T")


class Together:
    """Several datasets by name. A subject S of the dataset NAME is called NAME.S."""

    def __init__(self, parts: Mapping[str, Dataset], left_out: Iterable[str] = ()) -> None:
        self.parts = dict(parts)
        self.left_out = frozenset(left_out)

    @property
    def root(self) -> Path:
        """All places, as one, for messages."""
        return Path(" and ".join(str(one.root) for one in self.parts.values()))

    @property
    def facts(self) -> Facts:
        """The labels that all of them have; licences and sources are those of each part."""
        every = [one.facts for one in self.parts.values()]
        labels = frozenset[Label].intersection(*(one.labels for one in every))
        return replace(every[0], kind="several", title=", ".join(one.title for one in every), labels=labels)

    @cached_property
    def fingerprint(self) -> str:
        """A digest of the names, the fingerprints and the subjects left out."""
        lines = [f"{name} {one.fingerprint}" for name, one in sorted(self.parts.items())]
        return hashlib.sha256("\n".join([*lines, *sorted(self.left_out)]).encode()).hexdigest()

    @cached_property
    def subjects(self) -> tuple[str, ...]:
        """The subjects, dataset by dataset."""
        every = (f"{name}.{subject}" for name, one in self.parts.items() for subject in one.subjects)
        return tuple(subject for subject in every if subject not in self.left_out)

    @property
    def excluded_from_overlap(self) -> Mapping[str, str]:
        """The reasons of each dataset."""
        return {
            f"{name}.{subject}": reason
            for name, one in self.parts.items()
            for subject, reason in one.excluded_from_overlap.items()
        }

    @property
    def fixed_folds(self) -> Mapping[str, tuple[Fold, ...]]:
        """None: nobody fixed folds of just these."""
        return {}

    def person(self, subject: str) -> str:
        """The person; a name without a source (`rsna2019:ID_...`) is of one dataset only."""
        name, own, one = self._of(subject)
        person = one.person(own)
        return person if ":" in person else f"{name}:{person}"

    def strata(self, subject: str) -> frozenset[tuple[str, int]]:
        """The strata of its dataset, each of which is distributed evenly."""
        name, own, one = self._of(subject)
        return frozenset((name, stratum) for stratum in one.strata(own))

    def n_slices(self, subject: str) -> int:
        """How many slices the subject's scan has."""
        return self._asked(subject, lambda one, own: one.n_slices(own))

    def age_years(self, subject: str) -> float | None:
        """The subject's age."""
        return self._asked(subject, lambda one, own: one.age_years(own))

    def scan_path(self, subject: str) -> Path:
        """Where the subject's scan lies."""
        return self._asked(subject, lambda one, own: one.scan_path(own))

    def scan(self, subject: str) -> Scan:
        """The subject's scan."""
        return self._asked(subject, lambda one, own: one.scan(own))

    def case(self, subject: str) -> Case:
        """The case under its name here."""
        return replace(self._asked(subject, lambda one, own: one.case(own)), subject=subject)

    def truth(self, subject: str) -> Case:
        """The same for who needs no images."""
        return replace(self._asked(subject, lambda one, own: one.truth(own)), subject=subject)

    def cases(self, subjects: Iterable[str]) -> Cases:
        """The cases of these subjects, read when they are asked for."""
        return Cases(tuple(subjects), self.case)

    def _asked(self, subject: str, question: Callable[[Dataset, str], T]) -> T:
        _, own, one = self._of(subject)
        return question(one, own)

    def _of(self, subject: str) -> tuple[str, str, Dataset]:
        name, dot, own = subject.partition(".")
        if not dot or name not in self.parts:
            raise UnreadableInput(f"{self.root}: expected a subject of {', '.join(self.parts)}, found {subject!r}")
        return name, own, self.parts[name]


def open_data(named: Sequence[str]) -> Dataset:
    """The datasets given as PATH or NAME=PATH: one of them as it is, several together.

    A NAME under which Ichor knows a layout asks for that layout; any other name is free. Raises BadConfig for
    names that occur twice, that are missing where there are several, or that would not do; UnreadableInput as
    `open_dataset` does.
    """
    parts: dict[str, Dataset] = {}
    for text in named:
        name, path = _name_and_path(text)
        kind = name if name in DATASETS.registered() else None
        dataset = open_dataset(path, kind)
        if not name and len(named) > 1:
            raise BadConfig(f"--data: expected NAME=PATH for each of several datasets, found {text}")
        if name in parts:
            raise BadConfig(f"--data: expected each name once, found {name} twice")
        parts[name] = dataset
    if not parts:
        raise BadConfig("--data: expected a dataset, found none")
    return next(iter(parts.values())) if len(parts) == 1 else Together(parts)


def parts_of(dataset: Dataset) -> Mapping[str, Dataset]:
    """Each dataset by the beginning of its subjects' names here: NAME. of several, nothing of a single one."""
    return {f"{name}.": one for name, one in dataset.parts.items()} or {"": dataset}


def _name_and_path(text: str) -> tuple[str, Path]:
    name, equals, path = text.partition("=")
    if not equals or Path(text).exists():
        return "", Path(text)
    if _NAME.fullmatch(name) is None:
        raise BadConfig(f"--data: expected NAME=PATH with a name of letters, digits, - and _, found {text}")
    return name, Path(path)
