"""The runs of a page for several runs, each read from its results folder."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from ichor.errors import BadConfig
from ichor.pages.paper_comparison import PaperExperiment, Verdict, paper_experiment
from ichor.pages.pictures.drawn import DrawnFigure, figures_in
from ichor.pages.words import Metrics, fold_words
from ichor.runs.about import AboutRun, read_about, without_marks
from ichor.runs.files import METRICS, read_metrics


class _Config(BaseModel):
    method: str


class _Data(BaseModel):
    fingerprint: str
    n_subjects: int
    n_slices: int


class _MadeBy(BaseModel):
    command: str
    hardware: str
    seconds: float


class _Subject(BaseModel):
    dice: float
    jaccard: float
    n: int


class _Expected(BaseModel):
    """What a page requires; any other missing figure is left out of the page."""

    experiment: str
    config: _Config
    data: _Data
    folds: list[int]
    dice: dict[str, Any] | None
    per_subject: dict[str, _Subject] | None
    subjects_missed: list[str] | None
    made_by: _MadeBy


@dataclass(frozen=True, slots=True)
class Run:
    """One run: its folder, figures, pictures and written description."""

    folder: Path
    metrics: Metrics
    pictures: tuple[DrawnFigure, ...]
    about: AboutRun

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.folder.resolve().name

    @property
    def reduced(self) -> bool:
        """Whether it is a smaller version of an experiment."""
        return bool(self.metrics["made_by"].get("reduced"))

    @property
    def seeded(self) -> bool:
        """Whether the method was given seeds from the delineation of its test subjects."""
        return bool(self.metrics["made_by"].get("seeded"))

    @property
    def marks(self) -> str:
        """What a reader must not overlook: a reduced or semi-automatic run, or only some of the folds; else empty."""
        folds = list(self.metrics["folds"])
        part = "" if folds == [1, 2, 3, 4, 5] else f"{fold_words(folds)} of 5"
        marks = ("reduced" if self.reduced else "", "given seeds" if self.seeded else "", part)
        return ", ".join(mark for mark in marks if mark)

    @property
    def what(self) -> str:
        """A short description of the experiment."""
        return self.about.description.rstrip(".") or f"method `{self.metrics['config']['method']}`"

    @property
    def descriptions(self) -> list[str]:
        """The paragraphs on how the recipe was found and on known failures."""
        texts = (without_marks(text) for text in (self.about.design, self.about.limits))
        return [one for text in texts for one in text.split("\n\n") if one]

    @property
    def experiment(self) -> PaperExperiment:
        """The experiment of the paper to compare it with."""
        return paper_experiment(self.metrics)

    @property
    def tally(self) -> list[tuple[Verdict, int]]:
        """The numbers of verdicts on the paper's numbers: better, reproduced and worse."""
        counts = Counter(one.verdict(self.metrics) for one in self.experiment.numbers if one.judged)
        order = (Verdict.BETTER, Verdict.REPRODUCED, Verdict.WORSE)
        return [(verdict, counts[verdict]) for verdict in order if counts[verdict]]


def read_run(folder: Path) -> Run:
    """Read the run in a results folder. Raises BadConfig if its figures are missing or invalid."""
    metrics = read_metrics(folder)
    try:
        _Expected.model_validate(metrics)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        found = f"no {where}" if first["type"] == "missing" else f"{where}: {first['msg'].lower()}"
        raise BadConfig(f"{folder / METRICS}: expected the figures of a run, found {found}") from error
    return Run(folder, metrics, figures_in(folder), read_about(folder))
