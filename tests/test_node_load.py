"""A small load on a node, and the committed result of the large one."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from signals import LINUX

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "scripts"))

from loaded_node import throughput, under_load, write_studies  # noqa: E402
from node_load import faults, page, percentile  # noqa: E402


@LINUX
@pytest.mark.long
def test_every_study_of_a_small_load_gets_a_result(storescu: str, orthanc: object, tmp_path: Path) -> None:
    studies = write_studies(tmp_path / "studies", 2)
    load = under_load(tmp_path, studies, 2, lambda _: None)
    assert load["counts"] == {"delivered": 2} and load["images"] == 26 and len(load["waits_s"]) == 2
    assert load["peak_bytes"]["node"] > 2**20 and "worker" in load["peak_bytes"]
    assert all(wait >= load["quiet_s"] for wait in load["waits_s"])
    rates = throughput(tmp_path, studies, 2, 1)
    assert set(rates) == {"node", "storescp", "orthanc"} and all(rate[0] > 0 for rate in rates.values())


def found(node: float = 90.0, done: int = 2) -> dict[str, Any]:
    load = {
        **{"studies": 2, "images": 26, "associations": 8, "quiet_s": 5.0, "push_s": 1.0, "drained_s": 9.0},
        **{
            "counts": {"delivered": done},
            "waits_s": [9.0, 7.0],
            "analysis_s": [2.0, 2.0],
            "peak_bytes": {"node": 2**27},
        },
    }
    made_by = {"command": "c", "hardware": "h", "commit": "x", "seconds": 1.0}
    speed = {"node": [node], "storescp": [100.0], "orthanc": [50.0]}
    return {"load": load, "bytes": 2**20, "throughput": speed, "made_by": made_by}


def test_a_queue_that_does_not_drain_and_a_slow_listener_are_faults() -> None:
    assert faults(found()) == []
    assert "found {'delivered': 1}" in faults(found(done=1))[0]
    assert "found 0.79" in faults(found(node=79))[0]
    said = page(found())
    assert "first study | 7.0 s" in said and "95th percentile | 9 s" in said and "| the node | 128 MiB |" in said


def test_percentiles_are_by_nearest_rank() -> None:
    values = [float(k) for k in range(1, 101)]
    assert percentile(values, 0.95) == 95 and percentile(values[:1], 0.95) == 1 and percentile(values[:20], 0.95) == 19


def test_the_committed_result_has_no_fault_and_its_page_is_made_of_it() -> None:
    for file in (ROOT / "results").glob("node-load/found.json"):
        content = json.loads(file.read_text())
        assert faults(content) == [] and file.with_name("README.md").read_text() == page(content)
