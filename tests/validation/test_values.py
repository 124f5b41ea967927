"""Cells as people write them."""

from __future__ import annotations

import pytest

from ichor.subtypes import Subtype
from ichor.validation import values


@pytest.mark.parametrize(
    "cell", ["1", "1.0", "yes", "Yes ", "Y", "TRUE", "+", "pos.", "Positive", "present", "x", "ja", "sí"]
)
def test_yes(cell: str) -> None:
    assert values.yes_or_no(cell) is True


@pytest.mark.parametrize("cell", ["0", "0.0", "no", "N", "False", "-", "neg", "absent", "none", "Nein", "normal"])
def test_no(cell: str) -> None:
    assert values.yes_or_no(cell) is False


@pytest.mark.parametrize("cell", ["", " ", "?", "n/a", "NA", "unknown", "Equivocal", "--", "unclear", "NaN"])
def test_cells_that_say_unknown(cell: str) -> None:
    assert values.yes_or_no(cell) is None


@pytest.mark.parametrize("cell", ["0.5", "2", "maybe so", "left", "yes?no"])
def test_neither(cell: str) -> None:
    with pytest.raises(ValueError, match="yes or no"):
        values.yes_or_no(cell)


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("SDH", {Subtype.SDH}),
        ("sah, Subdural", {Subtype.SAH, Subtype.SDH}),
        ("IVH + IPH; epidural", {Subtype.IVH, Subtype.IPH, Subtype.EDH}),
        ("subdural hematoma and SAH", {Subtype.SDH, Subtype.SAH}),
        ("none", set()),
        ("No", set()),
    ],
)
def test_subtypes(cell: str, expected: set[Subtype]) -> None:
    assert values.subtypes_in(cell) == expected


def test_unknown_subtypes_are_none_and_other_words_are_refused() -> None:
    assert values.subtypes_in("") is None and values.subtypes_in("unknown") is None
    with pytest.raises(ValueError, match="subtypes among IVH"):
        values.subtypes_in("SDH, tumor")


@pytest.mark.parametrize(
    ("cell", "years"),
    [("72", 72), ("072Y", 72), ("006M", 0.5), ("010D", 10 / 365.25), ("3,5", 3.5), ("45 years", 45), ("8 mo", 8 / 12)],
)
def test_ages(cell: str, years: float) -> None:
    assert values.age(cell) == pytest.approx(years)
    assert values.age("") is None


@pytest.mark.parametrize("cell", ["old", "-3", "180", "1951-02-03"])
def test_no_age(cell: str) -> None:
    with pytest.raises(ValueError, match="an age"):
        values.age(cell)


def test_numbers_sexes_and_words() -> None:
    assert values.number("1.25 mm") == 1.25 and values.number("12,5") == 12.5 and values.number("") is None
    assert [values.sex(one) for one in ("M", "female", "W", "O", "")] == ["male", "female", "female", "other", None]
    assert values.word("  GE  Revolution\n") == "GE Revolution" and values.word("n/a") is None
    for read, cell in ((values.number, "thin"), (values.number, "-1"), (values.sex, "7")):
        with pytest.raises(ValueError, match=r"a number|male, female"):
            read(cell)
