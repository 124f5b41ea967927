"""Finds outputs by name, in this package and in other packages (entry-point group `ichor.outputs`)."""

from __future__ import annotations

from collections.abc import Sequence

from ichor.errors import BadConfig
from ichor.plugins import Plugins
from ichor.write.base import Output

GROUP = "ichor.outputs"
OUTPUTS = {
    "report": "ichor.write.report:Report",
    "nifti": "ichor.write.nifti:Mask",
    "json": "ichor.write.findings_json:FindingsJson",
    "probability": "ichor.write.nifti:Probability",
    "dicom-seg": "ichor.write.dicom_seg:DicomSeg",
}
DEFAULT = ("report", "nifti", "json")
# Always written, and written last: the presence of findings.json means that the result is complete.
LAST = "json"
_PLUGINS = Plugins("output", GROUP, OUTPUTS)


def registered() -> dict[str, str]:
    """The location of each output, as "module:Class" by name. Other packages cannot reuse the names of this package."""
    return _PLUGINS.registered()


def get(name: str) -> Output:
    """The output with that name. Raises IchorError if there is none, or if a package that it needs is missing."""
    made = _PLUGINS.get(name)()
    if not isinstance(made, Output) or made.name != name:
        raise BadConfig(f"{name}: expected an output of that name, found {type(made).__name__}, which is none")
    return made


def outputs_of(names: Sequence[str]) -> list[Output]:
    """The outputs with these names in this order, without duplicates, and findings.json at the end.

    Raises IchorError as `get`, and if two of them write a file with the same name.
    """
    outputs = [get(name) for name in dict.fromkeys(names) if name != LAST] + [get(LAST)]
    taken: dict[str, str] = {}
    for output in outputs:
        for file in output.files:
            if file in taken:
                raise BadConfig(
                    f"expected outputs with files of their own, found {file} in {taken[file]} and {output.name}"
                )
            taken[file] = output.name
    return outputs


def default_outputs(*, has_mask: bool) -> tuple[str, ...]:
    """The names of the outputs that are written by default; if there is no mask, only those that need none."""
    return tuple(name for name in DEFAULT if has_mask or not get(name).needs_mask)
