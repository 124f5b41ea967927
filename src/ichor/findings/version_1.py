"""findings.json of schema version 1, which had no `schema_version`: its content in the terms of version 2."""

from __future__ import annotations

from typing import Any


def from_version_1(said: dict[str, Any]) -> dict[str, Any]:
    """The content of a findings.json of version 1 as version 2 has it; what is no such content stays as it is.

    `scan.unlike` was renamed to `scan.input_checks`, and `sentence` in it to `message`. All methods outlined hemorrhage
    then, so that a slice was flagged where pixels of it were marked.
    """
    try:
        scan = {key: value for key, value in said["scan"].items() if key != "unlike"}
        checks = [{"kind": one["kind"], "message": one["sentence"]} for one in said["scan"]["unlike"]]
        slices = [{**one, "flagged": one["area_px"] > 0} for one in said["slices"]]
        method = {**said["method"], "segments": True}
    except (KeyError, TypeError, AttributeError):
        return said
    return {**said, "schema_version": 2, "scan": {**scan, "input_checks": checks}, "method": method, "slices": slices}
