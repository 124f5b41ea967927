"""How far a cross-validated model depends on how a scan was acquired: out-of-fold cases, acquired otherwise by code.

    python scripts/robustness.py RUN --data DATASET --out results/robustness [--fold K ...]

RUN is a run of `ichor crossval`; each test subject is answered by the model of its fold as that was frozen, and nothing
is chosen anew. Where `ichor quantize` has put a fold's model into int8, that network answers, as in what ships.
RUN/robustness/fold-K/SUBJECT.json keeps what was found of each subject under each condition: the same command continues
where the last one stopped, and folds may be done by separate processes.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ichor.atomic import write_whole
from ichor.cli.progress import progress
from ichor.dataset.acquisition.conditions import CONDITIONS
from ichor.dataset.acquisition.image import noise_hu
from ichor.dataset.case import Case
from ichor.dataset.ct_ich import CtIch
from ichor.dataset.folds import N_FOLDS
from ichor.errors import BadConfig, IchorError
from ichor.evaluate.overlap import Overlaps
from ichor.evaluate.robustness import AGES, Row, by_age, by_condition
from ichor.experiments.crossed import MODEL
from ichor.experiments.fold import fold_folder
from ichor.experiments.making import commit, hardware
from ichor.methods import Method, load_method
from ichor.models.package import CONFIG, INT8, Training, read_config
from ichor.screen.inputs import content_sha256
from ichor.screen.measurements import volume_ml

COLUMNS = (
    ("noise, HU", "noise_hu", ".1f"),
    ("sensitivity", "sensitivity", ".3f"),
    ("specificity", "specificity", ".3f"),
    ("scan AUC", "scan_auc", ".3f"),
    ("false-positive mL, 95th percentile", "false_positive_ml_p95", ".2f"),
)

PAGE = """# Robustness to how a scan was acquired

The models of `{experiment}`{variant}, each on the {n} test subjects of its own fold ({folds}), with the scans as they
are and as if acquired otherwise. Nothing is chosen anew. Dice is the paper's average, without 070; detection has all
subjects; a slice is called positive where its mask has any pixel. Differences from unchanged are paired, with 95 %
intervals by resampling subjects; robustness.json has the intervals of all figures.

{conditions}

Where the interval of the difference does not hold 0. {moved}

Noise is what the brain shows: the mean over subjects of the median SD in squares of 5 mm, of pixels of about 0.8 mm.

Children and adults, unchanged; children differ by {less}:

{ages}

How each is made; scan, delineation and labels change together, and a voxel is hemorrhage where at least half of what it
comes from is:

- **Thickness.** Thicker slices are means of the 5 mm slices, weighted by overlap: one of 10 mm has what either of its
  two has. Thinner ones are interpolated. They have no more detail and no more noise than those of 5 mm, which real ones
  have: these rows try how thin slices are handled, not what they show.
- **Kernel.** Smooth: a Gaussian of 0.7 mm. Sharp: what that Gaussian takes away is added twice, noise too.
- **Noise.** CT noise has power that rises with the frequency and peaks at 0.25 per mm, as of a soft kernel: most of it
  reaches a network that reads at 0.8 mm. White noise at the scan's own pixels does not: it is averaged away.
- **Window.** Images of 8 bits from 0 to 80 HU, nothing known beyond.
- **Tilt and nod.** Planes tilted by 15° with the table moving on, front high; the head nodded by 10°, chin to chest.
  Between slices of 5 mm both are interpolated, so that edges are smoother and noise is less than in a scan made so.
  Beyond the end slices nothing is known: these go on there.
- **Place of the head.** Turned to the right about its centre; off-centre by 15 mm to the back and 25 mm to the left in
  the larger field; 10 mm of its left side beyond the image's border.

