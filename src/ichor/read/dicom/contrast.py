"""Whether contrast agent was given, according to free text in the header, in many languages, with negations.

Contrast Bolus Agent (0018,0010) should name the agent but often says that there was none; Series Description
(0008,103E) and Protocol Name (0018,1030) are names of the series. The texts are evaluated here and never shown.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any, NamedTuple

from ichor.read.dicom.elements import number, text


class Words(NamedTuple):
    """The vocabulary of a language; each a regular expression for lower-case text, "" for none.

    Attributes:
        agent: contrast agent, and its administration.
        short: ambiguous abbreviations of these, which count only next to one of the words below.
        without, given: words before the agent that mean without and with.
        unenhanced: words that mean without contrast agent on their own.
        enhanced: words that mean with contrast agent on their own.
        none: entries that mean no agent in the field for its name.
    """

    agent: str
    short: str
    without: str
    given: str
    unenhanced: str
    enhanced: str
    none: str


LANGUAGES = {
    "English": Words(
        agent=r"contrast|contr",
        short=r"iv|i\.v\.?|con|cm|ce|c|gad|dye|inj(?:ection)?",
        without=r"without|with ?out|w ?/ ?o\.?|w/out|wo|no|non|none|not|pre|before|minus",
        given=r"with|w ?/|w|post|after|plus|\+",
        unenhanced=r"non?[- ]?(?:contrast|con|enhanced|enh)|unenhanced|un-?enh|native|plain|ncct|nect|nc|pre-?contrast"
        r"|(?:c|iv) ?-(?![\w-])|w ?/ ?o(?!\w)|wo|without",
        enhanced=r"(?:contrast[- ])?enhanced|ce-?ct|cect|ct-?[av]|angio\w*|perfusion|c ?\+|\+ ?c|iv ?\+|\+ ?iv"
        r"|post-?contrast|(?:arterial|venous|delayed) phase|w$",
        none=r"no|none|nil|n|n/?a|not given|no agent",
    ),
    "German": Words(
        agent=r"kontrastmittel\w*|kontrast\w*|km",
        short=r"i\.?v\.?",
        without=r"ohne|kein\w*|o\.|vor|nicht",
        given=r"mit|m\.|nach|\+",
        unenhanced=r"nativ\w*|km ?-(?!\w)|km-?frei|ohne",
        enhanced=r"km ?\+|\+ ?km|arteriell\w*|venös\w*|venoes\w*",
        none=r"ohne|kein\w*|nein|entfällt|nicht gegeben",
    ),
    "French": Words(
        agent=r"produits? de contraste|pdc|injection|inject[ée]e?s?|contraste|iode",
        short=r"iv|pc|inj",
        without=r"sans|non|pas d['e]|avant",
        given=r"avec|apr[eè]s|\+",
        unenhanced=r"spc|non inject[ée]e?s?|sans",
        enhanced=r"angioscanner|temps (?:art[ée]riel|veineux)",
        none=r"sans|aucune?|non|n[ée]ant|pas de .*",
    ),
    "Spanish": Words(
        agent=r"medios? de contraste|contraste|contrastad[oa]s?",
        short=r"iv|i\.v\.?|civ|cte?|mc|gd|c",
        without=r"sin|s/|no|antes del?",
        given=r"con|c/|tras|despu[eé]s del?|pos-?t?",
        unenhanced=r"simples?|basal|sin",
        enhanced=r"contrastad[oa]s?|angio-?tac|fase (?:arterial|venosa)",
        none=r"sin|ningun[oa]?|ning[uú]n|no",
    ),
    "Italian": Words(
        agent=r"mezzo di contrasto|contrasto|mdc|m\.d\.c\.?",
        short=r"ev|e\.v\.?",
        without=r"senza|s/|no|prima del",
        given=r"con|c/|dopo",
        unenhanced=r"basal[ei]|dirett[ao]|senza",
        enhanced=r"angio-?tc|fase (?:arteriosa|venosa)",
        none=r"senza|nessun[oa]?|no",
    ),
    "Portuguese": Words(
        agent=r"meios? de contraste|contraste|contrastad[oa]s?",
        short=r"ev|e\.v\.?|iv|c",
        without=r"sem|s/|n[aã]o|antes do",
        given=r"com|c/|ap[oó]s|p[oó]s",
        unenhanced=r"sem",
        enhanced=r"contrastad[oa]s?|angio-?tc",
        none=r"sem|nenhum\w*|n[aã]o",
    ),
    "Dutch": Words(
        agent=r"contrastmiddel|contrast|km",
        short=r"iv|i\.v\.?",
        without=r"zonder|geen|z\.|z/|niet|voor",
        given=r"met|m\.|na|\+",
        unenhanced=r"blanco|zonder",
        enhanced=r"arteri[eë]le fase|veneuze fase",
        none=r"zonder|geen|nee|niet",
    ),
    "Scandinavian": Words(
        agent=r"kontrast\w*",
        short=r"iv|i\.v\.?",
        without=r"utan|uten|uden|ingen|inte|ikke",
        given=r"med|efter|etter",
        unenhanced=r"nativt?|utan|uten|uden",
        enhanced=r"",
        none=r"utan|uten|uden|ingen|nej|nei",
    ),
    "Polish, Czech and Slovak": Words(
        agent=r"kontrast\w*|k\.l\.",
        short=r"kl|ck|iv",
        without=r"bez|brak|przed|p[rř]ed",
        given=r"z|ze|s|se|po",
        unenhanced=r"bez|nativn[ěeí]",
        enhanced=r"",
        none=r"bez|brak|nie|ne|žádn[ýáé]",
    ),
    "Turkish": Words(
        agent=r"kontrastl[ıi]|kontrast",
        short=r"iv",
        without=r"",
        given=r"",
        unenhanced=r"kontrasts[ıi]z",
        enhanced=r"kontrastl[ıi]",
        none=r"yok|kontrasts[ıi]z",
    ),
    "Russian": Words(
        agent=r"контраст\w*|к/у",
        short=r"",
        without=r"без|до",
        given=r"с|после",
        unenhanced=r"натив\w*|бесконтраст\w*|без",
        enhanced=r"",
        none=r"без|нет",
    ),
}
# Scripts without spaces between words, so that there are no word boundaries.
UNBOUNDED_UNENHANCED = r"平扫|平掃|単純|非造影|非增强|非增強|\bc ?-(?![\w-])"
UNBOUNDED_ENHANCED = r"增强|增強|造影|c ?\+(?!\w)|(?<!\w)\+ ?c(?!\w)|\+ ?km(?!\w)|\+ ?iv(?!\w)|\+ ?contrast"
UNBOUNDED_NONE = r"无|無|なし"
BOTH = re.compile(
    r"(?<!\w)w ?(?:/|&|and|\+)+ ?wo?(?!\w)|(?<!\w)w ?/ ?wo(?!\w)|(?<!\w)wo ?(?:/|&|and)+ ?w(?!/)(?!\w)"
    r"|(?<!\w)(?:with|w/?) ?(?:and|&|or|/) ?(?:without|w/?o)|(?:without|w/?o) ?(?:and|&|or|/) ?(?:with|w)(?!\w)"
    r"|mit ?(?:und|oder|u\.|/|&) ?ohne|ohne ?(?:und|u\.|/|&) ?mit|avec ?(?:et|/|ou) ?sans|sans ?(?:et|/|ou) ?avec"
    r"|con ?(?:y|e|o|/) ?(?:sin|senza)|(?:sin|senza) ?(?:y|e|o|/) ?con|com ?(?:e|/|ou) ?sem|sem ?(?:e|/|ou) ?com"
    r"|met ?(?:en|/|of) ?zonder|zonder ?(?:en|/|of) ?met"
)
IONIC = re.compile(r"non?[- ]?ionic|nicht-?ionisch|non ionique|no i[oó]nico|non ionico")
ORAL = re.compile(r"(?<!\w)(?:oral\w*|p\.?o\.?|rectal\w*|per os)(?!\w)")
NO_WORD = r"[0-]+|x+"
CACHE_SIZE = 256  # all slices of a series have the same text


def _any(patterns: Iterable[str]) -> str:
    return "|".join(f"(?:{one})" for one in patterns if one)


def _without() -> re.Pattern[str]:
    """Text that means that no agent was given."""
    patterns = []
    for words in LANGUAGES.values():
        agents = _any((words.agent, words.short))
        if words.without:
            patterns.append(rf"(?:{words.without})(?:[\s.:_-]*\w+)?[\s.:_-]*(?:{agents})")  # "no IV contrast"
        patterns.append(rf"(?:{agents})[\s:=._-]*(?:{words.none})")
        patterns.append(words.unenhanced)
    return re.compile(rf"(?<!\w)(?:{_any(patterns)})(?!\w)|{UNBOUNDED_UNENHANCED}")


def _given() -> re.Pattern[str]:
    """Text that means that an agent was given."""
    patterns = []
    for words in LANGUAGES.values():
        if words.given and words.short:
            patterns.append(rf"(?:{words.given})[\s.:_-]*(?:{words.short})")
        patterns += [words.agent, words.enhanced]
    return re.compile(rf"(?<!\w)(?:{_any(patterns)})(?!\w)|{UNBOUNDED_ENHANCED}")


def _nothing() -> re.Pattern[str]:
    """Entries that mean no agent in the field for its name."""
    return re.compile(rf"(?:{_any([words.none for words in LANGUAGES.values()])}|{UNBOUNDED_NONE}|{NO_WORD})(?:\W.*)?")


WITHOUT, GIVEN, NOTHING = _without(), _given(), _nothing()


@lru_cache(CACHE_SIZE)
def contrast_in_name(written: str | None) -> bool | None:
    """Whether the name of a series says that it was acquired with contrast agent; None if unclear or both."""
    words = _normalized(written)
    if BOTH.search(words):
        return None
    rest = WITHOUT.sub(" ", words)
    if GIVEN.search(rest):
        return None if rest != words else True
    return None if rest == words else False


@lru_cache(CACHE_SIZE)
def is_agent(written: str) -> bool:
    """Whether the entry in the field for the agent names one, rather than saying that there was none."""
    words = _normalized(written)
    if IONIC.search(words) or BOTH.search(words):
        return True
    if ORAL.search(words) and not re.search(r"(?<!\w)i\.?v\.?(?!\w)", words):
        return False
    return NOTHING.fullmatch(words) is None and WITHOUT.search(words) is None


def _normalized(written: str | None) -> str:
    return re.sub(r"[\s_^]+", " ", (written or "").lower()).strip()


def contrast(get: Callable[..., Any]) -> tuple[bool, bool]:
    """Whether the header says that contrast agent was given, and whether the series' name says that none was.

    The two may contradict each other. Enhanced multi-frame images state it for each frame; older ones name the agent,
    and often mention it only in the name of the series.
    """
    administered = text(get("ContrastBolusAgentAdministered"))
    named = contrast_in_name(text(get("SeriesDescription")))
    if named is None:
        named = contrast_in_name(text(get("ProtocolName")))
    if administered is not None:
        return administered == "YES", named is False
    agent = text(get("ContrastBolusAgent"))
    if agent is not None:
        given = is_agent(agent)
    else:
        amounts = (number(get(keyword)) or 0 for keyword in ("ContrastBolusVolume", "ContrastBolusTotalDose"))
        given = any(amount > 0 for amount in amounts) or bool(get("ContrastBolusAgentSequence"))
    return given or named is True, named is False
