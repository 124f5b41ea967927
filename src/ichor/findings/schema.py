"""`Findings`: the findings of a scan, which define the schema of findings.json.

docs/reference/findings.md explains it.
"""

from __future__ import annotations

import json
from typing import Literal, Self

from pydantic import Field, model_validator

from ichor.findings.agreement import require_agreement
from ichor.findings.parts import HemorrhageFindings, Making, MethodFindings, Part, ScanFindings, SliceFindings, Timing
from ichor.findings.verdict import Tier, VerdictFindings, tier_of
from ichor.findings.version_1 import from_version_1

SCHEMA_VERSION: Literal[2] = 2
NOTICE: Literal["Research use only; not a medical device."] = "Research use only; not a medical device."


class Findings(Part):
    """The findings of one scan: the content of findings.json."""

    schema_version: Literal[2] = Field(description="Version of this schema; version 1 had no such field.")
    notice: Literal["Research use only; not a medical device."] = Field(description="The intended use.")
    scan: ScanFindings
    method: MethodFindings
    verdict: VerdictFindings | None = Field(
        default=None, description="The verdict on the scan; null in findings of earlier versions."
    )
    hemorrhage: HemorrhageFindings
    slices: tuple[SliceFindings, ...] = Field(description="All slices, the lowest first.")
    timing_s: Timing
    made_by: Making

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Self:
        """Slices, lesions, counts, totals and verdict must agree with each other."""
        require_agreement(self.scan, self.method, self.hemorrhage, self.slices)
        if self.verdict is not None:
            self.verdict.require_agreement(self.hemorrhage.probability, self.hemorrhage.present)
        return self

    @classmethod
    def from_json(cls, content: str | bytes) -> Self:
        """Parse the text of a findings.json of this schema version or an earlier one.

        Raises pydantic.ValidationError if it is not valid.
        """
        try:
            parsed = json.loads(content)
        except ValueError:
            parsed = None
        if isinstance(parsed, dict) and "schema_version" not in parsed:
            return cls.model_validate_json(json.dumps(from_version_1(parsed)))
        return cls.model_validate_json(content)

    @property
    def tier(self) -> Tier:
        """The tier of the verdict; in findings of earlier versions, derived from whether any slice is flagged."""
        if self.verdict is not None:
            return self.verdict.tier
        return tier_of(self.hemorrhage.probability, self.hemorrhage.present, None)

    def with_writing_s(self, seconds: float) -> Self:
        """A copy with these seconds added to the time of writing and the total."""
        timing = self.timing_s
        longer = {"write": round(timing.write + seconds, 3), "total": round(timing.total + seconds, 3)}
        return self.model_copy(update={"timing_s": timing.model_copy(update=longer)})

    def as_json(self) -> str:
        """The text of findings.json."""
        return self.model_dump_json(indent=2) + "\n"


def json_schema() -> str:
    """The JSON Schema of findings.json, as in docs/reference/findings.schema.json."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **Findings.model_json_schema()}
    return json.dumps(schema, indent=2) + "\n"
