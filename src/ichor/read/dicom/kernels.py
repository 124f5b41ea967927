"""Whether a series was reconstructed with a sharp kernel for bone or lung, whose noise hides blood.

Convolution Kernel (0018,1210) is free text. The rules follow the manufacturers' manuals and public series; if the
name is unknown, the series' name and window are used, and after these its noise (`ichor.anatomy.noise`).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

SHARP_FROM = 50  # Siemens' numbers: B40 is for soft tissue, B50 and above for spine, lung and bone
WIDE_WINDOW = 1000.0  # HU; brain windows are 80 to 400 wide
CACHE_SIZE = 256  # all slices of a series have the same text

Rule = tuple[re.Pattern[str], Callable[[re.Match[str]], bool]]


def _always(sharp: bool) -> Callable[[re.Match[str]], bool]:
    return lambda _: sharp


def _of_siemens(found: re.Match[str]) -> bool:
    return int(found[1]) >= SHARP_FROM


def _of_canon(found: re.Match[str]) -> bool:
    """FC01 to FC19 are for the body, FC20 to FC29, FC40 to FC49 and FC60 to FC69 for the brain."""
    number = int(found[1])
    return 30 <= number < 40 or 50 <= number < 60 or number >= 80


# Tried in this order; the first match decides.
RULES: tuple[Rule, ...] = (
    # Words used by several manufacturers: GE's BONE, BONEPLUS, EDGE, LUNG, DETAIL, ULTRA; United Imaging's B_SHARP_C.
    (re.compile(r"BONE|EDGE|LUNG|SHARP|DETAIL|ULTRA|INNER ?EAR|\bIAC\b"), _always(True)),
    # Siemens: body, head, inner ear, iterative and so on, then a number: B30f, H31s, J70h, Br40d, Hr59f, Hv64, Qr40.
    (re.compile(r"^(?:[BHIJQSTUD][A-Z]?)(\d\d)"), _of_siemens),
    # Canon and Toshiba.
    (re.compile(r"^FC ?(\d\d)"), _of_canon),
    # Philips: A, B and C are smooth to fairly sharp, D to F for bone, L for lung; UA to UC for the brain, YA to YE
    # sharp.
    (re.compile(r"^(?:Y[A-E]|[DEFL])(?:\W|$)"), _always(True)),
    (re.compile(r"^(?:U[A-C]|S?[ABC]|EC)(?:\W|$)"), _always(False)),
    # More words: GE's SOFT and STANDARD (STND), United Imaging's H_SOFT_B, Canon's BRAIN.
    (re.compile(r"SOFT|SMOOTH|STANDARD|STND|\bSTD|BRAIN|NEURO|CEREBR|HEAD"), _always(False)),
)
# Names of series for bone or lung.
SHARP_NAME = re.compile(
    r"\b(?:BONE|BONES|BONY|KNOCHEN\w*|OS|OSSEUX|OSSEUSE|HUESO|[OÓ]SE[OA]|OSSO|OSS[EO]A|BOT|BOTTEN|SKELETT|KOŚĆ|KOSTI?"
    r"|LUNG|LUNGE|POUMON|INNER EAR|FELSENBEIN\w*|PETROUS|TEMPORAL BONES?|IAC|ROCHERS?|HR|HIGH RES\w*)\b"
)


@lru_cache(CACHE_SIZE)
def is_sharp(kernel: str | None, name: str, window_width: float | None) -> bool | None:
    """Whether a kernel is for bone or lung; None if unknown.

    `name` is the series' name, and `window_width` (HU) that of its display window.
    """
    for pattern, sharp in RULES:
        if found := pattern.search((kernel or "").upper().strip()):
            return sharp(found)
    if SHARP_NAME.search(name.upper().replace("_", " ")):
        return True
    return True if window_width is not None and window_width >= WIDE_WINDOW else None
