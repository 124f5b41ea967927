"""The download against a server that breaks off, lies, cuts short, ignores ranges, redirects, refuses and is slow."""

from __future__ import annotations

import errno
import hashlib
import io
import shutil
import socket
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from faulty_server import FaultyServer, Handler, Odd, serving
from ichor.dataset.ct_ich.download import Download
from ichor.dataset.ct_ich.download.listing import Listed, release
from ichor.dataset.ct_ich.download.run import CONNECTIONS, MAX_FAILED, PARTIAL
from ichor.dataset.ct_ich.download.web import Patience
from ichor.errors import IchorError, OutputFailed, UnreadableInput
from ichor.locks import one_at_a_time
from paths import CT_ICH_PART

pytestmark = pytest.mark.long

ROOT = Path(__file__).resolve().parents[3]
QUICK = Patience(timeout_s=20, attempts=3, pause_s=0.01)
CONTENT = {f"049/{name}/{k}.jpg": bytes([k]) * (40_000 + k) for name in ("brain", "bone") for k in range(6)}
FILES = tuple(Listed(path, len(one), hashlib.sha256(one).hexdigest()) for path, one in CONTENT.items())
ODD = "049/brain/3.jpg"


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")


@pytest.fixture
def server() -> Iterator[FaultyServer]:
    with serving() as one:
        one.content = {f"/ct-ich/{path}": content for path, content in CONTENT.items()}
        yield one


def fetch(server: FaultyServer, out: Path, patience: Patience = QUICK) -> dict[str, str]:
    """Download into `out`; the reasons of the files that could not be had."""
    steps = list(Download(out, f"{server.url}/ct-ich/", FILES, patience).run())
    return {one.file: one.reason for one in steps if one.reason}


def there(out: Path) -> dict[str, bytes]:
    """All files in `out` that are no partial ones."""
    files = {file.relative_to(out).as_posix(): file for file in out.rglob("*") if file.is_file()}
    return {name: file.read_bytes() for name, file in files.items() if not name.startswith(PARTIAL)}


def test_the_list_holds_every_file_of_the_release() -> None:
    by_path = {one.path: one for one in release()}
    assert len(by_path) == len(release()) == 5323
    assert not [path for path in by_path if path.startswith("/") or ".." in path or "\\" in path]
    assert "Patients_CT/084/bone/36.jpg" not in by_path
    images = list(CT_ICH_PART.rglob("*.jpg"))
    for file in (*images, CT_ICH_PART / "LICENSE.txt"):
        assert by_path[file.relative_to(CT_ICH_PART).as_posix()].difference(file) == ""


def test_the_script_makes_the_list_again(ct_ich: Path, tmp_path: Path) -> None:
    command = [sys.executable, ROOT / "scripts/ct_ich_list.py", ct_ich, tmp_path / "list"]
    subprocess.run(command, check=True, capture_output=True)
    shipped = ROOT / "src/ichor/dataset/ct_ich/download/ct-ich-1.0.0.txt.gz"
    assert (tmp_path / "list").read_bytes() == shipped.read_bytes()


def test_everything_is_fetched_once_over_a_few_connections(server: FaultyServer, tmp_path: Path) -> None:
    out = tmp_path / "a" / "b"
    assert fetch(server, out) == {}
    assert there(out) == CONTENT
    assert not (out / PARTIAL).exists()
    assert set(server.times().values()) == {1}
    assert server.connections <= CONNECTIONS
    assert all(agent.startswith("ichor-ct/") for agent in server.agents)
    assert fetch(server, out) == {}
    assert len(server.asked) == len(FILES)


def test_correct_files_are_kept_and_wrong_ones_fetched_again(server: FaultyServer, tmp_path: Path) -> None:
    for number, (path, content) in enumerate(CONTENT.items()):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(content if number else content[:-1] + b"?")
    assert fetch(server, tmp_path) == {}
    assert there(tmp_path) == CONTENT
    assert server.asked == [(f"/ct-ich/{FILES[0].path}", "")]


def break_off(request: Handler, content: bytes, times: int) -> bool:
    """The first half, then nothing."""
    if times == 1:
        request.say(200, body=content[:20_000], length=len(content))
        request.hang_up()
    return times == 1


