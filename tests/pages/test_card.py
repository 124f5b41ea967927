"""A card says what was measured of its recipe, and of no other."""

from __future__ import annotations

import json
from typing import Any

from ichor.experiments.config import measured_limits
from ichor.models.package import CARD, DEFAULT_MODEL, PackageConfig, find_package, read_config
from ichor.pages.card import model_card

PACKAGE = find_package(DEFAULT_MODEL)


def section_of(card: str) -> str:
    """Where it fails, as a card says."""
    return card.partition("## Where it fails")[2].partition("## Data and licence")[0]


def card_of(package: PackageConfig) -> str:
    metrics: dict[str, Any] = json.loads((PACKAGE / "metrics.json").read_text(encoding="utf-8"))
    made_by = {"seconds": 60, "hardware": "a machine", "command": "a command"}
    limits = measured_limits(package.training.experiment) if package.training else ""
    return model_card(package, metrics, made_by, "It marks.", limits)


def test_the_card_that_ships_is_the_one_that_is_made() -> None:
    assert section_of(card_of(read_config(PACKAGE))) == section_of((PACKAGE / CARD).read_text(encoding="utf-8"))


def test_a_recipe_of_which_nothing_was_measured_has_no_such_passage() -> None:
    package = read_config(PACKAGE)
    assert package.training is not None
    limits = measured_limits(package.training.experiment)
    assert limits
    for name in ("mine", "../configs/model", "x" * 5000):
        other = package.model_copy(update={"training": package.training.model_copy(update={"experiment": name})})
        assert measured_limits(name) == ""
        assert limits not in card_of(other)
