"""The page of the study: the plan, what it costs, and once it has run, the ranking."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ichor.experiments.config import load_config
from ichor.pages.blocks import Table
from ichor.pages.markdown import table
from studies.figure_text import figure_text
from studies.recipe.rank import order

# The networks of a final model, whose five folds are cross-fitted, and the length of their training.
FINAL_NETWORKS, FINAL_EPOCHS = 10, 200

_PAGE = """# The next recipe, chosen inside the training folds

Variants of the recipe of `ichor-1` are ranked by cross-validation inside the training folds of each outer fold. Each
variant is trained five times, without blocks 1 and 2, 2 and 3, and so on. The network trained without blocks A and B
predicts block B for the outer fold whose test block is A, and block A for the outer fold whose test block is B. The choice
for a fold never depends on its test block. The score, fixed before any variant was trained, is the mean of Dice, slice
AUC, scan AUC and the specificity at 97 % slice sensitivity over five conditions: unchanged scans, a bright rim of up to 40
HU, the head nodded by 10°, every slice as a picture in a window of 0 to 80 HU, and unchanged scans with calibration on the
fold's other inner block.

## Plan

Variants are listed in the order of their expected benefit per core-hour. Each is trained with one seed, so differences of
a few thousandths are chance; the ranking gives differences from the baseline in Dice and slice AUC, paired by subject,
with intervals.

1. `recipe/base`: the shipped recipe with shorter training, the baseline for all others.
2. `recipe/smoothed=recipe/base`: the same networks, with the U-Net's slice scores smoothed along the head in place of those
   of the recurrent network. It trains no network. The recurrent network is trained on the U-Net's output for its own
   training scans, and the predictions of `base` for the inner blocks showed that it ranks slices and scans worse than its
   input does. Gaussians of 2.5 to 10 mm, and the mean over 10 to 25 mm of the most probable slices for the scan, differed
   little there; 5 mm and 15 mm were taken.
3. `recipe/corrected=recipe/base`: as 2, with a bright rim along the skull removed from the scan first, bone restored that a
   narrow window has cut off, and pictures read with a wider window if they are too dark for the one assumed. Other scans do
   not change. It trains no network either.
4. `recipe/patches=recipe/base`: as 3, with a classifier on the surroundings of candidates and separate parameters for
   single slices. It trains no U-Net.
5. `recipe/all`: simulated acquisitions, pictures, mimics and thin blood together. If it does not beat the baseline under
   the simulated conditions, its parts are not worth their time, and `all-gentle` is tried before anything else.
   `recipe/all-smoothed=recipe/all` is the same with smoothed slice scores: the recurrent network hides what the U-Net has
   learned about single slices.
6. `recipe/all-gentle`: fewer simulated slices, in case results on unchanged scans got worse with 5.
7. `recipe/lesions` and `recipe/acquisition`: the parts of 5, to see which of them are worth their time.
8. `recipe/soft-edge`: a lower loss for errors within 1.5 mm of the boundary, in addition to 5.
9. `recipe/pictures`: pictures alone, in case results on single pictures fall behind with 5.
10. `recipe/wide`: a network that is a quarter wider; it comes last because it also makes inference more expensive.

Variants 2 and 3 were designed after the predictions of `base` for the inner blocks had been seen. Over all outer folds, these
include every subject, so that this part of the choice is not blind for any fold, although no network was ever tested on a
subject that it was trained on. How bright brain usually is near bone, a constant of 3, was measured on all scans.

The best variant is then trained for the {epochs} epochs of `ichor-1`, as the ten networks of a cross-fitted model; its
config is committed before any test block is predicted. Longer training is not part of the choice: it was compared on
test subjects only, where 400 epochs gained little once calibrated (results/ablation).

## Cost

The costs were measured on {hardware}, with one thread, in {precision}, as processor time, which other programs hardly
affect.

{costs}

Core-hours include {predicting} per variant for prediction. The final model consists of {networks} networks, each trained
without one or two blocks. They take {finals}.

