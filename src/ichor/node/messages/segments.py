"""Segments of HL7 v2 as text, written with the package hl7: fields, components, repetitions, escapes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

SEPARATORS = "^~\\&"

# A field: one value, or its components, or its repetitions, each with components.
Field = str | tuple[str, ...] | list[tuple[str, ...]]


def message_text(segments: Sequence[Sequence[Field]]) -> str:
    """The message; the first field of each segment is its name, and the separators of MSH are put in.

    Each value is escaped. Segments end with a carriage return, the last one too.
    """
    import hl7

    message = hl7.Message("\r")
    for name, *fields in segments:
        head: list[Any] = [_field(message, str(name), raw=True)]
        if name == "MSH":
            head += [_field(message, "|", raw=True), _field(message, SEPARATORS, raw=True)]
        message.append(message.create_segment(head + [_field(message, one) for one in _trimmed(fields)]))
    return str(message)


def escaped(message: Any, text: str) -> str:
    """A value in which nothing is a separator. Letters of all scripts stay: the character set of the message has them.

    The package's own `escape` writes them as hexadecimal numbers, which mean other letters in other character sets.
    """
    return "".join(message.escape(one) if ord(one) < 0x7F else one for one in text if one >= " ")


def person_names(dicom: str) -> Field:
    """A DICOM name (PN) as HL7's (XPN): prefix and suffix change places, and each script is a repetition.

    XPN.7 is L, the legal name; XPN.8 the representation: A alphabetic, I ideographic, P phonetic.
    """
    names: list[tuple[str, ...]] = []
    for group, script in zip(dicom.split("="), "AIP", strict=False):
        family, given, middle, prefix, suffix = (group.split("^") + [""] * 5)[:5]
        if any((family, given, middle)):
            names.append((family, given, middle, suffix, prefix, "", "L", script))
    return names if names else ""


def _trimmed(fields: Sequence[Field]) -> list[Field]:
    """Without empty fields at the end."""
    last = max((k for k, one in enumerate(fields) if one), default=-1)
    return list(fields[: last + 1])


def _field(message: Any, value: Field, *, raw: bool = False) -> Any:
    repetitions: list[tuple[str, ...]] = value if isinstance(value, list) else [_components(value)]
    return message.create_field(
        [message.create_repetition([_component(message, one, raw) for one in each]) for each in repetitions]
    )


def _components(value: str | tuple[str, ...]) -> tuple[str, ...]:
    """Without empty components at the end."""
    found = (value,) if isinstance(value, str) else value
    last = max((k for k, one in enumerate(found) if one), default=0)
    return found[: last + 1]


def _component(message: Any, text: str, raw: bool) -> Any:
    return message.create_component([text if raw else escaped(message, text)])
