"""Understands the names of a table's columns: which names the scan, which says whether there is hemorrhage, and so on.

Names are compared without case, accents, punctuation and spaces. A column that no rule knows is left out, and so are
free texts (reports, comments) and names of patients.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from enum import StrEnum

from ichor.errors import BadConfig
from ichor.subtypes import Subtype


class Role(StrEnum):
    """What a column says."""

    SCAN = "scan"
    PATIENT = "patient"
    HEMORRHAGE = "hemorrhage"
    NO_HEMORRHAGE = "no hemorrhage"
    SUBTYPES = "subtypes"
    IVH = "IVH"
    IPH = "IPH"
    SAH = "SAH"
    EDH = "EDH"
    SDH = "SDH"
    MASK = "mask"
    AGE = "age"
    SEX = "sex"
    SCANNER = "scanner"
    KERNEL = "kernel"
    THICKNESS = "thickness"
    CONTRAST = "contrast"
    VOLUME = "volume"
    TEXT = "free text"
    OTHER = "not known"


OF_SUBTYPE = {Role(one.value): one for one in Subtype}
LEFT_OUT = (Role.TEXT, Role.OTHER)
# Several columns may name the scan: the one that fits the scans best is used.
MAY_REPEAT = (Role.SCAN, *LEFT_OUT)

_BLEED = (
    r"h(a)?emorrh?ages?|h(a)?emorrh?agic|ich|intracranial(h(a)?emorrh?ages?|bleed(ing)?)|bleed(ing)?s?|blood|blutung"
)
_TRUTH = r"truth|groundtruth|gt|labels?|targets?|reference(standard)?|diagnosis|positive|class|result|y|ytrue"
# The first that fits decides.
_NAMES: tuple[tuple[Role, str], ...] = (
    (Role.TEXT, r".*(report|text|impression|comment|note|conclusion|narrative|befund|remark|condition|history).*"),
    (
        Role.TEXT,
        r"(patient|subject)?s?(first|last|full|family|given|sur)?names?(of)?(patient)?|(date)?(of)?birth(date)?|dob",
    ),
    (Role.NO_HEMORRHAGE, rf"(no|without|non)({_BLEED})|normal(ct|scan)?|negative|healthy"),
    (Role.IVH, r"(has|is|any)?(ivh|intraventricular)({b})?(present|yesno|yn)?"),
    (Role.IPH, r"(has|is|any)?(iph|intraparenchymal|intracerebral|parenchymal)({b})?(present|yesno|yn)?"),
    (Role.SAH, r"(has|is|any)?(sah|subarachnoid(al)?)({b})?(present|yesno|yn)?"),
    (Role.EDH, r"(has|is|any)?(edh|epidural|extradural)({b}|h(a)?ematoma)?(present|yesno|yn)?"),
    (Role.SDH, r"(has|is|any)?(sdh|subdural)({b}|h(a)?ematoma)?(present|yesno|yn)?"),
    (Role.SUBTYPES, r"({b}|ich)?(sub)?types?(of)?({b})?"),
    (Role.VOLUME, r"({b}|lesion|h(a)?ematoma|true)*vol(ume)?s?(of)?({b})?(ml|cc|cm3)?"),
    (Role.MASK, r"({b}|lesion|true)?(masks?|seg(mentations?)?|delineations?|outlines?|annotations?)(path|files?)?"),
    (Role.HEMORRHAGE, r"(has|is|any|acute)?({b})(present|presence|yesno|yn|positive|any|label|truth|status)?|any|{t}"),
    (Role.AGE, r"(patients?)?ages?(inyears|years|yrs|y)?"),
    (Role.SEX, r"(patients?)?(sex|gender)"),
    (
        Role.SCANNER,
        r"(ct)?(scanners?|manufacturers?|vendors?|machines?|devices?|equipment)(model)?(names?)?|modelname|model",
    ),
    (Role.KERNEL, r"(recon(struction)?|convolution)?(kernels?|filters?|algorithms?)"),
    (Role.THICKNESS, r"(slices?)?(thickness|thick)(mm)?"),
    (Role.CONTRAST, r"(iv|with)?contrast(agent|media|medium|enhanced|given|phase|yesno)?|enhanced|cect"),
    (Role.PATIENT, r"(patients?|subjects?|person)(id|ids|number|no|nr|key|identifier)?|mrn|pid|pat(id|nr|no)"),
    (
        Role.SCAN,
        r"(scans?|cases?|stud(y|ies)|exams?|examinations?|series|images?|ct|accession|files?|folders?|volumes?)"
        r"(instance)?(uids?|ids?|numbers?|nos?|nr|names?|paths?|keys?|folders?|files?)?|ids?|uids?|paths?|names?|accessionno",
    ),
)
RULES = tuple((role, re.compile(text.replace("{b}", _BLEED).replace("{t}", _TRUTH))) for role, text in _NAMES)


def plain(text: str) -> str:
    """The letters and digits of a text in lower case, without accents."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(one for one in decomposed if one.isalnum() and not unicodedata.combining(one))


def role_of(name: str) -> Role:
    """What a column of this name says, as far as the name tells."""
    # Words in parentheses are units and explanations: "Age (years)", "Fracture (Yes/No)".
    forms = [plain(re.sub(r"\([^)]*\)", "", name)), plain(name)]
    return next((role for role, rule in RULES for form in forms if form and rule.fullmatch(form)), Role.OTHER)


def roles_of(names: Sequence[str], asked: Mapping[str, str], place: str) -> list[Role]:
    """What each column of a table says; `asked` has names of columns by role, from the user, which take precedence.

    Raises BadConfig for an unknown role or column, and where two columns say the same.
    """
    named: dict[str, Role] = {}
    for role, name in asked.items():
        if role not in set(Role) or Role(role) in LEFT_OUT:
            known = ", ".join(one.value for one in Role if one not in LEFT_OUT)
            raise BadConfig(f"--column: expected one of the roles {known}, found {role!r:.40}")
        if name not in names:
            raise BadConfig(f"{place}: expected a column {name!r:.60}, found {', '.join(names)[:200]}")
        named[name] = Role(role)
    roles = [named.get(name) or role_of(name) for name in names]
    given = set(named.values())
    roles = [
        Role.OTHER if role in given and name not in named else role for name, role in zip(names, roles, strict=True)
    ]
    for role in dict.fromkeys(roles):
        same = [name for name, one in zip(names, roles, strict=True) if one == role]
        if len(same) > 1 and role not in MAY_REPEAT:
            raise BadConfig(
                f"{place}: expected one column for {role}, found {' and '.join(same)[:200]}; "
                f'choose one with --column "{role}=NAME"'
            )
    return roles
