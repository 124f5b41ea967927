"""Outputs by name: those of this package, and those of other packages, under the entry-point group `ichor.outputs`."""

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
    "dicom-probability": "ichor.write.dicom_seg:DicomProbability",
    "dicom-sr": "ichor.write.dicom_report:DicomReport",
    "dicom-sc": "ichor.write.dicom_capture:DicomCapture",
}
DEFAULT = ("report", "nifti", "json")
# Always written, and last: findings.json shows that the result is complete.
LAST = "json"
# The outputs that an output refers to; they are written before it, whether or not they were requested.
NEEDS = {"dicom-sr": ("dicom-seg",)}
_PLUGINS = Plugins("output", GROUP, OUTPUTS)


def registered() -> dict[str, str]:
    """Where each output is, as "module:Class" by name. Other packages cannot replace the names of this package."""
    return _PLUGINS.registered()


def get(name: str) -> Output:
    """The output of that name. Raises IchorError if there is none, or if something that it needs is missing."""
    made = _PLUGINS.get(name)()
    if not isinstance(made, Output) or made.name != name:
        raise BadConfig(f"{name}: expected an output of that name, found {type(made).__name__}, which is not an output")
    return made


def outputs_of(names: Sequence[str]) -> list[Output]:
    """The outputs of these names in that order, each once and after what it needs, and findings.json at the end.

    Raises IchorError as `get` does, and if two of them write a file of the same name.
    """
    needed = (one for name in names for one in (*NEEDS.get(name, ()), name))
    outputs = [get(name) for name in dict.fromkeys(needed) if name != LAST] + [get(LAST)]
    taken: dict[str, str] = {}
    for output in outputs:
        for file in output.files:
            if file in taken:
                raise BadConfig(
                    f"expected outputs with different files, found {file} in both {taken[file]} and {output.name}"
                )
            taken[file] = output.name
    return outputs


def default_outputs(*, has_mask: bool) -> tuple[str, ...]:
    """The names of the default outputs; without a mask, those that do not need one."""
    return tuple(name for name in DEFAULT if has_mask or not get(name).needs_mask)
