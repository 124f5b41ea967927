"""`ichor screen --cluster` as a process: the same results as without it, whatever ends meanwhile."""

from __future__ import annotations

import contextlib
import http.client
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb
import psutil
import pytest

from ports import free_port

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

from dask_processes import DaskProcesses  # noqa: E402
from disturbed_batches import Place, left_over, write_inputs  # noqa: E402

pytestmark = pytest.mark.long

DOCUMENT = (ROOT / "docs" / "how-to" / "screen-an-archive.md").read_text()

HANG_S = 300


@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Eight scans, screened without a cluster."""
    root = tmp_path_factory.mktemp("usual")
    inputs = write_inputs(root / "in")
    for name in ("a.nii.gz", "b.zip", "c.zip", "d.nii.gz"):
        shutil.copyfile(inputs / name, inputs / f"again-{name}")
    place = Place(inputs, root / "out", root / "temporary")
    place.run("--threads", "1")
    return place


@pytest.fixture
def place(usual: Place, tmp_path: Path) -> Place:
    """The same scans, to be screened again elsewhere."""
    return Place(usual.inputs, tmp_path / "out", tmp_path / "temporary")


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[DaskProcesses]:
    """A scheduler and a worker that are there already."""
    with DaskProcesses(tmp_path / "dask", free_port()) as one:
        yield one


def screen(place: Place, *words: str) -> subprocess.CompletedProcess[str]:
    process = place.start(*words, mark="cluster")
    said, errors = process.communicate(timeout=HANG_S)
    assert "Traceback" not in errors
    return subprocess.CompletedProcess(process.args, process.returncode, said, errors)


def begun(place: Place, *words: str, until: Callable[[str], bool], mark: str = "cluster") -> subprocess.Popen[str]:
    """The command once it has said a line of that kind; it has a terminal's processes to itself."""
    process = place.start(*words, mark=mark)
    assert process.stderr is not None
    for line in process.stderr:
        if until(line):
            return process
    raise AssertionError(process.communicate())


def second_scan(line: str) -> bool:
    return line.startswith("[2/")


def manifest(place: Place, columns: str = "scan, status") -> list[tuple[object, ...]]:
    return duckdb.sql(f"SELECT {columns} FROM '{place.out / 'manifest.parquet'}' ORDER BY scan").fetchall()


@pytest.mark.parametrize("workers", [1, 2])
def test_results_are_those_without_a_cluster_whatever_the_number_of_workers(
    usual: Place, place: Place, workers: int
) -> None:
    done = screen(place, "--cluster", f"local:{workers}", "--threads", str(workers))
    assert done.returncode == 0, done.stderr
    assert place.results() == usual.results() and len(usual.results()) == 8
    assert place.summary() == usual.summary()
    assert not place.leftovers()
    assert manifest(place) == [(name, "done") for name in sorted(usual.results())]
    again = screen(place, "--cluster", f"local:{workers}", "--threads", str(workers))
    assert again.returncode == 0 and again.stderr.count("(done before)") == 8


def test_bad_scans_are_refused_by_kind_and_the_others_are_screened(usual: Place, place: Place, tmp_path: Path) -> None:
    inputs = tmp_path / "in"
    inputs.mkdir()
    shutil.copyfile(usual.inputs / "a.nii.gz", inputs / "a.nii.gz")
    (inputs / "bad.nii.gz").write_bytes(b"no scan")
    (inputs / "worse.nii.gz").write_bytes(b"no scan either")
    (inputs / "list.txt").write_text("a.nii.gz\nbad.nii.gz\nworse.nii.gz\nmissing\n")
    done = screen(Place(inputs / "list.txt", place.out, place.temporary), "--cluster", "local:1")
    assert done.returncode == 1
    lines = done.stderr.splitlines()
    kinds = lines.index("failed: unreadable (2)"), lines.index("failed: not found (1)")
    assert kinds[0] + 3 == kinds[1] == len(lines) - 2
    assert manifest(place, "scan, status, code") == [
        ("a", "done", None),
        ("bad", "refused", "unreadable"),
        ("missing", "refused", "not found"),
        ("worse", "refused", "unreadable"),
    ]


