"""A little hostile input to a node, and the committed result of much of it."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from signals import LINUX

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "scripts"))

from node_fuzz import campaign, faults, page  # noqa: E402


@LINUX
@pytest.mark.long
def test_a_node_stands_some_hostile_input(tmp_path: Path) -> None:
    found = campaign(tmp_path, range(1001, 1061), 7, lambda _: None)
    assert len(found["outcomes"]) == 60 and faults(found) == []
    assert len({kind for kind, _ in found["outcomes"]}) >= 8
    assert found["peak_bytes"] > 2**20


def found(**changed: Any) -> dict[str, Any]:
    made_by = {"command": "c", "hardware": "h", "commit": "x", "seconds": 1.0, "seed": 0}
    lists: dict[str, Any] = {key: [] for key in ("crashes", "escaped", "lines", "undone")}
    return {"outcomes": [["paths", "HTTP 404"]], "peak_bytes": 2**27, "made_by": made_by, **lists, **changed}


@pytest.mark.parametrize(
    "changed",
    [
        {"crashes": ["the node ended"]},
        {"escaped": ["escaped"]},
        {"lines": ["Traceback"]},
        {"undone": ["receiving"]},
        {"peak_bytes": 2**31},
        {"outcomes": [["paths", "HTTP 500"]]},
    ],
    ids=str,
)
def test_what_should_not_be_is_a_fault(changed: dict[str, Any]) -> None:
    assert faults(found()) == faults(found(outcomes=[["multiparts", "HTTP 503"]])) == []
    assert len(faults(found(**changed))) == 1
    assert "| paths | 1 | HTTP 404: 1 |" in page(found())


def test_the_committed_result_has_no_fault_and_its_page_is_made_of_it() -> None:
    for file in (ROOT / "results").glob("node-fuzz/found.json"):
        content = json.loads(file.read_text())
        assert faults(content) == [] and file.with_name("README.md").read_text() == page(content)
