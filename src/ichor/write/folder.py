"""Writes the folder of a result atomically, and reads it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from time import perf_counter

from pydantic import ValidationError

from ichor.atomic import reporting_disk_errors, whole_folder
from ichor.errors import IchorError
from ichor.findings.schema import Findings
from ichor.write.base import Output
from ichor.write.findings_json import FINDINGS
from ichor.write.registry import default_outputs, outputs_of
from ichor.write.result import Result

# A person's decisions on a result (`ichor.view.decisions`), kept when the scan is screened again.
DECISIONS = "decisions.json"


def save(result: Result, folder: Path, names: Sequence[str] | None = None) -> Findings:
    """Write the outputs with these names, or the default ones, and return the findings as written.

    Raises as `Result.save`.
    """
    has_mask = result.mask is not None
    outputs = outputs_of(default_outputs(has_mask=has_mask) if names is None else names)
    method = result.segmentation.made_by
    for output in outputs:
        output.check(result.scan)
        if output.needs_mask and not has_mask:
            raise not_outlined(output.name, method.model or method.name)
    if is_foreign(folder) and not _is_empty(folder):
        raise IchorError(f"{folder}: expected an earlier result or nothing, found something else; it is kept")
    with reporting_disk_errors(folder), whole_folder(folder, private=True) as partial:
        for kept in folder.glob(f"{Path(DECISIONS).stem}*.json"):
            shutil.copy2(kept, partial)
        return _write(result, outputs, partial)


def _write(result: Result, outputs: Sequence[Output], folder: Path) -> Findings:
    begun = perf_counter()
    for output in outputs:
        if output is outputs[-1]:  # findings.json, which includes the time of writing the others
            result = replace(result, findings=result.findings.with_writing_s(perf_counter() - begun))
        output.write(result, folder)
        for file in output.files:
            if not (folder / file).is_file():
                raise IchorError(f"{output.name}: expected the output to write {file}, found no such file")
    return result.findings


def not_outlined(output: str, method: str) -> IchorError:
    """The error for an output that needs a mask, requested for a method without masks."""
    return IchorError(f"{output}: expected a method that outlines hemorrhage, found {method}, which only detects it")


def has_files(folder: Path, names: Sequence[str] | None, *, has_mask: bool) -> bool:
    """Whether a folder has all the files of these outputs, or of the default ones."""
    outputs = outputs_of(default_outputs(has_mask=has_mask) if names is None else names)
    return all((folder / file).is_file() for output in outputs for file in output.files)


def is_foreign(path: Path) -> bool:
    """Whether the path exists but is not the folder of a result, and must not be replaced."""
    try:
        return os.path.lexists(path) and not (path / FINDINGS).is_file()
    except OSError:  # for example, a folder of another user
        return True


def _is_empty(folder: Path) -> bool:
    return folder.is_dir() and not folder.is_symlink() and not any(folder.iterdir())


def read_findings(folder: Path) -> Findings | None:
    """The findings in the folder of a result; None if there are none that this version can read."""
    try:
        return Findings.from_json((folder / FINDINGS).read_bytes())
    except (OSError, ValidationError):
        return None