Made again by `{command}`. Derived from ct-ich: Hssayeni M (2019), PhysioNet, doi:10.13026/w8q8-ky94, CC BY 4.0.
Research use only; not a medical device.
"""


def models_in(run: Path, asked: Sequence[int]) -> dict[int, Path]:
    """The packages of the folds asked for, of all that are fitted if none are. Raises BadConfig where there is none."""
    models = {k: fold_folder(run, k) / MODEL for k in asked or range(1, N_FOLDS + 1)}
    fitted = {k: model for k, model in models.items() if (model / CONFIG).is_file()}
    if missing := sorted(models.keys() - fitted.keys() if asked else models.keys() if not fitted else ()):
        folds = ", ".join(map(str, missing))
        raise BadConfig(f"{run}: expected a run of `ichor crossval` with a model of fold {folds}, found none")
    return fitted


def training_of(model: Path, dataset: CtIch) -> Training:
    """On whom a model was trained, and whom it tests. Raises BadConfig where that is not said, or of other data."""
    training = read_config(model).training
    if training is None:
        raise BadConfig(f"{model / CONFIG}: expected a model that says whom it tests, found none named")
    if training.fingerprint != dataset.fingerprint:
        found, expected = training.fingerprint[:12], dataset.fingerprint[:12]
        raise BadConfig(f"{model / CONFIG}: expected a model trained on data {expected}, found one on {found}")
    return training


def answer(method: Method, case: Case) -> Row:
    """What is kept of a case that a method answered: lists over its slices."""
    found = method.predict(case.scan)
    overlaps = Overlaps.of(found.mask, case.mask)
    return {
        "both": overlaps.both.tolist(),
        "predicted": overlaps.predicted.tolist(),
        "reference": overlaps.reference.tolist(),
        "positive": case.positive.tolist(),
        "slice_probability": found.slice_probability.tolist(),
        "scan_probability": found.scan_probability,
        "volume_ml": volume_ml(overlaps.predicted, case.scan),
        "noise_hu": noise_hu(case),
    }


def answers_of(method: Method, dataset: CtIch, subject: str, file: Path, model: str) -> dict[str, Row]:
    """A subject's rows by condition, as far as `file` has them of this model; the others are made and kept there."""
    kept = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    if kept.get("model") != model:
        kept = {"model": model, "conditions": {}}
    if missing := [c for c in CONDITIONS if c.key not in kept["conditions"]]:
        case = dataset.case(subject)
        file.parent.mkdir(parents=True, exist_ok=True)
        for condition in missing:
            kept["conditions"][condition.key] = answer(method, condition.change(case))
            write_whole(file, json.dumps(kept))
    return {c.key: kept["conditions"][c.key] for c in CONDITIONS}


def answer_folds(
    run: Path, models: Mapping[int, Path], trained: Mapping[int, Training], dataset: CtIch
) -> dict[str, dict[str, Row]]:
    """The rows of all test subjects of these folds, by subject and condition."""
    rows = {}
    with progress(sum(len(one.test_subjects) for one in trained.values())) as done:
        for k, path in models.items():
            method, model = load_method(path), content_sha256(path)
            for subject in trained[k].test_subjects:
                file = run / "robustness" / f"fold-{k}" / f"{subject}.json"
                rows[subject] = answers_of(method, dataset, subject, file, model)
                done(f"fold {k}, subject {subject}")
    return dict(sorted(rows.items()))


def figure(one: Mapping[str, Any], form: str, *, interval: bool = False) -> str:
    """A figure in a table's cell."""
    if one["value"] is None:
        return "not defined"
    low, high = one["ci95"]
    return f"{one['value']:{form}} ({low:{form}} to {high:{form}})" if interval else f"{one['value']:{form}}"


