"""Made scans with a table of their truth: heads with and without blood as NIfTI, and cases without any file."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ichor.findings.verdict import Tier
from ichor.subtypes import Subtype
from ichor.validation.cases import Found, Model, Prevalence, Said, ScanCase, Source, Validated
from synthetic_scans import write_synthetic_nifti

SMALL: dict[str, Any] = {"size": 64, "pixel_mm": (3.2, 3.2)}


def write_heads(folder: Path, blood: Mapping[str, bool]) -> Path:
    """A small head for each name, with blood or without."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, there in blood.items():
        place = {} if there else {"blood_at_mm": None}
        write_synthetic_nifti(folder / f"{name}.nii.gz", **SMALL, **place)
    return folder


def write_table(path: Path, rows: Sequence[Mapping[str, Any]]) -> Path:
    """A CSV file of the rows."""
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, list(rows[0]))
        table.writeheader()
        table.writerows(rows)
    return path


def found(
    probability: float,
    *,
    tier: Tier | None = None,
    checks: tuple[str, ...] = (),
    subtypes: Mapping[Subtype, float] | None = None,
) -> Found:
    """What a model found; suspected from 0.5 on, possible from 0.2 on."""
    tier = tier or (Tier.SUSPECTED if probability >= 0.5 else Tier.POSSIBLE if probability >= 0.2 else Tier.NONE)
    return Found(
        probability=probability,
        tier=tier,
        flagged=tier is Tier.SUSPECTED,
        volume_ml=12.5 if tier is Tier.SUSPECTED else 0.0,
        subtypes=None if subtypes is None else {one: subtypes.get(one, 0.01) for one in Subtype},
        checks=checks,
    )


def made_cases(n: int = 120, seed: int = 0, *, shift: float = 0.0, per_patient: int = 1) -> tuple[ScanCase, ...]:
    """Scans that a model tells fairly well; with `shift`, the logit of its probabilities is too high by so much.

    A second model, `other`, is a little better. Groups are an age and a scanner.
    """
    draw = np.random.default_rng(seed)
    cases = []
    for k in range(n):
        truth = bool(draw.random() < 0.35)
        logit = draw.normal(1.6 if truth else -1.6, 1.3)
        better = logit + (0.4 if truth else -0.4) + draw.normal(0, 0.4)
        given, other = (round(float(1 / (1 + np.exp(-(one + shift)))), 6) for one in (logit, better))
        subtype = list(Subtype)[int(draw.integers(5))]
        cases.append(
            ScanCase(
                scan=f"scan-{k:03d}",
                row=k + 2,
                patient=k // per_patient,
                truth=Said(hemorrhage=truth, subtypes={one: truth and one is subtype for one in Subtype}),
                groups={
                    "age": "18 to 39 years" if draw.random() < 0.5 else "80 years and over",
                    **({"scanner": "Maker A"} if draw.random() < 0.7 else {}),
                },
                found=found(given, checks=("sharp kernel",) if draw.random() < 0.2 else (), subtypes={subtype: given}),
                other=found(other),
            )
        )
    return tuple(cases)


def made_validation(cases: Sequence[ScanCase], *, prevalence: float | None = 0.1, compared: bool = False) -> Validated:
    """A validation with these cases."""
    source = Source(
        name="truth.csv", sha256="0" * 64, columns=(), joined_by="column id", rows_without_scan=(), scans_without_row=0
    )
    model = Model(name="made", version="1", sha256="a" * 64, operating_point=None, rule=None)
    return Validated(
        table=source,
        model=model,
        other=model.model_copy(update={"name": "newer", "sha256": "b" * 64}) if compared else None,
        prevalence=None if prevalence is None else Prevalence(value=prevalence, given=True),
        cases=tuple(cases),
    )
