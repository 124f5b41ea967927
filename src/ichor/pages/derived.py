"""What a model card says of a package that derives from another one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ichor.models.derived import Derived, Parent
from ichor.models.package import PackageConfig
from ichor.pages.blocks import Table
from ichor.pages.markdown import paragraph, table

_CALLS = (("possible", "possible or suspected"), ("suspected", "suspected"))


def derived_from(package: PackageConfig, derived: Derived) -> str:
    """The section, with an empty line at its end."""
    one, parent = derived.recalibration, derived.parent
    what = (
        f"{package.model} derives from {_named(parent)}. The networks, outlines and probabilities of voxels, slices "
        f"and subtypes are those of {parent.model}; the thresholds of verdicts and the calibration of the scan's "
        f"probability were fitted again on {one.scans} scans of {one.patients} patients, {one.with_hemorrhage} with "
        f"hemorrhage, on which no model was trained. Their truth is that {one.truth} (SHA-256 {one.table_sha256}). The "
        f"logit of the probability is {one.slope:.4g} times that of {parent.model} plus {one.intercept:.4g}."
    )
    point = (
        "" if one.operating_point is None else f" The scans were screened at the operating point {one.operating_point}."
    )
    how = (
        f"The improvement was measured by cross-fitting: for each of {one.folds} folds, thresholds and calibration "
        f"were fitted on the scans of the other folds.{point} The figures under Evaluation, except for the verdicts, "
        f"are those of {parent.model}."
    )
    rows = [
        (f"{rate}, {words}", *(_percent(one.gains[call][rate][when]) for when in ("before", "after")))
        for call, words in _CALLS
        for rate in ("sensitivity", "specificity")
    ]
    rows += [
        (name, *(_figure(one.gains[key][when]) for when in ("before", "after")))
        for name, key in (("Brier score", "brier"), ("expected calibration error", "calibration_error"))
    ]
    figures = table(Table(("on scans not used for it", parent.model, package.model), tuple(rows)))
    return f"## Recalibrated\n\n{paragraph(what)}\n\n{figures}\n\n{paragraph(how)}\n\n"


def _named(parent: Parent) -> str:
    """The parent, with the hash of its files, and what it derives from itself."""
    name = f"{parent.model} {parent.version} (SHA-256 of its files {parent.sha256})"
    return name if parent.derived is None else f"{name}, which derives from {_named(parent.derived.parent)}"


def _percent(figure: Mapping[str, Any]) -> str:
    low, high = figure["ci95"]
    return f"{100 * figure['value']:.1f} % ({100 * low:.1f} to {100 * high:.1f}; {figure['n']} scans)"


def _figure(figure: Mapping[str, Any]) -> str:
    low, high = figure["ci95"]
    return f"{figure['value']:.3f} ({low:.3f} to {high:.3f})"