@pytest.mark.parametrize("how", ["ctrl-c", "kill"])
def test_an_interrupted_or_killed_command_continues_and_leaves_no_process(usual: Place, place: Place, how: str) -> None:
    process = begun(place, "--cluster", "local:2", "--threads", "2", until=second_scan, mark=f"{os.getpid()}-{how}")
    before = sorted(one.name for one in place.out.iterdir() if (one / "findings.json").is_file())
    assert pages_of(process) == set()
    process.send_signal(signal.SIGINT if how == "ctrl-c" else signal.SIGKILL)
    _, errors = process.communicate(timeout=HANG_S)
    assert process.returncode == (130 if how == "ctrl-c" else -signal.SIGKILL)
    if how == "ctrl-c":
        assert "of 8 scans left; run again to continue" in errors.splitlines()[-1] and "Traceback" not in errors
        assert not place.leftovers()
    assert not left_over(f"{os.getpid()}-{how}", within_s=30)
    assert len(before) >= 2
    made = {name: (place.out / name / "findings.json").stat().st_mtime_ns for name in before}
    done = screen(place, "--cluster", "local:2", "--threads", "2")
    assert done.returncode == 0 and place.results() == usual.results()
    assert made == {name: (place.out / name / "findings.json").stat().st_mtime_ns for name in before}
    assert manifest(place) == [(name, "done") for name in sorted(usual.results())]


def pages_of(process: subprocess.Popen[str]) -> set[str]:
    """What anyone on this machine can read about the scans from the cluster of a command; it listens nowhere else."""
    command = psutil.Process(process.pid)
    sockets = [one for each in (command, *command.children(recursive=True)) for one in each.net_connections("tcp")]
    ports = [one.laddr for one in sockets if one.status == psutil.CONN_LISTEN]
    assert len(ports) >= 3 and {port.ip for port in ports} == {"127.0.0.1"}
    found = set()
    for port in ports:
        for path in ("/info/main/workers.html", "/json/counts.json", "/metrics", "/statics/"):
            with contextlib.suppress(OSError, http.client.HTTPException):
                urllib.request.urlopen(f"http://127.0.0.1:{port.port}{path}", timeout=10)
                found.add(path)
    return found


def test_ctrl_c_in_a_terminal_while_workers_start_ends_all_of_them_in_one_line(place: Place) -> None:
    """A terminal sends it to every process of the command."""
    pipe = subprocess.PIPE
    taken = socket.socket()  # Dask's usual port for its pages can be in use
    with contextlib.suppress(OSError):
        taken.bind(("127.0.0.1", 8787))
        taken.listen()
    process = subprocess.Popen(
        place.command("--cluster", "local:2"), stdout=pipe, stderr=pipe, text=True, start_new_session=True
    )
    here, until = psutil.Process(process.pid), time.monotonic() + HANG_S
    while not any("spawn_main" in " ".join(one.cmdline()) for one in here.children()):
        assert process.poll() is None and time.monotonic() < until
        time.sleep(0.01)
    started = here.children(recursive=True)
    os.killpg(process.pid, signal.SIGINT)
    said, errors = process.communicate(timeout=HANG_S)
    taken.close()
    assert process.returncode == 130 and said == ""
    assert errors.splitlines() == ["ichor: interrupted with 8 of 8 scans left; run again to continue"]
    psutil.wait_procs(started, timeout=30)
    assert not [one for one in started if one.is_running()]


def test_a_worker_that_is_killed_is_replaced_and_its_scan_screened_by_another(
    usual: Place, place: Place, cluster: DaskProcesses
) -> None:
    process = begun(place, "--cluster", cluster.address, until=second_scan)
    killed = cluster.kill_worker(0)
    _, errors = process.communicate(timeout=HANG_S)
    assert killed is not None and process.returncode == 0, errors
    assert place.results() == usual.results()


def test_losing_the_scheduler_ends_the_command_and_the_same_command_continues(
    usual: Place, place: Place, cluster: DaskProcesses
) -> None:
    process = begun(place, "--cluster", cluster.address, until=second_scan)
    cluster.lose_scheduler()
    _, errors = process.communicate(timeout=HANG_S)
    assert process.returncode == 2 and "Traceback" not in errors
    assert "the scheduler of the cluster was lost" in errors.splitlines()[-1]
    done = screen(place, "--cluster", cluster.address)
    assert done.returncode == 0 and done.stderr.count("(done before)") >= 2
    assert place.results() == usual.results()


def test_a_worker_with_too_little_memory_is_named_and_not_used(
    usual: Place, place: Place, cluster: DaskProcesses
) -> None:
    cluster.add_worker(memory="500MiB")
    time.sleep(3)  # so that the scheduler knows both
    done = screen(place, "--cluster", cluster.address)
    assert done.returncode == 0 and place.results() == usual.results()
    (line,) = [one for one in done.stderr.splitlines() if "cannot be used" in one]
    reason = "expected at least 1024 MiB of memory, found 500 MiB"
    assert line.endswith(f"cannot be used and was removed from the cluster: {reason}")