def break_off_and_ignore_ranges(request: Handler, content: bytes, times: int) -> bool:
    if times > 1:
        request.say(200, body=content)
    return break_off(request, content, times) or times > 1


def break_off_and_send_another_part(request: Handler, content: bytes, times: int) -> bool:
    if times == 2:
        request.say(206, ("Content-Range", f"bytes 100-{len(content) - 1}/{len(content)}"), body=content[100:])
    return break_off(request, content, times) or times == 2


def break_off_and_go_on_with_other_bytes(request: Handler, content: bytes, times: int) -> bool:
    if times == 2:
        request.send(b"?" * len(content))
    return break_off(request, content, times) or times == 2


def send_other_bytes_once(request: Handler, content: bytes, times: int) -> bool:
    if times == 1:
        request.send(b"?" * len(content))
    return times == 1


def say_less_and_send_all(request: Handler, content: bytes, times: int) -> bool:
    """What is sent beyond the stated length looks like the next answer."""
    if times == 1:
        request.say(200, body=content, length=100)
    return times == 1


def fail_twice(request: Handler, content: bytes, times: int) -> bool:
    if times <= 2:
        request.say((500, 503)[times - 1], ("Retry-After", "0"), body=b"busy")
    return times <= 2


def answer_no_http(request: Handler, content: bytes, times: int) -> bool:
    if times == 1:
        request.wfile.write(b"220 mail.example ESMTP\r\n")
        request.hang_up()
    return times == 1


def hang_up_at_once(request: Handler, content: bytes, times: int) -> bool:
    if times == 1:
        request.hang_up()
    return times == 1


def send_bit_by_bit(request: Handler, content: bytes, times: int) -> bool:
    request.say(200, body=content[:1], length=len(content))
    for start in range(1, len(content), 8000):
        time.sleep(0.01)
        request.wfile.write(content[start : start + 8000])
    return True