{ranking}
## Reproduce

    python -m studies.recipe {variants} --data ct-ich --run RUN --out results/recipe

Add `--cost` to print what it costs first. Derived from ct-ich: Hssayeni M (2019), PhysioNet, doi:10.13026/w8q8-ky94,
CC BY 4.0. Research use only; not a medical device.
"""


def page(found: Mapping[str, Any]) -> str:
    """The README of the result."""
    cost = found["cost"]
    variants = cost["variants"]
    first, dearest = next(iter(variants)), max(variants, key=lambda name: variants[name]["network_core_h"])
    return _PAGE.format(
        hardware=cost["hardware"],
        precision=", ".join(dict.fromkeys(one["precision"] for one in variants.values())),
        costs=table(_costs(cost)),
        predicting=f"{cost['predicting_core_h']:.1f}",
        networks=FINAL_NETWORKS,
        epochs=FINAL_EPOCHS,
        finals=" and ".join(f"{final_core_h(n, variants[n]):.1f} core-hours with `{n}`" for n in (first, dearest)),
        ranking=_ranking(found["ranking"])
        if "ranking" in found
        else "## Ranking\n\nThe ranking has not been run yet.\n",
        variants=" ".join(
            name if one["networks_of"] == name else f"{name}={one['networks_of']}" for name, one in variants.items()
        ),
    )


def final_core_h(name: str, cost: Mapping[str, Any]) -> float:
    """Core-hours of the networks of a final model; those without one block see a third more slices than without two."""
    epochs = load_config(name).settings["training"]["epochs"]
    seconds = cost["step_s"] * cost["steps"] * FINAL_EPOCHS / epochs + cost["copies_s"]
    return FINAL_NETWORKS / 2 * (1 + 4 / 3) * float(seconds) / 3600


def _costs(cost: Mapping[str, Any]) -> Table:
    rows = [
        (
            name,
            f"{one['step_s']:.2f}",
            str(one["steps"]),
            f"{one['copies_s'] / 60:.0f}",
            f"{one['network_core_h']:.2f}",
            str(one["networks"]),
            f"{one['core_h']:.1f}",
        )
        for name, one in cost["variants"].items()
    ]
    rows.append(("total", "", "", "", "", "", f"{cost['core_h']:.1f}"))
    names = (
        "variant",
        "step, s",
        "steps",
        "copies, core-min",
        "network, core-h",
        "networks",
        "core-hours",
    )
    return Table(names, tuple(rows))


def _ranking(found: Mapping[str, Any]) -> str:
    mean, names = found["mean"], list(found["scores"])
    rows = []
    for name in order(names, mean):
        of = found["scores"][name].values()
        rows.append(
            (
                name,
                f"{mean[name]:.4f}",
                *(f"{sum(one[key] for one in of) / len(of):.3f}" for key in _PARTS),
                ", ".join(fold for fold, chosen in found["chosen"].items() if chosen == name) or "none",
            )
        )
    head = ("variant", "score", *(_PARTS[key] for key in _PARTS), "best for outer fold")
    compared = [
        (name, *(_difference(folds, key) for key in ("dice", "slice_auc")))
        for name, folds in found["less_baseline"].items()
    ]
    second = Table(
        ("variant", f"Dice minus {Path(found['baseline']).stem}, by outer fold", "slice AUC"), tuple(compared)
    )
    return f"## Ranking\n\n{table(Table(head, tuple(rows)))}\n\n{table(second)}\n"


_PARTS = {
    "dice": "Dice",
    "slice_auc": "slice AUC",
    "scan_auc": "scan AUC",
    "specificity_at_97": "specificity at 97 %",
    "dice unchanged": "Dice, unchanged",
    "slice_auc unchanged": "slice AUC, unchanged",
    "slice_auc rim-40": "with a rim",
    "slice_auc nod-10": "nodded",
    "slice_auc picture-80": "pictures",
}


def _difference(folds: Mapping[str, Any], key: str) -> str:
    """The differences of the outer folds, each with its interval."""
    return "; ".join(figure_text(one[key], "+.3f", interval=True) for one in folds.values())
