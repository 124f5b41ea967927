"""verdict.json of a model package: from which probability of a scan on hemorrhage is called possible, and suspected.

Each threshold stands beside its sensitivity and specificity, measured on scans that neither the models nor the
thresholds had seen (`ichor.evaluate.verdict`). Scans of a single slice, such as pictures, may have thresholds of their
own. A package without this file has no thresholds.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from ichor.atomic import write_whole
from ichor.errors import BadConfig

VERDICT = "verdict.json"

Share = Annotated[float, Field(ge=0, le=1)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class MeasuredRate(_Part):
    """A share of scans, or of single slices, with its 95 % interval."""

    value: Share = Field(description="The share of the scans.")
    ci95: tuple[Share, Share] = Field(description="Its 95 % interval, from resampling subjects.")
    n: Annotated[int, Field(ge=1)] = Field(description="How many scans it is a share of.")


class VerdictThreshold(_Part):
    """A threshold on the scan's probability, and how well it tells scans with hemorrhage from those without."""

    threshold: Share = Field(description="The scan's probability from which on it is reached.")
    sensitivity: MeasuredRate = Field(description="Share of the scans with hemorrhage that get this tier or a higher.")
    specificity: MeasuredRate = Field(description="Share of the scans without hemorrhage that get a lower tier.")
    chosen_for: Literal["sensitivity", "specificity"] = Field(description="Which of the two it was chosen for.")
    at_least: Share = Field(description="The value of it that had to be reached on the scans it was chosen on.")


class Thresholds(_Part):
    """From which probability on hemorrhage is possible, and suspected."""

    possible: VerdictThreshold
    suspected: VerdictThreshold

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.suspected.threshold < self.possible.threshold:
            raise ValueError("expected the threshold of suspected hemorrhage at or above that of possible hemorrhage")
        return self


class VerdictRule(Thresholds):
    """The content of verdict.json: the thresholds for whole scans, and those for scans of a single slice, if any."""

    single_slice: Thresholds | None = None

    def for_scan(self, n_slices: int) -> Thresholds:
        """The thresholds for a scan of that many slices: those for whole scans if single slices have none."""
        return self if n_slices > 1 or self.single_slice is None else self.single_slice


def read_verdict_rule(folder: Path) -> VerdictRule | None:
    """The thresholds in a folder; None where it has no verdict.json. Raises BadConfig where that is invalid."""
    file = folder / VERDICT
    if not file.is_file():
        return None
    try:
        return VerdictRule.model_validate_json(file.read_bytes())
    except (OSError, ValidationError) as error:
        # Not `str(error)`: it has several lines.
        where = f"{'.'.join(map(str, error.errors()[0]['loc']))}: " if isinstance(error, ValidationError) else ""
        reason = error.errors()[0]["msg"] if isinstance(error, ValidationError) else error.strerror
        raise BadConfig(f"{file}: expected the thresholds of verdicts, found {where}{reason}") from error


def write_verdict_rule(folder: Path, rule: VerdictRule | None) -> None:
    """Write verdict.json; where there is no rule, remove an earlier one."""
    if rule is None:
        (folder / VERDICT).unlink(missing_ok=True)
    else:
        said = rule.model_dump(mode="json", exclude_none=True)
        write_whole(folder / VERDICT, (json.dumps(said, indent=1) + "\n").encode())
