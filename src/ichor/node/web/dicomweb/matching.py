"""The parameters of a QIDO-RS query (PS3.18 8.3.4 and 10.6), and whether an object matches them (PS3.4 C.2.2.2)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from ichor.node.web.dicomweb.attributes import AVAILABILITY, COMPARED, KEPT, MODALITIES, Level

MOST_RETURNED = 1000
MOST_OFFSET = 10**9
_RANGES = ("DA", "TM", "DT")


class BadQuery(Exception):
    """A query that cannot be answered; the message says why and quotes no value."""


@dataclass(frozen=True, slots=True)
class Query:
    """What is asked.

    Attributes:
        filters: the values to match, by keyword.
        included: keywords to return in addition.
        everything: whether to return everything that is known.
        limit, offset: which of the matches to return.
        fuzzy: whether fuzzy matching was asked for, which there is none of.
    """

    filters: dict[str, str] = field(default_factory=dict)
    included: tuple[str, ...] = ()
    everything: bool = False
    limit: int = MOST_RETURNED
    offset: int = 0
    fuzzy: bool = False

    def of_level(self, level: Level) -> dict[str, str]:
        """The filters by attributes of this level."""
        return {keyword: value for keyword, value in self.filters.items() if COMPARED[keyword] is level}


def query_of(parameters: Iterable[tuple[str, str]], level: Level) -> Query:
    """Read the parameters. Raises BadQuery for one that is unknown, given twice, or malformed."""
    filters: dict[str, str] = {}
    included: list[str] = []
    options: dict[str, str] = {}
    for name, value in parameters:
        if name == "includefield":
            included += [part.strip() for part in value.split(",")]
            continue
        known = name in ("limit", "offset", "fuzzymatching")
        kept, key = (options, name) if known else (filters, _compared(name, level))
        if key in kept:
            raise BadQuery("expected each parameter once, found one that is repeated")
        kept[key] = value
    fuzzy = options.get("fuzzymatching", "false").lower()
    if fuzzy not in ("true", "false"):
        raise BadQuery("fuzzymatching: expected true or false, found another value")
    everything = "all" in included
    return Query(
        {keyword: value for keyword, value in filters.items() if value},
        tuple(_keyword(one) for one in included if one not in ("all", "")),
        everything,
        min(_number("limit", options.get("limit"), MOST_RETURNED), MOST_RETURNED),
        _number("offset", options.get("offset"), 0),
        fuzzy == "true",
    )


def matches(header: Any, filters: dict[str, str], modalities: Sequence[str] = ()) -> bool:
    """Whether a header matches all of the filters."""
    for keyword, wanted in filters.items():
        if keyword == MODALITIES:
            if not any(_equals("CS", wanted, one) for one in modalities):
                return False
            continue
        element = header.data_element(keyword)
        values = [] if element is None or element.value is None else element.value
        several = values if isinstance(values, (list, tuple)) or _is_multiple(values) else [values]
        vr = "" if element is None else element.VR
        if not any(_equals(vr, wanted, str(one)) for one in several):
            return False
    return True


def _is_multiple(values: Any) -> bool:
    from pydicom.multival import MultiValue

    return isinstance(values, MultiValue)


def _equals(vr: str, wanted: str, found: str) -> bool:
    if vr == "UI":
        return found in re.split(r"[,\\]", wanted)
    if vr in _RANGES and "-" in wanted:
        first, _, last = wanted.partition("-")
        # A shorter value stands for the whole period: 2024 as the last one includes all of that year.
        return (not first or found >= first) and (not last or found[: len(last)] <= last)
    if vr == "PN":
        wanted, found = wanted.casefold(), found.casefold()
        return any(_like(wanted, one) for one in {found, found.rstrip("^"), found.split("=")[0].rstrip("^")})
    if vr == "IS":
        return wanted.strip() == found.strip()
    return _like(wanted, found)


def _like(pattern: str, found: str) -> bool:
    """`*` stands for any characters, `?` for one."""
    if "*" not in pattern and "?" not in pattern:
        return pattern == found
    # Without backtracking, unlike a regular expression: a pattern of many stars may come from a stranger.
    at, n, star, mark = 0, 0, -1, 0
    while n < len(found):
        if at < len(pattern) and pattern[at] in (found[n], "?") and pattern[at] != "*":
            at, n = at + 1, n + 1
        elif at < len(pattern) and pattern[at] == "*":
            star, mark, at = at, n, at + 1
        elif star >= 0:
            mark += 1
            at, n = star + 1, mark
        else:
            return False
    return all(one == "*" for one in pattern[at:])


def _compared(name: str, level: Level) -> str:
    keyword = _keyword(name)
    if COMPARED.get(keyword, Level.INSTANCE) > level or keyword not in COMPARED:
        raise BadQuery("expected attributes that can be compared at this level, found another one")
    return keyword


def _keyword(name: str) -> str:
    """The keyword of an attribute, from that or from its tag in eight hexadecimal digits."""
    from pydicom.datadict import keyword_for_tag, tag_for_keyword

    if re.fullmatch(r"[0-9A-Fa-f]{8}", name):
        keyword = keyword_for_tag(int(name, 16))
        if keyword:
            return keyword
    elif tag_for_keyword(name) is not None:
        return name
    raise BadQuery("expected the keyword or the tag of an attribute, found something else")


def _number(name: str, value: str | None, default: int) -> int:
    if value is None:
        return default
    if not re.fullmatch(r"[0-9]{1,9}", value):
        raise BadQuery(f"{name}: expected a number of at most nine digits, found something else")
    return int(value)


def returned(query: Query, keywords: Sequence[str]) -> tuple[str, ...]:
    """The keywords to return: those of the levels, and the included ones that are known."""
    more = KEPT if query.everything else tuple(one for one in query.included if one in KEPT or one == AVAILABILITY)
    return tuple(dict.fromkeys((*keywords, *more)))