def send_chunks(request: Handler, content: bytes, times: int) -> bool:
    """Of no stated length; the first time cut short."""
    request.send_response(200)
    request.send_header("Transfer-Encoding", "chunked")
    request.end_headers()
    request.wfile.write(b"%x\r\n%s\r\n" % (len(content) // 2, content[: len(content) // 2]))
    if times == 1:
        request.hang_up()
    else:
        rest = content[len(content) // 2 :]
        request.wfile.write(b"%x\r\n%s\r\n0\r\n\r\n" % (len(rest), rest))
    return True


@pytest.mark.parametrize(
    "odd",
    [
        break_off,
        break_off_and_ignore_ranges,
        break_off_and_send_another_part,
        break_off_and_go_on_with_other_bytes,
        send_other_bytes_once,
        say_less_and_send_all,
        fail_twice,
        answer_no_http,
        hang_up_at_once,
        send_bit_by_bit,
        send_chunks,
    ],
    ids=lambda odd: odd.__name__,
)
def test_a_single_failure_is_retried(odd: Odd, server: FaultyServer, tmp_path: Path) -> None:
    server.odd[f"/ct-ich/{ODD}"] = odd
    assert fetch(server, tmp_path) == {}
    assert there(tmp_path) == CONTENT
    assert not (tmp_path / PARTIAL).exists()


def test_a_partial_file_continues_where_it_was_interrupted(server: FaultyServer, tmp_path: Path) -> None:
    server.odd[f"/ct-ich/{ODD}"] = break_off
    fetch(server, tmp_path)
    assert [part for path, part in server.asked if path.endswith(ODD)] == ["", "bytes=20000-"]


def test_a_server_that_falls_silent_is_asked_again(server: FaultyServer, tmp_path: Path) -> None:
    left = threading.Event()

    def fall_silent(request: Handler, content: bytes, times: int) -> bool:
        if times == 1:
            request.say(200, body=content[:20_000], length=len(content))
            left.wait(20)
        return times == 1

    server.odd[f"/ct-ich/{ODD}"] = fall_silent
    assert fetch(server, tmp_path, Patience(timeout_s=1, attempts=3, pause_s=0.01)) == {}
    left.set()
    assert there(tmp_path) == CONTENT


def always(status: int) -> Odd:
    def answer(request: Handler, content: bytes, times: int) -> bool:
        request.say(status, body=b"<html>no</html>")
        return True

    return answer


def send_other_bytes(request: Handler, content: bytes, times: int) -> bool:
    request.send(b"?" * len(content))
    return True


def send_too_little(request: Handler, content: bytes, times: int) -> bool:
    request.send(content[:-1])
    return True


def send_without_end(request: Handler, content: bytes, times: int) -> bool:
    """Until who asked has left, which is an error of the connection."""
    request.say(200, length=10**12)
    while True:
        request.wfile.write(content)


def redirect_to(where: str) -> Odd:
    def answer(request: Handler, content: bytes, times: int) -> bool:
        request.say(302, ("Location", where))
        return True

    return answer


@pytest.mark.parametrize(
    ("odd", "reason", "times"),
    [
        (always(404), "expected the file, found 404 Not Found", 1),
        (always(403), "expected the file, found 403 Forbidden", 1),
        (always(500), "expected the file, found 500 Internal Server Error", QUICK.attempts),
        (send_other_bytes, "expected SHA-256 ", 2),
        (send_too_little, "expected 40003 bytes, found 40002", 2),
        (send_without_end, "expected 40003 bytes, found more", 2),
        (redirect_to("file:///etc/passwd"), "expected the file, found a redirect to 'file:///etc/passwd'", 1),
        (redirect_to(""), "expected the file, found a redirect to 'nowhere'", 1),
        (redirect_to(f"/ct-ich/{ODD}"), "expected the file, found more than 5 redirects", 6),
    ],
)
def test_a_file_that_stays_wrong_is_reported_and_the_others_are_downloaded(
    odd: Odd, reason: str, times: int, server: FaultyServer, tmp_path: Path
) -> None:
    server.odd[f"/ct-ich/{ODD}"] = odd
    (failed,) = fetch(server, tmp_path).items()
    assert failed[0] == ODD and failed[1].startswith(reason) and "\n" not in failed[1]
    assert server.times()[f"/ct-ich/{ODD}"] == times
    assert there(tmp_path) == {path: one for path, one in CONTENT.items() if path != ODD}
    server.odd.clear()
    assert fetch(server, tmp_path) == {}
    assert there(tmp_path) == CONTENT


def test_a_redirect_to_another_server_is_followed_and_what_it_sends_is_checked(
    server: FaultyServer, tmp_path: Path
) -> None:
    with serving() as elsewhere:
        elsewhere.content = {"/3": CONTENT[ODD], "/4": b"?"}
        server.odd[f"/ct-ich/{ODD}"] = redirect_to(f"{elsewhere.url}/3")
        server.odd["/ct-ich/049/brain/4.jpg"] = redirect_to(f"{elsewhere.url}/4")
        assert fetch(server, tmp_path) == {"049/brain/4.jpg": "expected 40004 bytes, found 1"}
    assert there(tmp_path)[ODD] == CONTENT[ODD]


def test_an_address_may_end_without_a_slash(server: FaultyServer, tmp_path: Path) -> None:
    assert not [one for one in Download(tmp_path, f"{server.url}/ct-ich", FILES, QUICK).run() if one.reason]
    assert there(tmp_path) == CONTENT


def test_if_nothing_is_right_it_ends_soon(server: FaultyServer, tmp_path: Path) -> None:
    server.odd_otherwise = always(404)
    many = [Listed(f"{k}.jpg", 1, "0" * 64) for k in range(1000)]
    steps = list(Download(tmp_path, server.url + "/", many, QUICK).run())
    assert MAX_FAILED <= sum(bool(one.reason) for one in steps) == len(server.asked) < MAX_FAILED + CONNECTIONS


def test_an_unreachable_server_is_reported_in_one_line(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/"
        with pytest.raises(IchorError, match="expected a response from the server, found Connection refused") as told:
            list(Download(tmp_path, url, FILES, QUICK).run())
    assert str(told.value).startswith(url)


def test_an_unknown_certificate_is_refused(openssl: str, tmp_path: Path) -> None:
    command = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=127.0.0.1", "-days", "2"]
    names = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", tmp_path / "key", "-out", tmp_path / "certificate"]
    subprocess.run([*command, *names], check=True, capture_output=True)
    both = tmp_path / "both.pem"
    both.write_bytes((tmp_path / "certificate").read_bytes() + (tmp_path / "key").read_bytes())
    with serving(both) as server:
        server.content = {"/a.jpg": b"a"}
        listed = Listed("a.jpg", 1, hashlib.sha256(b"a").hexdigest())
        url = server.url.replace("http:", "https:")
        steps = list(Download(tmp_path / "out", url + "/", [listed], QUICK).run())
        assert [one.reason for one in steps] == [
            "expected the file, found an untrusted certificate (self-signed certificate)"
        ]
        assert server.asked == []


def test_the_environments_proxy_is_asked(server: FaultyServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", server.url)
    server.content = {f"http://mirror.invalid/{path}": content for path, content in CONTENT.items()}
    assert not [one for one in Download(tmp_path, "http://mirror.invalid/", FILES, QUICK).run() if one.reason]
    assert there(tmp_path) == CONTENT


def test_an_interrupted_download_continues_with_the_remaining_files(server: FaultyServer, tmp_path: Path) -> None:
    steps = Download(tmp_path, f"{server.url}/ct-ich/", FILES, QUICK).run()
    while not next(steps).file:
        pass
    steps.close()
    whole = there(tmp_path)
    assert len(whole) >= 1 and whole.items() <= CONTENT.items()
    server.asked.clear()
    assert fetch(server, tmp_path) == {}
    assert there(tmp_path) == CONTENT
    assert not {path.removeprefix("/ct-ich/") for path in server.times()} & set(whole)


def test_a_part_left_by_a_killed_process_is_continued(server: FaultyServer, tmp_path: Path) -> None:
    (tmp_path / PARTIAL).mkdir()
    (tmp_path / PARTIAL / ODD.replace("/", "_")).write_bytes(CONTENT[ODD][:30_000])
    (tmp_path / PARTIAL / "049_bone_1.jpg").write_bytes(b"of something else")
    (tmp_path / PARTIAL / "049_bone_2.jpg").write_bytes(CONTENT["049/bone/2.jpg"])
    assert fetch(server, tmp_path) == {}
    assert there(tmp_path) == CONTENT
    assert (f"/ct-ich/{ODD}", "bytes=30000-") in server.asked
    assert "/ct-ich/049/bone/2.jpg" not in server.times()


def test_a_full_disk_is_reported_in_one_line_before_and_during_the_download(
    server: FaultyServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10**9, 10**9, 300_000))
        with pytest.raises(OutputFailed, match=r"expected 0\.5 MB of free space, found 0\.3 MB"):
            Download(tmp_path, server.url, FILES)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", full)
        with pytest.raises(OutputFailed) as told:
            fetch(server, tmp_path)
    assert str(told.value) == f"{tmp_path}: could not be written (No space left on device)"
    assert fetch(server, tmp_path) == {}
    assert there(tmp_path) == CONTENT


def test_one_download_at_a_time_into_a_folder(server: FaultyServer, tmp_path: Path) -> None:
    told: list[str] = []

    def second() -> None:
        with pytest.raises(IchorError) as refused:
            fetch(server, tmp_path)
        told.append(str(refused.value))

    with one_at_a_time(tmp_path / PARTIAL):
        thread = threading.Thread(target=second)
        thread.start()
        thread.join()
    assert told == [f"{tmp_path}: expected no other download into it, found one in progress"]


@pytest.mark.parametrize(
    "url",
    ["ftp://a/b", "physionet.org", "", "https://", "http://a:b", "https://user:word@a/", "http://a/\nb", "http://["],
)
def test_an_invalid_address_is_reported_in_one_line(url: str, tmp_path: Path) -> None:
    with pytest.raises(IchorError, match="--url: expected an address such as https://") as told:
        Download(tmp_path / "out", url)
    assert "\n" not in str(told.value)
    assert not (tmp_path / "out").exists()


def zipped(content: dict[str, bytes], top: str = "") -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, one in content.items():
            archive.writestr(top + name, one)
    return file.getvalue()


def fetch_zip(server: FaultyServer, out: Path, name: str = "ct.zip") -> dict[str, str]:
    steps = list(Download(out, f"{server.url}/{name}", FILES, QUICK).run())
    return {one.file: one.reason for one in steps if one.reason}


@pytest.mark.parametrize("top", ["", "ct-ich-1.0.0/", "a/b/"])
def test_an_archive_is_unpacked_whatever_folder_the_dataset_is_in(
    top: str, server: FaultyServer, tmp_path: Path
) -> None:
    others = {"../outside.txt": b"!", "/etc/outside.txt": b"!", "more.txt": b"!", f"x/{ODD}": b"!"}
    server.content = {"/ct.zip": zipped({top + name: one for name, one in CONTENT.items()} | others)}
    assert fetch_zip(server, tmp_path / "out") == {}
    assert there(tmp_path) == {f"out/{path}": one for path, one in CONTENT.items()}
    assert not (tmp_path / "out" / PARTIAL).exists()
    assert server.times() == {"/ct.zip": 1}


def test_an_archive_is_known_by_its_type_too(server: FaultyServer, tmp_path: Path) -> None:
    content = zipped(CONTENT)

    def answer(request: Handler, _: bytes, times: int) -> bool:
        request.say(200, ("Content-Type", "application/zip"), body=content)
        return True

    server.odd["/get"] = answer
    assert fetch_zip(server, tmp_path, "get") == {}
    assert there(tmp_path) == CONTENT


def test_a_partial_archive_continues_where_it_was_interrupted(server: FaultyServer, tmp_path: Path) -> None:
    server.content = {"/ct.zip": zipped(CONTENT)}
    server.odd["/ct.zip"] = break_off
    assert fetch_zip(server, tmp_path) == {}
    assert server.asked == [("/ct.zip", ""), ("/ct.zip", "bytes=20000-")]
    assert there(tmp_path) == CONTENT


@pytest.mark.parametrize(
    ("member", "reason"),
    [
        (None, "found no such file in the archive"),
        (b"short", "expected 40003 bytes, found 5"),
        (b"?" * 40_003, "expected SHA-256 "),
        (b"?" * 3_000_000, "expected 40003 bytes, found more"),
    ],
)
def test_an_archive_with_a_wrong_file_is_fetched_again_and_then_reported(
    member: bytes | None, reason: str, server: FaultyServer, tmp_path: Path
) -> None:
    spoilt = {path: one for path, one in CONTENT.items() if path != ODD}
    if member is not None:
        spoilt[ODD] = member
    server.content = {"/ct.zip": zipped(spoilt)}
    (failed,) = fetch_zip(server, tmp_path).items()
    assert failed[0] == ODD and failed[1].startswith(reason)
    assert server.times() == {"/ct.zip": 2}
    assert there(tmp_path) == {path: one for path, one in CONTENT.items() if path != ODD}
    server.content = {"/ct.zip": zipped(CONTENT)}
    assert fetch_zip(server, tmp_path) == {}
    assert there(tmp_path) == CONTENT


def test_a_damaged_member_costs_only_itself(server: FaultyServer, tmp_path: Path) -> None:
    content = bytearray(zipped(CONTENT))
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        member = archive.getinfo(ODD)
    content[member.header_offset + 60 : member.header_offset + 70] = b"\xff" * 10
    server.content = {"/ct.zip": bytes(content)}
    (failed,) = fetch_zip(server, tmp_path).items()
    assert failed[0] == ODD and failed[1].startswith("found a damaged member of the archive")


def test_an_invalid_archive_is_reported_in_one_line(server: FaultyServer, tmp_path: Path) -> None:
    server.content = {"/ct.zip": b"<html>log in</html>"}
    with pytest.raises(
        UnreadableInput, match="expected a zip archive, found a problem: File is not a zip file"
    ) as told:
        fetch_zip(server, tmp_path)
    assert str(told.value).startswith(server.url)
    assert server.times() == {"/ct.zip": 2}
    assert there(tmp_path) == {}
