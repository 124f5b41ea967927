"""`ichor dataset download` as a process, from a server on loopback."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

from faulty_server import Handler, serving
from ichor.dataset.ct_ich.download.run import PARTIAL
from paths import CT_ICH_PART

PATIENT_S = 120
COMMAND = [sys.executable, "-m", "ichor", "dataset", "download"]
ENVIRONMENT = {**os.environ, "no_proxy": "127.0.0.1"}


def run(*words: object) -> subprocess.CompletedProcess[str]:
    command = [*COMMAND, *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=ENVIRONMENT)


def interrupted(out: Path, url: str, when: threading.Event) -> tuple[int, str]:
    """The exit code and stderr of the command that gets Ctrl-C then."""
    with subprocess.Popen(
        [*COMMAND, str(out), "--url", f"{url}/"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env=ENVIRONMENT,
    ) as process:
        assert when.wait(PATIENT_S)
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=PATIENT_S)[1]
    return process.returncode, said


def images(root: Path) -> dict[str, bytes]:
    return {f"/{file.relative_to(root).as_posix()}": file.read_bytes() for file in root.rglob("*") if file.is_file()}


def test_ctrl_c_keeps_complete_files_and_the_same_command_continues(ct_ich: Path, tmp_path: Path) -> None:
    out, enough = tmp_path / "ct-ich", threading.Event()

    def count(request: Handler, content: bytes, times: int) -> bool:
        if len(request.server.asked) > 200:
            enough.set()
        return False

    with serving() as server:
        server.content, server.odd_otherwise = images(ct_ich), count
        code, said = interrupted(out, server.url, enough)
        assert code == 130
        assert said.splitlines()[-1].startswith("ichor: interrupted with ")
        whole = {name: content for name, content in images(out).items() if PARTIAL not in name}
        assert len(whole) > 100 and whole.items() <= server.content.items()
        for name in sorted(server.content)[:-500]:  # as if most of the rest had arrived meanwhile
            if name not in whole and name != "/SOURCE.md":
                (out / name[1:]).parent.mkdir(parents=True, exist_ok=True)
                (out / name[1:]).write_bytes(server.content[name])
        server.asked.clear()
        done = run(out, "--url", server.url + "/")
        assert not set(whole) & set(server.times())
    assert done.returncode == 0, done.stderr
    assert images(out) == {name: content for name, content in images(ct_ich).items() if name != "/SOURCE.md"}
    for said in ("CC BY 4.0", "10.13026/w8q8-ky94", "5323 of 5323 files (", " before)", "0 errors"):
        assert said in done.stdout
    assert "Traceback" not in done.stderr


def test_ctrl_c_does_not_wait_for_a_silent_server(tmp_path: Path) -> None:
    asked, left = threading.Event(), threading.Event()

    def fall_silent(request: Handler, content: bytes, times: int) -> bool:
        asked.set()
        return left.wait(PATIENT_S)

    with serving() as server:
        server.odd_otherwise = fall_silent
        code, said = interrupted(tmp_path / "out", server.url, asked)
        left.set()
    assert code == 130
    assert said == "ichor: interrupted with 5323 of 5323 files left; run again to continue\n"


def test_an_incomplete_server_is_reported_in_a_few_lines(tmp_path: Path) -> None:
    with serving() as server:
        server.content = images(CT_ICH_PART)
        done = run(tmp_path / "out", "--url", server.url + "/")
    assert done.returncode == 1
    *failed, last = done.stderr.splitlines()
    assert 10 <= len(failed) < 14
    assert all(line.startswith("failed: Patients_CT/0") or line.startswith("failed: README") for line in failed)
    assert last.endswith("missing; run again to continue") and "Traceback" not in done.stderr
    assert (tmp_path / "out" / "LICENSE.txt").read_bytes() == (CT_ICH_PART / "LICENSE.txt").read_bytes()


def test_invalid_use_is_reported_in_one_line_with_exit_code_2(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for words, line in (
        ((tmp_path / "out", "--url", "ftp://a/b"), "--url: expected an address such as https://physionet.org/"),
        ((tmp_path / "out", "--url", "http://127.0.0.1:9/"), "expected a response from the server, found "),
        ((tmp_path / "file" / "out",), f"{tmp_path / 'file' / 'out'}: could not be written (Not a directory)"),
    ):
        done = run(*words)
        assert done.returncode == 2, done.stderr
        assert line in done.stderr and len(done.stderr.splitlines()) == 1
