"""Converts findings.json of schema version 1, which had no `schema_version`, to version 2."""

from __future__ import annotations

from typing import Any


def from_version_1(old: dict[str, Any]) -> dict[str, Any]:
    """Convert the parsed JSON of version 1; JSON that is not of version 1 is returned unchanged.

    Version 2 renamed `scan.unlike` to `scan.input_checks`, and its `sentence` to `message`. In version 1, all methods
    outlined hemorrhage, so slices with marked pixels are flagged.
    """
    try:
        scan = {key: value for key, value in old["scan"].items() if key != "unlike"}
        checks = [{"kind": one["kind"], "message": one["sentence"]} for one in old["scan"]["unlike"]]
        slices = [{**one, "flagged": one["area_px"] > 0} for one in old["slices"]]
        method = {**old["method"], "segments": True}
    except (KeyError, TypeError, AttributeError):
        return old
    return {**old, "schema_version": 2, "scan": {**scan, "input_checks": checks}, "method": method, "slices": slices}
