"""validation.json: the scans of a validation with all figures, from which the report is made."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ichor.atomic import reporting_disk_errors, write_whole
from ichor.errors import UnreadableInput
from ichor.findings.schema import NOTICE
from ichor.validation.adjudication import Adjudications, read_adjudications
from ichor.validation.cases import ScanCase, Validated
from ichor.validation.comparison import comparison
from ichor.validation.figures import figures_of
from ichor.validation.mask_figures import mask_figures
from ichor.validation.power import power_table
from ichor.validation.recalibration import recalibrate
from ichor.version import __version__

VALIDATION = "validation.json"
SCANS, OTHER = "scans", "compared"  # the folders of the results of the model, and of the one that it is compared with


def results_of(validated: Validated, ruled: Adjudications) -> dict[str, Any]:
    """The content of validation.json: the figures with the truth of the table and, where it differs, as adjudicated."""
    prevalence = None if validated.prevalence is None else validated.prevalence.value
    cases, corrected = validated.cases, ruled.corrected(validated.cases)
    changed = [one.scan for one, other in zip(cases, corrected, strict=True) if one.truth != other.truth]
    return {
        "schema_version": 1,
        "notice": NOTICE,
        "made_by": {"ichor-ct": __version__},
        "figures": figures_of(cases, prevalence),
        "adjudicated": None
        if not any(map(ruled.of, (one.scan for one in cases)))
        else {
            "scans": sum(ruled.of(one.scan) is not None for one in cases),
            "changed": changed,
            "figures": figures_of(corrected, prevalence),
        },
        "masks": mask_figures(cases),
        "comparison": None if validated.other is None else comparison(corrected),
        "recalibration": _recalibration(validated, corrected),
        "power": power_table(prevalence),
        "validated": validated.model_dump(mode="json"),
    }


def _recalibration(validated: Validated, cases: Sequence[ScanCase]) -> dict[str, Any]:
    """What new thresholds and a new calibration would gain, or why they cannot be made."""
    found = recalibrate(cases)
    if isinstance(found, str):
        return {"why_not": found}
    return {
        "why_not": "",
        "model": validated.model.words,
        "scans": len(found.scans),
        "calibration": found.calibration.model_dump(),
        "thresholds": {"possible": found.rule.possible.threshold, "suspected": found.rule.suspected.threshold},
        "gains": found.gains,
    }


def read_validated(folder: Path) -> Validated:
    """The scans in the validation.json of a folder. Raises UnreadableInput if there is none or it is not valid."""
    file = folder / VALIDATION
    try:
        content = json.loads(file.read_bytes())
        return Validated.model_validate_json(json.dumps(content["validated"]))
    except FileNotFoundError as error:
        raise UnreadableInput(f"{file}: expected a validation (ichor validate), found none") from error
    except (OSError, ValueError, KeyError, TypeError, ValidationError) as error:
        raise UnreadableInput(f"{file}: expected a validation, found something else") from error


def write_results(folder: Path, validated: Validated) -> dict[str, Any]:
    """Write validation.json and report.html of a folder, with its adjudications, and return the former's content.

    Raises OutputFailed on disk errors, and as `read_adjudications` does.
    """
    from ichor.validation.page import REPORT, report_page

    ruled = read_adjudications(folder)
    results = results_of(validated, ruled)
    page = report_page(results, validated, ruled)
    with reporting_disk_errors(folder / VALIDATION):
        write_whole(folder / REPORT, page, private=True)
        write_whole(folder / VALIDATION, json.dumps(results, indent=1, allow_nan=False) + "\n", private=True)
    return results
