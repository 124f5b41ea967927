"""Small parts of what shows how archives are screened: the scans, the speed, the kills and the simulation."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import urllib.request
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from urllib.error import HTTPError

import nibabel
import numpy as np
import pytest

from ichor.read import open_scan
from paths import CT_ICH_PART
from ports import free_port

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "scripts"))

import archive_kill  # noqa: E402
import archive_simulation  # noqa: E402
import archive_speed  # noqa: E402
from archive_scans import SIZE, as_nifti, made, subjects, write  # noqa: E402
from archive_simulation import Assumed, simulate  # noqa: E402

NEVER = Assumed(worker_h=1e12, scheduler_h=1e12)
MEASURED = {"scan_s": [1.0, 1.5, 2.0, 1.5], "hand_out_s": 0.01, "start_s": 5.0}


def test_each_scan_is_another_and_always_the_same(tmp_path: Path) -> None:
    paths = subjects(CT_ICH_PART)
    one, same, other = made(paths, 3), made(paths, 3), made(paths, 3 + len(paths))
    assert np.array_equal(one, same) and one.shape == other.shape and not np.array_equal(one, other)
    write(paths, tmp_path / "in", 4)
    scan = open_scan(tmp_path / "in" / "scan-00003.nii")
    assert scan.voxels.shape == one.shape == (len(one), SIZE, SIZE)
    assert np.array_equal(np.sort(np.asarray(scan.hu), axis=None), np.sort(one, axis=None))


def test_the_server_makes_them_when_they_are_asked_for(tmp_path: Path) -> None:
    port = free_port()
    words = [str(ROOT / "scripts" / "archive_scans.py"), "--data", str(CT_ICH_PART), "--port", str(port)]
    with subprocess.Popen([sys.executable, *words], stdout=subprocess.PIPE) as server:
        try:
            assert server.stdout is not None and server.stdout.readline()
            address = f"http://127.0.0.1:{port}/scan-00007.nii"
            with urllib.request.urlopen(urllib.request.Request(address, method="HEAD")) as head:
                size = int(head.headers["Content-Length"])
            with urllib.request.urlopen(address) as answer:
                content = answer.read()
            with pytest.raises(HTTPError, match="404"):
                urllib.request.urlopen(f"http://127.0.0.1:{port}/../etc/passwd")
        finally:
            server.terminate()
    assert content == as_nifti(made(subjects(CT_ICH_PART), 7)) and len(content) == size
    (tmp_path / "a.nii").write_bytes(content)
    assert nibabel.load(tmp_path / "a.nii").shape[:2] == (SIZE, SIZE)


@pytest.mark.long
def test_every_way_to_screen_is_measured() -> None:
    found = archive_speed.measured(CT_ICH_PART, 3, 1)
    assert [row["way"] for row in found["runs"]] == list(archive_speed.WAYS)
    assert len(found["scan_s"]) == 3 and all(row["seconds"] > row["first_s"] > 0 for row in found["runs"])
    made_by = {"command": "-", "hardware": "-", "commit": "-", "seconds": 1}
    assert "| plain loop |" in archive_speed.page({**found, "made_by": made_by})
    measured = archive_simulation.measured_by(found)
    assert measured["scan_s"] == found["scan_s"] and measured["hand_out_s"] >= 0


@pytest.mark.long
def test_a_run_whose_worker_and_scheduler_are_killed_loses_and_doubles_nothing() -> None:
    found = archive_kill.campaign(CT_ICH_PART, 10, 1, 1, 7)  # the scheduler after 3 scans, well before the end
    assert sorted(row["killed"] for row in found["kills"]) == ["scheduler", "worker"]
    assert found["commands"] == 2 and len(found["compared"]) == 10
    assert not [fault for fault in archive_kill.faults(found) if not fault.startswith("memory")], found


def test_what_is_lost_doubled_or_growing_is_said() -> None:
    none = {"lost": [], "doubled": [], "twice": [], "refused": [], "different": []}
    flat = {kind: [100.0, 200.0, 210.0, 220.0] for kind in ("command", "scheduler", "worker")}
    assert archive_kill.faults({**none, "memory": flat}) == []
    growing = {**flat, "worker": [100.0, 200.0, 220.0, 240.0]}
    assert archive_kill.faults({**none, "memory": growing}) == ["memory of the worker grew from 200 to 240 MiB"]
    assert archive_kill.faults({**none, "twice": ["scan-00001"], "memory": flat}) == ["twice: ['scan-00001']"]


def test_without_failures_the_simulation_takes_as_long_as_arithmetic_says() -> None:
    mean, scans = statistics.mean(MEASURED["scan_s"]), 40_000
    one = simulate(MEASURED, NEVER, scans, 1, 1, 0)
    assert one["hours"] == pytest.approx((5 + scans * (mean + 0.01)) / 3600, rel=0.01)
    ten = simulate(MEASURED, NEVER, scans, 10, 1, 0)
    assert ten["hours"] == pytest.approx(one["hours"] / 10, rel=0.05)
    too_many = simulate(MEASURED, NEVER, scans, 400, 1, 0)  # one command hands out 100 scans a second
    assert too_many["hours"] == pytest.approx(scans * 0.01 / 3600, rel=0.1)
    assert simulate(MEASURED, NEVER, scans, 400, 4, 0)["hours"] < 0.5 * too_many["hours"]
    assert one["done"] == ten["done"] == scans and one["lost_workers"] == one["lost_schedulers"] == 0


def test_failures_cost_time_and_lose_no_scan() -> None:
    calm = simulate(MEASURED, NEVER, 40_000, 10, 2, 0)
    lost = simulate(MEASURED, replace(NEVER, worker_h=0.5), 40_000, 10, 2, 0)
    assert lost["done"] == calm["done"] == 40_000
    assert lost["lost_workers"] == pytest.approx(2 * 10 * lost["hours"], rel=0.5)
    assert lost["hours"] > calm["hours"] and lost["begun_again"] >= lost["lost_workers"] - 10
    down = simulate(MEASURED, replace(NEVER, scheduler_h=0.2, restart_s=360), 40_000, 10, 1, 0)
    assert down["lost_schedulers"] > 1 and down["done"] == 40_000
    assert down["hours"] >= calm["hours"] + 0.08 * down["lost_schedulers"]
    assert simulate(MEASURED, replace(NEVER, worker_h=0.5), 40_000, 10, 2, 0) == lost


@pytest.mark.parametrize(
    ("name", "module"),
    [("speed", archive_speed), ("kill", archive_kill), ("scaling", archive_simulation)],
    ids=["speed", "kill", "scaling"],
)
def test_a_committed_page_is_made_of_what_was_found(name: str, module: ModuleType) -> None:
    for file in (ROOT / "results").glob(f"archive-{name}/found.json"):
        found = json.loads(file.read_text())
        assert file.with_name("README.md").read_text() == module.page(found)
        if name == "kill":
            assert archive_kill.faults(found) == []
