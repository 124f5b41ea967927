"""The file of accounts, links and sessions: private, hashed, shared by processes, and kept over a restart."""

from __future__ import annotations

import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from time import time

import pytest

from ichor.errors import UnreadableInput
from ichor.serving import session
from ichor.serving.access import ACCESS, Access
from ichor.serving.accounts import Accounts
from ichor.serving.running import announced, announcement
from ichor.serving.session import Sessions, new_token

PORT, PASSWORD = 8765, "correct horse battery"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / ACCESS


def cookies(sessions: Sessions, reader: str, value: str) -> dict[str, str]:
    return {sessions.cookie(sessions.key(reader)): value}


def test_sessions_and_links_outlast_the_process(path: Path) -> None:
    with closing(Access(path)) as access:
        before = Sessions(PORT, "study", access)
        token = before.new_tokens(["ann"])["ann"]
        opened = before.open("bea")
    with closing(Access(path)) as access:
        after = Sessions(PORT, "study", access)
        assert after.reader(cookies(after, "bea", opened), after.key("bea")) == "bea"
        assert after.reader(cookies(after, "bea", opened), after.key("ann")) is None
        entered = after.enter(token)
        assert entered is not None and entered[0] == "ann"
        assert after.enter(token) is None


def test_only_the_owner_can_read_it_and_no_secret_is_in_it(path: Path) -> None:
    with closing(Access(path)) as access:
        sessions = Sessions(PORT, "study", access, entered="password")
        Accounts(access).add("ann", "reader", PASSWORD)
        secrets = [PASSWORD, sessions.open("ann"), *sessions.new_tokens(["ann"]).values()]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    content = path.read_bytes()
    assert b"$argon2id$" in content
    assert not [one for one in secrets if one.encode() in content]


def test_another_process_changes_it_while_it_is_open(path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from ichor.serving.access import Access; "
        "from ichor.serving.session import new_token; print(new_token(Access(Path(sys.argv[1])), 'ann'))"
    )
    with closing(Access(path)) as access:
        made = subprocess.run([sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=True)
        entered = Sessions(PORT, "", access).enter(made.stdout.strip())
        assert entered is not None and entered[0] == "ann"


def test_a_start_forgets_unused_links_and_ended_sessions(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(Access(path)) as access:
        sessions = Sessions(PORT, "", access)
        token, ended, opened = new_token(access, "ann"), sessions.open("ann"), sessions.open("bea")
        access.write("UPDATE session SET ends = 1 WHERE name = 'ann'")
        sessions.forget_old()
        assert sessions.enter(token) is None
        assert sessions.reader(cookies(sessions, "ann", ended), sessions.key("ann")) is None
        assert [row["name"] for row in access.rows("SELECT name FROM session")] == ["bea"]
        monkeypatch.setattr(session, "time", lambda: time() + 8 * 24 * 3600)
        assert sessions.reader(cookies(sessions, "bea", opened), sessions.key("bea")) is None


def test_a_session_counts_only_where_sessions_are_opened_that_way(path: Path) -> None:
    with closing(Access(path)) as access:
        by_link, by_password = Sessions(PORT, "", access), Sessions(PORT, "", access, entered="password")
        opened = by_link.open("ann")
        assert by_link.reader(cookies(by_link, "ann", opened), by_link.key("ann")) == "ann"
        assert by_password.reader(cookies(by_link, "ann", opened), by_link.key("ann")) is None


def test_the_address_is_there_while_the_server_runs(path: Path) -> None:
    with closing(Access(path)) as access, closing(Access(path)) as other:
        with announced(access, "http://127.0.0.1:1", "link"):
            assert announcement(other) == ("http://127.0.0.1:1", "link")
        assert announcement(other) is None


@pytest.mark.parametrize("content", [b"no database at all, but long enough to be one" * 50, b"SQLite format 3\0"])
def test_another_file_is_refused_and_left_as_it_is(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(UnreadableInput, match="expected") as refused:
        Access(path)
    assert str(path) in str(refused.value) and "\n" not in str(refused.value)
    assert path.read_bytes() == content


def test_a_newer_version_is_refused(path: Path) -> None:
    with closing(Access(path)) as access:
        access.write("PRAGMA user_version = 99")
    with pytest.raises(UnreadableInput, match="expected accounts of version 1"):
        Access(path)


def test_a_folder_that_cannot_be_written_is_reported_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(UnreadableInput, match="expected a file of accounts"):
        Access(tmp_path / "absent" / ACCESS)
