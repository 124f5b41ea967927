"""`Findings`: what is reported of a scan.

It and its parts are the schema of findings.json; docs/reference/findings.md explains it.
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
    """What is reported of one scan: the whole of findings.json."""

    schema_version: Literal[2] = Field(description="Version of this schema; findings made before it have none.")
    notice: Literal["Research use only; not a medical device."] = Field(description="How it may be used.")
    scan: ScanFindings
    method: MethodFindings
    verdict: VerdictFindings | None = Field(
        default=None, description="The verdict on the scan; null in findings made before this was kept."
    )
    hemorrhage: HemorrhageFindings
    slices: tuple[SliceFindings, ...] = Field(description="Every slice, from the lowest up.")
    timing_s: Timing
    made_by: Making

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Self:
        """Slices, counts and totals must tell the same story."""
        require_agreement(self.scan, self.method, self.hemorrhage, self.slices)
        if self.verdict is not None:
            self.verdict.require_agreement(self.hemorrhage.probability, self.hemorrhage.present)
        return self

    @classmethod
    def from_json(cls, content: str | bytes) -> Self:
        """The findings in the text of a findings.json of this schema version or an earlier one.

        Raises ValidationError (pydantic) where it holds no findings.
        """
        try:
            said = json.loads(content)
        except ValueError:
            said = None
        if isinstance(said, dict) and "schema_version" not in said:
            return cls.model_validate_json(json.dumps(from_version_1(said)))
        return cls.model_validate_json(content)

    @property
    def tier(self) -> Tier:
        """The verdict on the scan; of findings made before it was kept, by what is flagged."""
        if self.verdict is not None:
            return self.verdict.tier
        return tier_of(self.hemorrhage.probability, self.hemorrhage.present, None)

    def with_writing_s(self, seconds: float) -> Self:
        """The same, after so many more seconds of writing."""
        timing = self.timing_s
        spent = {"write": round(timing.write + seconds, 3), "total": round(timing.total + seconds, 3)}
        return self.model_copy(update={"timing_s": timing.model_copy(update=spent)})

    def as_json(self) -> str:
        """The text of findings.json."""
        return self.model_dump_json(indent=2) + "\n"


def json_schema() -> str:
    """The JSON Schema of findings.json, the text of docs/reference/findings.schema.json."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **Findings.model_json_schema()}
    return json.dumps(schema, indent=2) + "\n"
