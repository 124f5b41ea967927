"""What the queue says of one analysis of a study, and how its result is named."""

from __future__ import annotations

from dataclasses import dataclass

KEY_DIGITS = 16  # of a study's key, in folder names and logs


@dataclass(frozen=True, slots=True)
class Analysis:
    """One analysis of a study.

    Attributes:
        id: in the queue.
        study: the study's key.
        number: the number of this analysis of the study, from 1.
        replaces: the number of the analysis whose result this one replaces, because images arrived after it; or None.
        files: the names of the images.
        missing: how many images were deleted after an earlier result and are needed again.
        last_at: when the last image arrived, in seconds since 1970.
    """

    id: int
    study: str
    number: int
    replaces: int | None
    files: tuple[str, ...]
    missing: int
    last_at: float = 0.0

    @property
    def name(self) -> str:
        """The name of its results folder."""
        return result_name(self.study, self.number)


@dataclass(frozen=True, slots=True)
class Summary:
    """What the worklist sorts by, from the findings of an analysis.

    Attributes:
        probability: that the scan shows hemorrhage.
        volume_ml: of the hemorrhage; None if it is not known.
        warnings: how many there are for the reader.
    """

    probability: float
    volume_ml: float | None
    warnings: int


@dataclass(frozen=True, slots=True)
class Problem:
    """A study without findings: its key, its state (unusable or failed), the name of its result, and the reason."""

    study: str
    state: str
    result: str
    reason: str


def result_name(study: str, number: int) -> str:
    """The name of the results folder of a study's analysis with this number."""
    return f"{study[:KEY_DIGITS]}-{number}"
