"""Writes a package that derives from another: its networks, with thresholds and calibration from a site's scans."""

from __future__ import annotations

import csv
import io
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ichor.atomic import whole_folder, write_whole
from ichor.errors import BadConfig
from ichor.findings.schema import NOTICE
from ichor.methods import get
from ichor.methods.calibration import Calibration
from ichor.methods.capabilities import RecalibratesScans
from ichor.models.derived import Derived, Parent, Recalibration, read_derived, write_derived
from ichor.models.package import SUMS, find_package, read_config, verify, write_config, write_sums
from ichor.models.reference import REFERENCE
from ichor.models.verdict import Thresholds, VerdictRule, read_verdict_rule, write_verdict_rule
from ichor.pages.card import write_card
from ichor.screening.inputs import content_sha256
from ichor.validation.adjudication import Adjudications
from ichor.validation.cases import Validated
from ichor.validation.crossing import FOLDS
from ichor.validation.recalibration import Recalibrated, calibrated_threshold, recalibrate
from ichor.version import __version__


def calibrates(package: Path) -> bool:
    """Whether the method of a package can calibrate its probabilities of scans further."""
    return issubclass(get(read_config(package).method), RecalibratesScans)


def recalibrated_package(validated: Validated, ruled: Adjudications, model: str | Path, out: Path) -> Recalibrated:
    """Recalibrate the model on the scans of a validation, with their truth as adjudicated, and write it to `out`.

    The name of the new model is that of the folder. Raises BadConfig if `out` exists, if the validation is of another
    model, or if there are too few scans.
    """
    if out.exists():
        raise BadConfig(f"{out}: expected a folder that does not exist yet, found one that does")
    parent = find_package(model)
    verify(parent)
    if (found := content_sha256(parent)) != validated.model.sha256:
        raise BadConfig(
            f"{parent}: expected the package that was validated, {validated.model.words} "
            f"({validated.model.sha256[:12]}), found {found[:12]}; give it with --model"
        )
    result = recalibrate(ruled.corrected(validated.cases), calibrates=calibrates(parent))
    if isinstance(result, str):
        raise BadConfig(f"{validated.table.name}: {result}")
    with whole_folder(out) as folder:
        shutil.copytree(parent, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns(SUMS))
        config = read_config(parent)
        write_config(
            folder,
            config.model_copy(
                update={
                    "model": out.name,
                    "parameters": _parameters(config.method, config.parameters, result.calibration),
                }
            ),
        )
        write_verdict_rule(folder, _rule(result, parent))
        write_whole(folder / REFERENCE, _reference(result))
        write_derived(folder, _derived(validated, ruled, parent, result))
        write_card(folder)
        write_sums(folder)
    return result


def _parameters(method: str, parameters: Mapping[str, Any], further: Calibration) -> dict[str, Any]:
    if further == Calibration():
        return dict(parameters)
    kind = get(method)
    assert issubclass(kind, RecalibratesScans)  # or else the probabilities would not have been calibrated
    return kind.recalibrated(parameters, further)


def _rule(result: Recalibrated, parent: Path) -> VerdictRule:
    """The new thresholds for whole scans, and the parent's for single slices: these call the same slices as before."""
    before = read_verdict_rule(parent)
    if before is None or before.single_slice is None:
        return result.rule
    possible, suspected = (
        one.model_copy(update={"threshold": calibrated_threshold(result.calibration, one.threshold)})
        for one in (before.single_slice.possible, before.single_slice.suspected)
    )
    return result.rule.model_copy(update={"single_slice": Thresholds(possible=possible, suspected=suspected)})


def _derived(validated: Validated, ruled: Adjudications, parent: Path, result: Recalibrated) -> Derived:
    scans, config = result.scans, read_config(parent)
    adjudicated = sum(ruled.of(one.scan) is not None for one in scans.cases)
    truth = (
        f"of the table, with {adjudicated} scan{'' if adjudicated == 1 else 's'} adjudicated"
        if adjudicated
        else "of the table"
    )
    gains = {name: one for name, one in result.gains.items() if name != "calibration_curve"}
    return Derived(
        notice=NOTICE,
        parent=Parent(
            model=config.model, version=config.version, sha256=content_sha256(parent), derived=read_derived(parent)
        ),
        recalibration=Recalibration(
            slope=result.calibration.slope,
            intercept=result.calibration.intercept,
            scans=len(scans),
            with_hemorrhage=int(scans.truth.sum()),
            patients=scans.n_patients,
            folds=FOLDS,
            operating_point=validated.model.operating_point,
            truth=truth,
            table_sha256=validated.table.sha256,
            gains=gains,
        ),
        made_by={"ichor-ct": __version__},
    )


def _reference(result: Recalibrated) -> str:
    """scan_scores.csv: the probability of each numbered scan, from a calibration that was not fitted on it."""
    text = io.StringIO(newline="")
    table = csv.writer(text, lineterminator="\n")
    table.writerow(("subject", "fold", "probability", "volume_ml"))
    for k, (case, fold, probability) in enumerate(
        zip(result.scans.cases, result.fold, result.probability, strict=True), 1
    ):
        assert case.found is not None
        # A detector, or a scan of unknown spacing, has no volume; whether anything is flagged is what counts.
        volume = case.found.volume_ml if case.found.volume_ml is not None else float(case.found.flagged)
        table.writerow((k, int(fold), f"{probability:.6f}", f"{volume:.4f}"))
    return text.getvalue()
