"""Which cluster is meant, and how much memory a worker needs."""

from __future__ import annotations

import numpy as np
import pytest

from ichor.archive import memory
from ichor.archive.cluster import Where, where, workers_here
from ichor.archive.memory import LEAST_BYTES, needed_bytes, require_room, why_too_small
from ichor.archive.work import Guarded
from ichor.errors import Code, IchorError
from ichor.scan import Scan
from synthetic_scans import synthetic_head, threshold_screener


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("local", Where(None)),
        ("local:3", Where(None, 3)),
        ("127.0.0.1:8786", Where("tcp://127.0.0.1:8786")),
        ("tls://scheduler.example:8786/", Where("tls://scheduler.example:8786")),
        ("tcp://[::1]:8786", Where("tcp://[::1]:8786")),
    ],
)
def test_a_cluster_is_local_or_has_an_address(text: str, meant: Where) -> None:
    assert where(text) == meant


@pytest.mark.parametrize(
    "text", ["", "local:0", "local:-1", "locals", "scheduler", "http://a:1", "tls://a:b", "tcp://a"]
)
def test_anything_else_is_refused_in_a_line_that_shows_it(text: str) -> None:
    with pytest.raises(IchorError, match="expected local, local:N") as caught:
        where(text)
    assert str(caught.value).endswith(f"found {text}") and "\n" not in str(caught.value)


def test_no_more_workers_are_started_than_fit_into_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    import distributed.system

    monkeypatch.setattr(distributed.system, "MEMORY_LIMIT", 3 * LEAST_BYTES + 1)
    monkeypatch.setattr("os.cpu_count", lambda: 8)
    assert workers_here(None, 100) == 3
    assert workers_here(None, 2) == 2
    assert workers_here(3, 100) == 3
    with pytest.raises(IchorError, match=r"local:4: expected 1024 MiB .*, found 3072 MiB in total: local:3 fits"):
        workers_here(4, 100)


def test_a_worker_with_too_little_memory_is_not_used() -> None:
    assert why_too_small(LEAST_BYTES) is None
    assert why_too_small(500 * 2**20) == "expected at least 1024 MiB of memory, found 500 MiB"


def test_a_scan_that_does_not_fit_into_a_worker_is_refused_before_it_is_screened() -> None:
    scan = synthetic_head(n=8, size=64)
    screener = threshold_screener()
    enough = int(needed_bytes(scan) / memory.USABLE) + 1
    about = {"name": "a", "path": None, "made_by": screener.screen(scan).findings.made_by, "read_s": 0.0}
    assert Guarded(screener, enough).result(scan, **about).findings.hemorrhage.present
    large = Scan(voxels=np.broadcast_to(scan.voxels[:1, :1, :1], (2000, 512, 512)), source=scan.source)
    with pytest.raises(IchorError, match=r"in 2048 MiB .* found 512 x 512 x 2000 voxels") as caught:
        require_room(large, 2 * 1024**3)
    assert caught.value.code is Code.TOO_LARGE
