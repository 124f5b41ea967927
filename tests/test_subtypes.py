"""The subtypes' colours: seen on any gray of a CT slice, and told apart by people who do not see all colours."""

from __future__ import annotations

import re
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from skimage.color import deltaE_ciede2000, rgb2lab

from ichor.subtypes import HALO, HEMORRHAGE_COLOUR, Subtype

SRC = Path(__file__).resolve().parents[1] / "src" / "ichor"
COLOURS = {**{one.value: one.colour for one in Subtype}, "hemorrhage": HEMORRHAGE_COLOUR}
# Of the palettes that earlier versions had.
EARLIER = ["#56b4e9", "#e69f00", "#009e73", "#cc79a7", "#f0e442", "#d55e00", "#ffb000", "#5cc8ff", "#ff8ad8", "#ffb754"]

# Machado, Oliveira and Fernandes, IEEE TVCG 15:1291-1298 (2009), severity 1, on linear RGB.
VISION = {
    "normal": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}


def linear(colour: str) -> np.ndarray:
    srgb = np.array([int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)])
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)


def contrast(one: str, other: str) -> float:
    """The contrast ratio of WCAG 2."""
    high, low = sorted((float(linear(each) @ [0.2126, 0.7152, 0.0722]) for each in (one, other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def seen(colour: str, vision: str) -> np.ndarray:
    shown = np.clip(np.asarray(VISION[vision]) @ linear(colour), 0, 1)
    return rgb2lab(np.where(shown <= 0.0031308, 12.92 * shown, 1.055 * shown ** (1 / 2.4) - 0.055)[None])[0]


@pytest.mark.parametrize("name", COLOURS)
def test_an_outline_stands_out_from_any_gray(name: str) -> None:
    assert contrast(COLOURS[name], HALO) >= 9
    for gray in range(256):
        beside = f"#{gray:02x}{gray:02x}{gray:02x}"
        assert max(contrast(COLOURS[name], beside), contrast(HALO, beside)) >= 3


@pytest.mark.parametrize("vision", VISION)
def test_colors_are_distinguishable(vision: str) -> None:
    apart = [
        float(deltaE_ciede2000(seen(one, vision), seen(other, vision)))
        for one, other in combinations(COLOURS.values(), 2)
    ]
    assert min(apart) >= 11


@pytest.mark.parametrize("name", COLOURS)
def test_a_name_on_its_color_can_be_read(name: str) -> None:
    assert contrast(COLOURS[name], "#10151a") >= 4.5


def test_the_palette_has_one_source() -> None:
    for room in ("annotate", "view", "write", "serving", "formats"):
        for path in (SRC / room).rglob("*"):
            if path.suffix not in (".py", ".js", ".css", ".html", ".j2") or path.parent.name == "vendor":
                continue
            text = path.read_text(encoding="utf-8").lower()
            assert not [one for one in (*EARLIER, *COLOURS.values()) if one in text], path


def test_the_pages_have_the_same_halo() -> None:
    text = (SRC / "serving" / "page" / "js" / "paint.js").read_text(encoding="utf-8")
    assert re.findall(r'^const HALO = "(.*)";$', text, re.MULTILINE) == [HALO]