def test_a_cluster_without_a_usable_worker_is_refused(place: Place, tmp_path: Path) -> None:
    with DaskProcesses(tmp_path / "dask", free_port(), memory="500MiB") as cluster:
        done = screen(place, "--cluster", cluster.address)
    assert done.returncode == 2
    reason = "expected at least 1024 MiB of memory, found 500 MiB"
    assert done.stderr.splitlines()[-1] == f"ichor: expected a worker that can be used, found none: {reason}"


def test_a_missing_scheduler_is_reported_in_one_line(place: Place) -> None:
    environment = {**os.environ, "DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "1s"}
    address = f"127.0.0.1:{free_port()}"
    command = place.command("--cluster", address)
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=HANG_S)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"ichor: tcp://{address}: expected a Dask scheduler, found none")


def test_a_cluster_with_tls_is_used_as_the_documentation_says(
    usual: Place, place: Place, tmp_path: Path, openssl: str
) -> None:
    document = DOCUMENT.replace("/shared/ichor", str(tmp_path))
    (make,) = re.findall(r"^openssl req .*?[^\\]$", document, re.MULTILINE | re.DOTALL)
    (config,) = re.findall(r"^```yaml\n(distributed:.*?)^```", document, re.MULTILINE | re.DOTALL)
    subprocess.run([openssl, *shlex.split(make.replace("\\\n", " "))[1:]], check=True, capture_output=True)
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "ichor.yaml").write_text(config)
    configured = {**os.environ, "DASK_CONFIG": str(tmp_path / "config")}
    with DaskProcesses(
        tmp_path / "dask", free_port(), security=("--protocol", "tls"), environment=configured
    ) as cluster:
        without, done = (
            subprocess.run(
                place.command("--cluster", cluster.address),
                capture_output=True,
                text=True,
                check=False,
                env=environment,
                timeout=HANG_S,
            )
            for environment in (os.environ, configured)
        )
    assert without.returncode == 2 and without.stderr.startswith(f"ichor: {cluster.address}: expected certificates")
    assert len(without.stderr.splitlines()) == 1
    assert done.returncode == 0 and place.results() == usual.results(), done.stderr


def test_nothing_of_the_local_cluster_can_be_reached_from_another_machine_or_without_its_certificate(
    place: Place,
) -> None:
    process = begun(place, "--cluster", "local:1", until=lambda line: line.startswith("[1/"))
    here = psutil.Process(process.pid)
    listening = [
        one.laddr
        for each in (here, *here.children(recursive=True))
        for one in each.net_connections()
        if one.status == "LISTEN"
    ]
    assert listening and {one.ip for one in listening} == {"127.0.0.1"}
    with ThreadPoolExecutor(len(listening)) as pool:
        assert all(pool.map(refuses_strangers, (one.port for one in listening)))
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=HANG_S)


def refuses_strangers(port: int) -> bool:
    """Whether no client of Dask without the certificate is served at a port."""
    from distributed import Client

    try:
        Client(f"tcp://127.0.0.1:{port}", timeout="1s").close()
    except OSError:
        return True
    return False


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("--cluster", "local", "--workers", "2"), "expected either --workers or --cluster, found both"),
        (("--cluster", "somewhere"), "--cluster: expected local, local:N for N workers"),
        (("--cluster", "127.0.0.1:1", "--threads", "2"), "--threads: expected none with a cluster"),
    ],
    ids=["workers", "no address", "threads"],
)
def test_wrong_use_is_reported_in_one_line(place: Place, words: tuple[str, ...], line: str) -> None:
    done = screen(place, *words)
    assert done.returncode == 2 and done.stderr.startswith(f"ichor: {line}") and len(done.stderr.splitlines()) == 1


def test_the_queries_of_the_documentation_find_what_they_say(
    usual: Place, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    older, queries = usual.inputs / "a.nii.gz", re.findall(r"^```sql\n(.*?)^```", DOCUMENT, re.MULTILINE | re.DOTALL)
    place.out.parent.joinpath("list.csv").write_text(
        f"path,age\n{older},66\n{usual.inputs / 'd.nii.gz'},65\n{usual.inputs / 'c.zip'},80\nmissing,90\n"
    )
    asked = Place(place.out.parent / "list.csv", place.out.parent / "archive", place.temporary)
    assert screen(asked, "--cluster", "local:1").returncode == 1
    monkeypatch.chdir(asked.out.parent)
    large, refused = (duckdb.sql(one.rstrip().rstrip(";")).fetchall() for one in queries)
    ((scan, age, volume_ml, probability),) = large  # the second patient is younger, and the third bled less
    assert (scan, age) == ("a", 66) and volume_ml > 10 and 0 < probability <= 1
    assert [row[:2] for row in refused] == [("not found", 1)]
