"""The outputs that a user asks for, checked before anything is read."""

from __future__ import annotations

from pathlib import Path

from ichor.segmentation import Task
from ichor.write.folder import not_outlined
from ichor.write.registry import DEFAULT, outputs_of


def asked_outputs(names: str | None, probability: bool, package: Path) -> tuple[str, ...] | None:
    """The names of the requested outputs, from a comma-separated list and `--probability`; None if neither is given.

    Raises IchorError if one is unknown, if a package that it needs is missing, or if it needs a mask and the method
    of the model in `package` is a detector.
    """
    if names is None and not probability:
        outputs_of(DEFAULT)  # imported now, while the first scan is read
        return None
    listed = list(DEFAULT) if names is None else [one.strip() for one in names.split(",") if one.strip()]
    outputs = outputs_of([*listed, *(["probability"] if probability else [])])
    outlines = [one.name for one in outputs if one.needs_mask]
    if outlines:
        from ichor.methods import task_of

        if Task.SEGMENT not in task_of(package):
            raise not_outlined(outlines[0], str(package))
    return tuple(one.name for one in outputs)
