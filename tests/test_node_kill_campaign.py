"""A small slice of the campaign of kills on a node, and the committed result of the whole one."""

from __future__ import annotations

import json
import random
import sys
from pathlib import Path

import pytest
from pydicom.dataset import Dataset

from node_parts import Pacs
from signals import LINUX
from synthetic_messages import Request

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "scripts"))

from disturbed_node import Study, check, check_alerts, new_study  # noqa: E402
from node_kill_campaign import battle, faults, page  # noqa: E402

RESULT = ROOT / "results" / "node-kill"


@LINUX
@pytest.mark.long
def test_nothing_is_lost_or_duplicated_by_a_few_kills() -> None:
    found = {"kills": [], "checks": [], "tries": 0, "made_by": {"seed": 7}}
    battle(found, 4, lambda _: None)
    assert len(found["kills"]) == 4 and found["checks"][0]["images"] >= 4 * 6
    assert faults(found) == []
    text = page({**found, "made_by": {"command": "", "hardware": "", "commit": "", "seconds": 0, "seed": 7}})
    assert "| a study that alerted under two keys | 0 |" in text


def test_alerts_that_are_lost_duplicated_or_repeated_are_found() -> None:
    study = new_study(random.Random(1))

    def alert(key: str) -> Request:
        body = json.dumps({"data": {"study_uid": study.uid}}).encode()
        return Request("/", {"idempotency-key": key}, body)

    assert check_alerts([study], []) == ([study.uid], [], 0)
    assert check_alerts([study], [alert("a")]) == ([], [], 0)
    assert check_alerts([study], [alert("a"), alert("a")]) == ([], [], 1)
    assert check_alerts([study], [alert("a"), alert("b")]) == ([], [study.uid], 0)


def segmentation(study: Study, images: set[str]) -> Dataset:
    one, series = Dataset(), Dataset()
    one.StudyInstanceUID = study.uid
    series.ReferencedInstanceSequence = []
    for uid in images:
        item = Dataset()
        item.ReferencedSOPInstanceUID = uid
        series.ReferencedInstanceSequence.append(item)
    one.ReferencedSeriesSequence = [series]
    return one


def test_lost_and_duplicated_studies_are_found() -> None:
    study = new_study(random.Random(1))
    uids = {str(one.SOPInstanceUID) for one in study.images}
    with Pacs() as pacs:
        assert check([study], pacs) == ([study.uid], [])
        study.acknowledged = uids
        pacs.objects["1"] = segmentation(study, set(list(uids)[1:]))
        assert check([study], pacs) == ([study.uid], []), "an image is in no result"
        pacs.objects["2"] = segmentation(study, uids)
        assert check([study], pacs) == ([], [])
        pacs.objects["3"] = segmentation(study, uids)
        assert check([study], pacs) == ([], [study.uid])


def test_the_committed_result_has_no_fault_and_its_page_is_made_of_it() -> None:
    found = json.loads((RESULT / "found.json").read_text())
    assert found["kills"] and faults(found) == []
    assert {row["phase"] for row in found["kills"]} == {"receive", "analyse", "write", "deliver"}
    assert (RESULT / "README.md").read_text() == page(found)
