"""Who is excluded from overlap: ct-ich's own subject 070, whom exclusions.csv names, and nobody else."""

from __future__ import annotations

from pathlib import Path

import pytest

from ichor.dataset.ct_ich import CtIch
from ichor.dataset.ct_ich.exclusions import FILE
from ichor.errors import UnreadableInput
from ichor.evaluate.metrics import metrics_of
from ichor.evaluate.results import result_of
from paths import CT_ICH_PART
from synthetic_ct_ich import write_ct_ich, write_ct_ich_nifti
from synthetic_results import synthetic_prediction

# As both releases have it.
CHRONIC_ROW = (
    '70,5,Male,,,,1,,,Chronic Intracranial HGE ,"Special case, CT scan was after about two weeks of the accident"'
)


def test_ct_ich_excludes_only_its_chronic_subject() -> None:
    """By it neither a threshold nor an epoch is chosen: methods ask the case."""
    dataset = CtIch(CT_ICH_PART)
    assert set(dataset.excluded_from_overlap) == {"070"}
    for case in (dataset.case("070"), dataset.truth("070")):
        assert "chronic" in case.excluded_from_overlap
    assert dataset.case("051").excluded_from_overlap == ""


def test_all_of_ct_ich_excludes_only_that_subject(ct_ich: Path) -> None:
    assert list(CtIch(ct_ich).excluded_from_overlap) == ["070"]


@pytest.mark.parametrize(
    ("write", "table"),
    [(write_ct_ich, "patient_demographics.csv"), (write_ct_ich_nifti, "Patient_demographics.csv")],
)
def test_it_is_known_by_its_row_in_either_release(write, table: str, tmp_path: Path) -> None:
    root = write(tmp_path / "ct-ich", {"049": 1, "070": 1}, n_slices=2)
    lines = (root / table).read_text(encoding="utf-8").splitlines()
    kept = [line for line in lines if not line.startswith("70,")]
    (root / table).write_text("\r\n".join([*kept, CHRONIC_ROW]), encoding="utf-8")
    assert list(CtIch(root).excluded_from_overlap) == ["070"]


def test_somebody_elses_subject_070_counts_everywhere(tmp_path: Path) -> None:
    dataset = CtIch(write_ct_ich(tmp_path / "own", {"069": 1, "070": 2, "071": 0}, n_slices=3))
    assert dataset.excluded_from_overlap == {}
    cases = list(dataset.cases(dataset.subjects))
    results = [result_of(case, synthetic_prediction(case, 0.5, 1), age_years=30) for case in cases]
    found = metrics_of(results)
    assert found["excluded_from_overlap"] == {}
    assert set(found["per_subject"]) == {"069", "070"}
    assert found["dice"]["paper_average"]["n"] == 2
    assert found["lesion"]["false_per_scan"]["n"] == 3
    for name in ("slice", "scan"):
        assert found["without_excluded"][name] == found[name]


def test_a_dataset_states_which_subjects_it_excludes(tmp_path: Path) -> None:
    root = write_ct_ich(tmp_path / "own", {"009": 1, "010": 1}, n_slices=2)
    before = CtIch(root).fingerprint
    (root / FILE).write_bytes(b'\xef\xbb\xbfsubject,reason\r\n9,"operated, with a drain"\r\n')  # as a spreadsheet saves
    dataset = CtIch(root)
    assert dataset.excluded_from_overlap == {"009": "operated, with a drain"}
    assert dataset.fingerprint != before  # other figures follow from it
    case = dataset.case("009")
    assert case.excluded_from_overlap == "operated, with a drain"
    found = metrics_of(
        [result_of(one, synthetic_prediction(one, 0.5, 1), age_years=3) for one in dataset.cases(["009", "010"])]
    )
    assert found["excluded_from_overlap"] == {"009": "operated, with a drain"}
    assert set(found["per_subject"]) == {"010"}


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("", "expected a table with subject, reason, found "),
        ("who,why\n", "expected columns subject, reason, found who, why"),
        ("subject,reason\n009\n", "expected a subject and a reason in line 2, found '009'"),
        ("subject,reason\n009, \n", "expected a subject and a reason in line 2, found '009, '"),
        ("subject,reason\n009,old\n011,old\n", "expected a subject of the demographics in line 3, found '011'"),
        ("subject,reason\n009,old\n9,new\n", "expected each subject once, found 009 again in line 3"),
    ],
)
def test_an_invalid_list_is_reported_in_one_line(content: str, line: str, tmp_path: Path) -> None:
    root = write_ct_ich(tmp_path / "own", {"009": 1, "010": 1}, n_slices=2)
    (root / FILE).write_text(content, encoding="utf-8")
    with pytest.raises(UnreadableInput) as raised:
        CtIch(root).case("010")
    assert str(raised.value).startswith(f"{root / FILE}: {line}")
