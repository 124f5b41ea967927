"""The pictures that lie in a results folder, in the order of a page, with words for who cannot see them."""

from __future__ import annotations

from pathlib import Path

from ichor.evaluate.pages.blocks import Picture

FOLDER = "figures"

# Name: (what it shows, caption)
_KNOWN: dict[str, tuple[str, str]] = {}


def pictures_in(folder: Path) -> tuple[Picture, ...]:
    """The pictures of a run: those known here first and in their order, then others by name."""
    order = list(_KNOWN)
    names = sorted(
        (file.stem for file in (folder / FOLDER).glob("*.png")),
        key=lambda name: (order.index(name) if name in _KNOWN else len(order), name),
    )
    return tuple(_picture(name) for name in names)


def _picture(name: str) -> Picture:
    words = name.replace("-", " ").replace("_", " ")
    alt, caption = _KNOWN.get(name, (words, f"{words[:1].upper()}{words[1:]}."))
    return Picture(f"{FOLDER}/{name}.png", alt, caption)
