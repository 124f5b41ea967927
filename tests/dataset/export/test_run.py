"""What all layouts share: going on, adding, refusing, and the terms that go with the data."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from export_sources import copy_of, export_all
from ichor.dataset.ct_ich import CtIch
from ichor.dataset.export.run import LAYOUTS, Outcome, export
from ichor.errors import IchorError
from synthetic_ct_ich import write_ct_ich


def state(out: Path) -> dict[str, tuple[int, int]]:
    """Every file under `out` with its inode and time: what was written again differs."""
    files = (file for file in out.rglob("*") if file.is_file())
    return {str(file.relative_to(out)): (file.stat().st_ino, file.stat().st_mtime_ns) for file in files}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_an_interrupted_export_continues_and_writes_no_subject_twice(layout: str, tmp_path: Path) -> None:
    dataset = copy_of("jpg", tmp_path / "data")
    under_way = export(dataset, layout, tmp_path / "out", dataset.subjects)
    assert next(under_way) == Outcome("080", written=True)
    under_way.close()
    first = {name: when for name, when in state(tmp_path / "out").items() if "080" in name}
    assert first
    assert export_all(dataset, layout, tmp_path / "out") == [Outcome("080"), Outcome("108", written=True)]
    assert first.items() <= state(tmp_path / "out").items()
    straight = tmp_path / "straight"
    export_all(dataset, layout, straight)
    assert set(state(straight)) == set(state(tmp_path / "out"))
    same = [(straight / name).read_bytes() == (tmp_path / "out" / name).read_bytes() for name in state(straight)]
    assert all(same)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_subject_cut_short_in_the_middle_is_written_again(
    layout: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = copy_of("jpg", tmp_path / "data")
    target, last_step = {
        "nnunet": ("ichor.formats.nnunet", "write_labels"),
        "bids": ("ichor.dataset.export.bids", "write_mask"),
        "dicom": ("ichor.dataset.export.dicom", "write_images"),
    }[layout]
    with monkeypatch.context() as patch:
        patch.setattr(f"{target}.{last_step}", interrupt)
        with pytest.raises(KeyboardInterrupt):
            export_all(dataset, layout, tmp_path / "out", ["080"])
    assert export_all(dataset, layout, tmp_path / "out", ["080"]) == [Outcome("080", written=True)]


def interrupt(*arguments: object) -> None:
    raise KeyboardInterrupt


def test_subjects_can_be_added_later(tmp_path: Path) -> None:
    dataset = copy_of("jpg", tmp_path / "data")
    for subject in dataset.subjects:
        export_all(dataset, "bids", tmp_path / "out", [subject])
    participants = (tmp_path / "out" / "participants.tsv").read_text().splitlines()
    assert [line.split("\t")[0] for line in participants] == ["participant_id", "sub-080", "sub-108"]


def test_a_subject_that_cannot_be_read_does_not_stop_the_others(tmp_path: Path) -> None:
    dataset = copy_of("jpg", tmp_path / "data")
    broken = dataset.root / "Patients_CT" / "080" / "brain" / "2.jpg"
    broken.write_bytes(b"no image")
    outcomes = export_all(dataset, "nnunet", tmp_path / "out")
    assert [(one.subject, one.written) for one in outcomes] == [("080", False), ("108", True)]
    assert outcomes[0].reason.startswith(f"{broken}: expected a JPEG image, found ")
    described = json.loads(next((tmp_path / "out").rglob("dataset.json")).read_text())
    assert described["numTraining"] == 1


def test_a_folder_with_anything_else_is_refused_and_left_as_it_was(tmp_path: Path) -> None:
    dataset = copy_of("jpg", tmp_path / "data")
    out = tmp_path / "out"
    out.mkdir()
    (out / "thesis.txt").write_text("mine")
    wanted = f"{out}: expected no such folder, or an earlier export of the same dataset as bids to continue; found "
    with pytest.raises(IchorError) as refused:
        export_all(dataset, "bids", out)
    assert str(refused.value) == f"{wanted}a folder with other content"
    assert [file.name for file in out.iterdir()] == ["thesis.txt"]
    shutil.rmtree(out)
    out.write_text("a file")
    with pytest.raises(IchorError) as refused:
        export_all(dataset, "bids", out)
    assert str(refused.value) == f"{wanted}a file"


def test_an_export_of_other_data_or_in_another_layout_is_refused(tmp_path: Path) -> None:
    dataset = copy_of("jpg", tmp_path / "data")
    export_all(dataset, "nnunet", tmp_path / "out", ["108"])
    with pytest.raises(IchorError, match="found one with layout nnunet, not bids"):
        export_all(dataset, "bids", tmp_path / "out")
    other = CtIch(write_ct_ich(tmp_path / "other", {"049": 1}, n_slices=1))
    with pytest.raises(IchorError, match="found one with fingerprint"):
        export_all(other, "nnunet", tmp_path / "out")


def test_an_unknown_subject_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    dataset = copy_of("jpg", tmp_path / "data")
    with pytest.raises(IchorError, match="expected a subject of the dataset, found '999'"):
        export_all(dataset, "nnunet", tmp_path / "out", ["080", "999"])
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("kind", "terms"), [("jpg", "CC BY 4.0"), ("nifti", "PhysioNet Restricted Health Data License")]
)
def test_attribution_license_and_caveats_go_with_the_data(kind: str, terms: str, tmp_path: Path) -> None:
    dataset = copy_of(kind, tmp_path / "data")
    export_all(dataset, "nnunet", tmp_path / "out", ["108"])
    said = (tmp_path / "out" / "README.md").read_text()
    assert "Hssayeni M." in said and terms in said and "not a medical device" in said
    assert ("nominal and unverified" in said) == (kind == "jpg")
    assert terms in (tmp_path / "out" / "LICENSE").read_text()
    (dataset.root / "LICENSE.txt").write_text("all of it")
    export_all(dataset, "nnunet", tmp_path / "again", ["108"])
    assert (tmp_path / "again" / "LICENSE").read_text() == "all of it"
