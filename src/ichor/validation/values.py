"""Understands the cells of a table: yes and no, subtypes, numbers and sexes in the forms that people write them.

A cell is True, False or a number, or None if it says that the value is not known. Anything else raises ValueError.
"""

from __future__ import annotations

import re

from ichor.subtypes import Subtype
from ichor.validation.columns import OF_SUBTYPE, plain, role_of

YES = re.compile("1|y|yes|t|true|pos|positive|present|x|ja|oui|si|sim")
NO = re.compile("0|n|no|f|false|neg|negative|absent|none|not|nothing|normal|nein|non|nao")
UNKNOWN = re.compile(
    "na|nan|nd|null|unk|unknown|unclear|uncertain|equivocal|indeterminate|possible|notknown|notavailable|missing|tbd"
)
SEXES = {
    "male": re.compile("m|male|man|boy|mann|masculine?|masculino|homme"),
    "female": re.compile("f|w|female|woman|girl|frau|feminine?|femenino|femme|weiblich"),
    "other": re.compile("o|other|d|divers|nonbinary|x"),
}
_SIGNS = {"+": True, "-": False, "–": False, "−": False}
_AGE = re.compile(r"(\d+(?:[.,]\d+)?)\s*(y|yr|yrs|years?|jahre?|a|m|mo|months?|w|weeks?|d|days?)?\.?", re.IGNORECASE)
_YEARS_IN = {"y": 1.0, "j": 1.0, "a": 1.0, "m": 1 / 12, "w": 7 / 365.25, "d": 1 / 365.25}
_NUMBER = re.compile(r"[<>~]?\s*(-?\d+(?:[.,]\d+)?(?:e-?\d+)?)\s*(?:mm|ml|cc|cm3|cm³)?", re.IGNORECASE)


def yes_or_no(cell: str) -> bool | None:
    """Whether a cell says yes; None if it is empty or says that it is not known."""
    text = cell.strip()
    if text in _SIGNS:
        return _SIGNS[text]
    word = plain(re.sub(r"^(\d)\.0+$", r"\1", text))
    if YES.fullmatch(word):
        return True
    if NO.fullmatch(word):
        return False
    if not _is_known(word):  # only punctuation: ?, -- and the like
        return None
    raise ValueError("yes or no")


def subtypes_in(cell: str) -> frozenset[Subtype] | None:
    """The subtypes that a cell lists, as in "SDH, SAH" or "subdural + IVH"; None if it is not known.

    An empty set for "none", "no" and "normal".
    """
    found = set()
    for part in re.split(r"[,;/+&|]|\band\b", cell):
        word = plain(part)
        if not word or NO.fullmatch(word):
            continue
        if UNKNOWN.fullmatch(word):
            return None
        one = OF_SUBTYPE.get(role_of(part))
        if one is None:
            raise ValueError("subtypes among IVH, IPH, SAH, EDH, SDH")
        found.add(one)
    if not found and not plain(cell):
        return None
    return frozenset(found)


def number(cell: str) -> float | None:
    """A number of mm or mL, with a point or a comma; None if there is none."""
    if not _is_known(plain(cell)):
        return None
    found = _NUMBER.fullmatch(cell.strip())
    if found is None or (value := float(found[1].replace(",", "."))) < 0:
        raise ValueError("a number that is not negative")
    return value


def age(cell: str) -> float | None:
    """An age in years, from a number or DICOM's form (072Y, 006M); None if there is none."""
    if not _is_known(plain(cell)):
        return None
    found = _AGE.fullmatch(cell.strip())
    years = None if found is None else float(found[1].replace(",", ".")) * _YEARS_IN[(found[2] or "y")[0].lower()]
    if years is None or years > 130:
        raise ValueError("an age in years, or as in 072Y or 6 months")
    return years


def sex(cell: str) -> str | None:
    """male, female or other; None if it is not known."""
    word = plain(cell)
    if not _is_known(word) or word in ("u", "0"):
        return None
    found = next((name for name, form in SEXES.items() if form.fullmatch(word)), None)
    if found is None:
        raise ValueError("male, female or other")
    return found


def word(cell: str) -> str | None:
    """A short text, such as a scanner's name; None if there is none."""
    text = " ".join("".join(one if one.isprintable() else " " for one in cell).split())[:64]
    return text if _is_known(plain(text)) else None


def _is_known(word: str) -> bool:
    """Whether a word is neither empty nor one that says that the value is not known."""
    return bool(word) and not UNKNOWN.fullmatch(word)
