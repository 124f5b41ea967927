"""`ichor annotate` as people run it: a process that takes scans in, prints links, serves, and leaves a whole folder."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from ichor.annotate.project import open_project
from ichor.cli.annotate import spread
from synthetic_ct_ich import write_ct_ich
from synthetic_scans import write_synthetic_nifti

LINK = re.compile(r"^(.+): (http://127\.0\.0\.1:(\d+)/enter\?token=(\S+))$")


@pytest.fixture
def scan(tmp_path: Path) -> Path:
    return write_head(tmp_path / "head.nii.gz")


def write_head(path: Path) -> Path:
    return write_synthetic_nifti(path, n=6, size=32, pixel_mm=(6.4, 6.4), distances_mm=20.0)


def command(*words: object) -> list[str]:
    return [sys.executable, "-m", "ichor", "annotate", *map(str, words)]


def ended(*words: object) -> subprocess.CompletedProcess[str]:
    """A command that ends by itself, since there is something wrong with it."""
    return subprocess.run(command(*words), capture_output=True, text=True, check=False, timeout=60)


@contextmanager
def serving(*words: object) -> Iterator[tuple[dict[str, str], subprocess.Popen[str]]]:
    """The links that a server prints, by reader, and the server; it is ended by Ctrl-C."""
    process = subprocess.Popen(
        command(*words, "--port", 0, "--no-browser"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        links = {}
        for line in process.stdout:
            if (found := LINK.match(line.strip())) is not None:
                links[found[1]] = found[2]
            elif links:
                break
        yield links, process
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)


@contextmanager
def entered(link: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=link.partition("/enter")[0]) as client:
        answer = client.get(link)
        assert answer.status_code == 303
        client.headers["ichor-reader"] = answer.headers["location"].removeprefix("/?reader=")
        yield client


def test_scans_are_added_and_each_reader_has_a_link(tmp_path: Path, scan: Path) -> None:
    study = tmp_path / "study"
    with serving(study, "--add", scan, "--reader", "ann", "bea") as (links, process):
        assert list(links) == ["ann", "bea"]
        for reader, link in links.items():
            with entered(link) as client:
                assert client.get("/api/me").json()["reader"] == reader
                (listed,) = client.get("/api/scans").json()
                assert (listed["subject"], listed["name"], listed["n_slices"]) == ("head", "head", 6)
            assert httpx.get(link).status_code == 403, "a link is good once"
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
        said, errors = process.communicate()
    assert f"{study}: closed" in said
    assert "token" not in errors and "Traceback" not in errors
    assert sorted(one.name for one in study.iterdir()) == [
        "access.sqlite",
        "backups",
        "project.lock",
        "project.sqlite",
        "scans",
    ]


def test_a_reopened_project_has_its_readers_and_adds_no_scan_twice(tmp_path: Path, scan: Path) -> None:
    study = tmp_path / "study"
    other = write_head(tmp_path / "later.nii.gz")
    with serving(study, "--add", scan, "--reader", "ann"):
        pass
    with serving(study, "--add", scan, other, "--subject", "head") as (links, process):
        assert list(links) == ["ann"]
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    with open_project(study) as project:
        assert [(one.subject, one.name) for one in project.scans()] == [("head", "head"), ("head", "later")]


def test_a_server_started_in_the_background_of_a_script_can_be_stopped(tmp_path: Path, scan: Path) -> None:
    words = command(tmp_path / "study", "--add", scan, "--port", 0, "--no-browser")
    # A shell without job control has what it starts in the background ignore SIGINT.
    script = 'trap "" INT; exec "$@"'
    with subprocess.Popen(["sh", "-c", script, "sh", *words], stdout=subprocess.PIPE, text=True) as process:
        late = threading.Timer(60, process.kill)
        late.start()
        assert process.stdout is not None
        for line in process.stdout:
            if "Ctrl-C" in line:
                process.send_signal(signal.SIGINT)
        late.cancel()
        assert process.wait() == 0


def test_folders_of_scans_and_scans_of_one_name(tmp_path: Path) -> None:
    write_ct_ich(tmp_path / "ct-ich", {"049": 1, "050": 1}, n_slices=2)
    for folder in ("a", "b"):
        (tmp_path / "scans" / folder).mkdir(parents=True)
        write_head(tmp_path / "scans" / folder / "head.nii.gz")
    with serving(tmp_path / "study", "--add", tmp_path / "ct-ich", tmp_path / "scans"):
        pass
    with open_project(tmp_path / "study") as project:
        first, second, *heads = project.scans()
        assert project.readers() == ["reader"]
    assert [first.subject, second.subject] == ["049", "050"]
    assert {one.subject for one in heads} == {one.name for one in heads} == {"a-head", "b-head"}


def test_unreadable_scans_are_reported_and_the_others_continue(tmp_path: Path, scan: Path) -> None:
    broken = tmp_path / "broken.nii.gz"
    broken.write_bytes(b"no scan")
    with serving(tmp_path / "study", "--add", broken, scan) as (_, process):
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate()
    assert f"failed: {broken}" in errors
    with open_project(tmp_path / "study") as project:
        assert [one.name for one in project.scans()] == ["head"]


class TestRefusals:
    def one_line(self, *words: object) -> str:
        done = ended(*words)
        assert done.returncode == 2
        assert "Traceback" not in done.stderr
        return done.stderr.strip().splitlines()[-1]

    def test_a_mistyped_project_is_not_created(self, tmp_path: Path) -> None:
        line = self.one_line(tmp_path / "none")
        assert "expected an annotation project (project.sqlite), found none" in line
        assert not (tmp_path / "none").exists()

    def test_the_only_scan_cannot_be_read(self, tmp_path: Path) -> None:
        assert "found nothing at that path" in self.one_line(tmp_path / "study", "--add", tmp_path / "absent.nii.gz")

    def test_two_servers_on_one_project_and_on_one_port(self, tmp_path: Path, scan: Path) -> None:
        with serving(tmp_path / "study", "--add", scan) as (links, _):
            assert "found it open in another process" in self.one_line(tmp_path / "study")
            port = LINK.match(f"reader: {links['reader']}")[3]  # type: ignore[index]
            assert f"found {port}" in self.one_line(tmp_path / "next", "--add", scan, "--port", port)

    def test_a_name_that_no_reader_may_have(self, tmp_path: Path, scan: Path) -> None:
        words = (tmp_path / "study", "--add", scan, "--reader", "ann", "consensus")
        assert "expected a reader's name" in self.one_line(*words)

    def test_options_that_say_how_to_read_nothing(self, tmp_path: Path) -> None:
        assert "expected scans to --add" in self.one_line(tmp_path / "study", "--pixel-mm", "0.4")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["p", "--add", "a", "b", "--port", "0"], ["p", "--add", "a", "--add", "b", "--port", "0"]),
        (["p", "--reader", "ann", "bea", "--add", "a"], ["p", "--reader", "ann", "--reader", "bea", "--add", "a"]),
        (["p", "--add", "a", "--add", "b"], ["p", "--add", "a", "--add", "b"]),
        (["p", "--add"], ["p", "--add"]),
    ],
)
def test_options_of_many_take_all_words_up_to_the_next(words: list[str], expected: list[str]) -> None:
    assert spread(words) == expected