def table(rows: Mapping[str, Mapping[str, Any]], *, compared: bool) -> str:
    """A row for each of the figures, by its name; `compared` with how it differs from unchanged."""
    names = ["", "subjects", "slices"]
    for name in ("Dice", "slice AUC"):
        names += [name, "less unchanged"] if compared else [name]
    names += [*(name for name, _, _ in COLUMNS), "missed"]
    lines = ["| " + " | ".join(names) + " |", "|---" * len(names) + "|"]
    for name, row in rows.items():
        cells = [name, f"{row['scan_auc']['n']}, {row['dice']['n']} with a Dice", str(row["slice_auc"]["n"])]
        for key in ("dice", "slice_auc"):
            cells.append(figure(row[key], ".3f", interval=not compared))
            if compared:
                less = row.get("less_unchanged")
                cells.append(figure(less[key], "+.3f", interval=True) if less else "")
        cells += [figure(row[key], form) for _, key, form in COLUMNS]
        lines.append("| " + " | ".join([*cells, ", ".join(row["missed"]) or "none"]) + " |")
    return "\n".join(lines)


def moved(conditions: Mapping[str, Mapping[str, Any]]) -> str:
    """Which conditions move Dice and slice AUC by more than chance would, as sentences."""
    sentences = []
    for key, name in (("dice", "Dice"), ("slice_auc", "Slice AUC")):
        intervals = {
            title: row["less_unchanged"][key]["ci95"]
            for title, row in conditions.items()
            if "less_unchanged" in row and row["less_unchanged"][key]["ci95"]
        }
        lower = [title for title, (_, high) in intervals.items() if high < 0]
        higher = [title for title, (low, _) in intervals.items() if low > 0]
        sentences.append(f"{name} is lower: {', '.join(lower) or 'nowhere'}; higher: {', '.join(higher) or 'nowhere'}.")
    return " ".join(sentences)


def page(found: Mapping[str, Any]) -> str:
    """The README of the result."""
    titles = {c.key: c.title for c in CONDITIONS}
    conditions = {titles[key]: row for key, row in found["conditions"].items()}
    ages = found["by_age"]
    return PAGE.format(
        experiment=found["experiment"],
        variant=", in int8 as it ships" if found["networks"] == [INT8] else "",
        n=found["data"]["n_subjects"],
        folds="fold " + ", ".join(map(str, found["folds"])),
        conditions=table(conditions, compared=True),
        moved=moved(conditions),
        ages=table({name: ages[name] for name in AGES}, compared=False),
        less=", ".join(
            f"{figure(ages['difference'][key], '+.3f', interval=True)} in {name}"
            for key, name in (("dice", "Dice"), ("slice_auc", "slice AUC"))
        ),
        command=found["made_by"]["command"],
    )


def main() -> None:
    """Answer what is not answered yet, compute and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", metavar="RUN", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--fold", type=int, action="append", choices=range(1, N_FOLDS + 1), default=[])
    asked = parser.parse_args()
    try:
        found = robustness(asked.run, CtIch(asked.data), sorted(set(asked.fold)))
    except IchorError as error:
        print(f"robustness: {error}", file=sys.stderr)
        sys.exit(2)
    asked.out.mkdir(parents=True, exist_ok=True)
    write_whole(asked.out / "robustness.json", json.dumps(found, indent=1) + "\n")
    write_whole(asked.out / "README.md", page(found))
    print(page(found))


def robustness(run: Path, dataset: CtIch, folds: Sequence[int]) -> dict[str, Any]:
    """All that robustness.json holds."""
    models = models_in(run, folds)
    trained = {k: training_of(model, dataset) for k, model in models.items()}
    rows = answer_folds(run, models, trained, dataset)
    ages = {subject: dataset.demographics[subject].age_years for subject in rows}
    command = [
        "python scripts/robustness.py RUN --data ct-ich --out results/robustness",
        *(f"--fold {k}" for k in folds),
    ]
    return {
        "experiment": ", ".join(dict.fromkeys(one.experiment for one in trained.values())),
        "data": {"fingerprint": dataset.fingerprint, "n_subjects": len(rows)},
        "folds": list(models),
        "networks": sorted({read_config(model).network for model in models.values()}),
        "conditions": by_condition(rows),
        "by_age": by_age({subject: of[CONDITIONS[0].key] for subject, of in rows.items()}, ages),
        "made_by": {"command": " ".join(command), "commit": commit(), "hardware": hardware()},
    }


if __name__ == "__main__":
    main()
