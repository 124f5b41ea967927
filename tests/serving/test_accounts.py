"""Accounts: the right password and no other, and sessions that end when the account changes."""

from __future__ import annotations

import unicodedata

import pytest

from ichor.errors import IchorError
from ichor.serving.access import Access
from ichor.serving.accounts import Accounts
from ichor.serving.passwords import LONGEST, SHORTEST, hashed, matches
from ichor.serving.session import Sessions

PASSWORD = "correct horse battery"


@pytest.fixture
def access() -> Access:
    return Access()


@pytest.fixture
def accounts(access: Access) -> Accounts:
    one = Accounts(access)
    one.add("ann", "reader", PASSWORD)
    return one


def test_only_the_right_password_of_that_account_is_right(accounts: Accounts) -> None:
    accounts.add("bea", "admin", "another long password")
    found = accounts.check("ANN", PASSWORD)
    assert found is not None and (found.name, found.role) == ("ann", "reader")
    for name, password in [
        ("ann", ""),
        ("ann", PASSWORD[:-1]),
        ("ann", PASSWORD + " "),
        ("ann", PASSWORD.upper()),
        ("ann", "another long password"),
        ("ann", "x" * 10_000),
        ("carl", PASSWORD),
        ("", ""),
        ("' OR 1=1 --", PASSWORD),
    ]:
        assert accounts.check(name, password) is None


def test_a_name_is_taken_once_whatever_its_case(accounts: Accounts) -> None:
    with pytest.raises(IchorError, match="expected a new name, found 'Ann', which has an account"):
        accounts.add("Ann", "reader", PASSWORD)
    assert [one.name for one in accounts.all()] == ["ann"]


@pytest.mark.parametrize("password", ["", "x" * (SHORTEST - 1), "x" * (LONGEST + 1), "a long one with a \n break"])
def test_passwords_that_are_not_accepted(accounts: Accounts, password: str) -> None:
    for change in (lambda: accounts.add("bea", "reader", password), lambda: accounts.set_password("ann", password)):
        with pytest.raises(IchorError, match="expected a password of 12 to 256 printable characters"):
            change()
    assert accounts.find("bea") is None
    assert accounts.check("ann", PASSWORD) is not None


@pytest.mark.parametrize("change", ["password", "remove"])
def test_a_change_ends_sessions_and_links_at_once(access: Access, accounts: Accounts, change: str) -> None:
    sessions = Sessions(1, "", access)
    cookies = {sessions.cookie(sessions.key("ann")): sessions.open("ann")}
    of_bea = {sessions.cookie(sessions.key("bea")): sessions.open("bea")}
    token = sessions.new_tokens(["ann"])["ann"]
    assert sessions.reader(cookies, sessions.key("ann")) == "ann"
    if change == "remove":
        accounts.remove("ANN")
        assert accounts.check("ann", PASSWORD) is None
    else:
        accounts.set_password("ann", "a new long password")
        assert accounts.check("ann", PASSWORD) is None and accounts.check("ann", "a new long password")
    assert sessions.reader(cookies, sessions.key("ann")) is None
    assert sessions.enter(token) is None
    assert sessions.reader(of_bea, sessions.key("bea")) == "bea"


def test_missing_items_cannot_be_changed(accounts: Accounts) -> None:
    for change in (lambda: accounts.remove("bea"), lambda: accounts.set_password("bea", PASSWORD)):
        with pytest.raises(IchorError, match="expected an account, found none named 'bea'"):
            change()


def test_one_password_as_keyboards_compose_it() -> None:
    composed, apart = (unicodedata.normalize(form, "naïve häckerin") for form in ("NFC", "NFD"))
    assert composed != apart and matches(hashed(composed), apart)
    assert hashed(composed) != hashed(composed), "each has a salt of its own"
    assert not matches("no hash", composed)
