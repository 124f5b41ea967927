"""The rows of the manifest and of the table of results, and the types of their columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ichor.screening.outcome import Outcome
from ichor.screening.summary import values_of
from ichor.subtypes import Subtype
from ichor.version import __version__

if TYPE_CHECKING:
    import pyarrow

    from ichor.screening.job import Job

# Names of columns, each with the type by its name in Arrow; "words" are a list of strings.
MANIFEST_COLUMNS = {
    "scan": "string",
    "path": "string",
    "status": "string",
    "code": "string",
    "reason": "string",
    "seconds": "double",
    "warnings": "words",
    "input_checks": "words",
    "package_sha256": "string",
    "ichor": "string",
    "path_sha256": "string",
}
RESULT_COLUMNS = {
    "scan": "string",
    "path": "string",
    "verdict": "string",
    "present": "bool",
    "probability": "double",
    "volume_ml": "double",
    "volume_px": "int64",
    "largest_diameter_mm": "double",
    "abc2_ml": "double",
    "slices_flagged": "int64",
    "n_slices": "int64",
    **{f"probability_{subtype}": "double" for subtype in Subtype},
    **{f"volume_ml_{subtype}": "double" for subtype in Subtype},
    "input_checks": "words",
    "warnings": "words",
    "seconds": "double",
    "model": "string",
    "model_version": "string",
    "operating_point": "string",
    "package_sha256": "string",
    "ichor": "string",
}
QUEUED, DONE, REFUSED = "queued", "done", "refused"

Row = dict[str, Any]


def schema_of(columns: dict[str, str], further: list[pyarrow.Field] | None = None) -> pyarrow.Schema:
    """The Arrow schema of these columns and further ones."""
    import pyarrow

    types = {"words": pyarrow.list_(pyarrow.string()), "bool": pyarrow.bool_(), "double": pyarrow.float64()}
    fields = [
        pyarrow.field(name, types[kind] if kind in types else getattr(pyarrow, kind)())
        for name, kind in columns.items()
    ]
    return pyarrow.schema([*fields, *(further or [])])


def queued_row(job: Job) -> Row:
    """The row of the manifest for a scan that waits."""
    return {
        "scan": job.name,
        "path": job.shown_path,
        "status": QUEUED,
        "package_sha256": job.method_sha256,
        "ichor": __version__,
        "path_sha256": job.path_sha256,
    }


def manifest_row(outcome: Outcome) -> Row:
    """The row of the manifest for a scan that was screened, before or now, or refused."""
    row = queued_row(outcome.job)
    found = outcome.findings
    if found is None:
        code = None if outcome.code is None else outcome.code.value
        reason = outcome.job.without_path(outcome.reason)
        return row | {"status": REFUSED, "code": code, "reason": reason}
    return row | {
        "status": DONE,
        "seconds": found.timing_s.total,
        "warnings": list(found.scan.warnings),
        "input_checks": [one.kind.value for one in found.scan.input_checks],
    }


def result_row(outcome: Outcome, further: Row) -> Row | None:
    """The row of the results for a scan, with further columns; None if it was refused."""
    found = outcome.findings
    if found is None:
        return None
    return {
        **further,
        "scan": outcome.job.name,
        **values_of(found),
        "warnings": list(found.scan.warnings),
        "seconds": found.timing_s.total,
        "model": found.method.model or found.method.name,
        "model_version": found.method.version,
        "operating_point": found.method.operating_point,
        "package_sha256": found.made_by.method_sha256,
        "ichor": found.made_by.packages["ichor-ct"],
    }
