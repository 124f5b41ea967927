"""Screening one scan and many: what is written, what is skipped, and what a failure costs."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import nibabel
import numpy as np
import pytest
from PIL import Image
from pydicom.uid import generate_uid

from ichor.errors import IchorError
from ichor.findings.schema import Findings
from ichor.read.base import ReadOptions
from ichor.screening.batch import plan, screen_batch
from ichor.screening.inputs import find_scans
from ichor.screening.job import Job
from ichor.screening.out_folder import write_batch
from ichor.screening.outcome import Outcome
from ichor.screening.pipeline import screen_scan
from ichor.screening.screener import Screener
from ichor.windows import BRAIN
from phantom import head
from synthetic_dicom import ct_slices, hu_of_head
from synthetic_dicom import save as save_dicom
from synthetic_scans import (
    ThresholdMethod,
    load_and_die,
    load_and_log,
    load_and_panic,
    load_and_refuse,
    threshold_screener,
    write_synthetic_nifti,
)

SMALL = {"n": 8, "size": 64, "pixel_mm": (3.2, 3.2), "distances_mm": 14.0}


def made(folder: Path, *names: str) -> list[Path]:
    folder.mkdir(exist_ok=True)
    return [write_synthetic_nifti(folder / f"{name}.nii.gz", **SMALL) for name in names]


def save(folder: Path, slices: np.ndarray) -> Path:
    """Slices as a folder of images, an input that is a folder itself."""
    folder.mkdir()
    for k, pixels in enumerate(slices, 1):
        Image.fromarray(pixels).save(folder / f"{k}.png")
    return folder


def run(paths: list[Path], out: Path, lowest_hu: str = "60", **how: object) -> dict[str, Outcome]:
    out.mkdir(exist_ok=True)
    jobs = plan(paths, out, ReadOptions(), method_sha256=lowest_hu)
    outcomes = list(screen_batch(jobs, partial(threshold_screener, lowest_hu), **how))  # type: ignore[arg-type]
    write_batch(out, outcomes)
    return {one.job.folder.name: one for one in outcomes}


def rows(out: Path) -> dict[str, dict[str, str]]:
    with (out / "summary.csv").open(newline="") as file:
        return {row["scan"]: row for row in csv.DictReader(file)}


def hidden(out: Path) -> Iterator[Path]:
    return out.glob(".*")


def test_one_scan_gets_its_folder(tmp_path: Path) -> None:
    (path,) = made(tmp_path, "head")
    job = Job(path, tmp_path / "out" / "head", ReadOptions(), outputs=("report", "nifti", "probability"))
    found = screen_scan(job, threshold_screener())
    assert {one.name for one in job.folder.iterdir()} == {
        "findings.json",
        "mask.nii.gz",
        "probability.nii.gz",
        "report.html",
    }
    written = Findings.model_validate_json((job.folder / "findings.json").read_text())
    assert written == found
    assert found.timing_s.total >= found.timing_s.write > 0
    assert found.made_by.packages["ichor-ct"]
    mask = nibabel.load(job.folder / "mask.nii.gz")
    source = nibabel.load(path)
    marked, blood = np.asarray(mask.dataobj) == 1, np.asarray(source.dataobj) == 65
    assert not np.any(marked & ~blood) and marked.sum() == found.hemorrhage.volume_px > 0.8 * blood.sum()
    assert np.allclose(mask.affine, source.affine, atol=1e-4)
    assert not list(hidden(tmp_path / "out"))


def test_results_are_private_to_the_owner(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        run(made(tmp_path / "in", "a", "crash"), tmp_path / "out")
    finally:
        os.umask(before)
    written = list((tmp_path / "out").rglob("*"))
    modes = {one.relative_to(tmp_path / "out").as_posix(): oct(one.stat().st_mode & 0o777) for one in written}
    assert modes == {
        "a": "0o700",
        "a/findings.json": "0o600",
        "a/mask.nii.gz": "0o600",
        "a/report.html": "0o600",
        "errors.log": "0o600",
        "summary.csv": "0o600",
    }


def test_one_bad_scan_does_not_stop_the_rest(tmp_path: Path) -> None:
    paths = made(tmp_path / "in", "a", "crash", "z")
    broken = tmp_path / "in" / "broken.nii.gz"
    broken.write_bytes(b"no nifti")
    outcomes = run([*paths, broken, tmp_path / "missing"], tmp_path / "out")
    assert {name: one.status for name, one in outcomes.items()} == {
        "a": "done",
        "crash": "failed",
        "z": "done",
        "broken": "failed",
        "missing": "failed",
    }
    assert "expected" in outcomes["broken"].reason and "\n" not in outcomes["broken"].reason
    assert not list(hidden(tmp_path / "out"))
    table = rows(tmp_path / "out")
    assert set(table) == set(outcomes)
    assert table["a"]["present"] == "yes" and float(table["a"]["volume_ml"]) > 10
    assert table["a"]["report"] == "a/report.html" and (tmp_path / "out" / "a" / "report.html").exists()
    assert table["missing"]["reason"] and table["missing"]["volume_ml"] == ""


def test_an_unforeseen_error_says_where_it_arose_and_nothing_of_the_patient(tmp_path: Path) -> None:
    outcomes = run(made(tmp_path / "in", "crash"), tmp_path / "out")
    log = (tmp_path / "out" / "errors.log").read_text()
    assert "RuntimeError" in outcomes["crash"].reason and "errors.log" in outcomes["crash"].reason
    assert "synthetic_scans.py" in log and "in predict" in log
    for text in (log, outcomes["crash"].reason, (tmp_path / "out" / "summary.csv").read_text()):
        assert "DOE" not in text and "1961" not in text


def test_a_failure_stays_in_the_summary_until_there_is_a_result(tmp_path: Path) -> None:
    """Of a scan that no later run screens: what another run into the same folder could not do must not go unseen."""
    out = tmp_path / "out"
    (crash,) = made(tmp_path / "in", "crash")
    run([crash, tmp_path / "missing"], out)
    log = (out / "errors.log").read_text()
    run(made(tmp_path / "in", "a"), out)
    assert {name: row["status"] for name, row in rows(out).items()} == {
        "a": "done",
        "crash": "failed",
        "missing": "failed",
    }
    assert rows(out)["missing"]["reason"] and (out / "errors.log").read_text() == log
    jobs = plan([crash], out, ReadOptions())
    write_batch(out, list(screen_batch(jobs, partial(Screener.of, ThresholdMethod()))))
    assert {name: row["status"] for name, row in rows(out).items()} == {
        "a": "skipped",
        "crash": "done",
        "missing": "failed",
    }
    assert not (out / "errors.log").exists()


@pytest.mark.parametrize("workers", [1, 2])
def test_nothing_that_a_scan_raises_ends_the_batch(tmp_path: Path, workers: int) -> None:
    paths = made(tmp_path / "in", "panic", "memory", "deep", "z")
    outcomes = run(paths, tmp_path / "out", workers=workers)
    kinds = {"panic": "Panic", "memory": "MemoryError", "deep": "RecursionError"}
    for name, kind in kinds.items():
        assert outcomes[name].reason == f"an internal error of Ichor ({kind}); errors.log lists where it occurred"
    assert outcomes["z"].status == "done"
    assert set(rows(tmp_path / "out")) == {*kinds, "z"}
    assert "DOE" not in (tmp_path / "out" / "errors.log").read_text()


def test_the_full_traceback_is_stored_on_request(tmp_path: Path) -> None:
    outcomes = run(made(tmp_path / "in", "crash"), tmp_path / "out", debug=True)
    assert "RuntimeError: DOE^JANE" in outcomes["crash"].traceback
    assert "DOE" not in (tmp_path / "out" / "errors.log").read_text()


def test_what_is_done_is_skipped_until_something_differs(tmp_path: Path) -> None:
    paths = made(tmp_path / "in", "a", "b")
    out = tmp_path / "out"
    run(paths, out)
    report = out / "a" / "report.html"
    first = report.stat().st_mtime_ns
    assert {one.status for one in run(paths, out).values()} == {"skipped"}
    assert report.stat().st_mtime_ns == first
    assert rows(out)["a"]["status"] == "skipped" and rows(out)["a"]["volume_ml"]
    assert {one.status for one in run(paths, out, force=True).values()} == {"done"}
    assert {one.status for one in run(paths, out, lowest_hu="61").values()} == {"done"}
    made(tmp_path / "in", "a")  # written anew: another time of change
    assert {name: one.status for name, one in run(paths, out, lowest_hu="61").items()} == {
        "a": "done",
        "b": "skipped",
    }
    (out / "b" / "mask.nii.gz").unlink()
    assert run(paths, out, lowest_hu="61")["b"].status == "done"
    (out / "b" / "findings.json").write_text("{}")
    assert run(paths, out, lowest_hu="61")["b"].status == "done"


def test_other_options_are_another_result(tmp_path: Path) -> None:
    paths = made(tmp_path / "in", "a")
    out = tmp_path / "out"
    run(paths, out)
    for options, outputs in ((ReadOptions(pixel_mm=0.5), None), (ReadOptions(), ("nifti", "probability"))):
        jobs = plan(paths, out, options, outputs=outputs, method_sha256="60")
        (outcome,) = screen_batch(jobs, threshold_screener)
        assert outcome.status == "done"


def test_earlier_results_stay_in_the_summary_and_keep_their_folder(tmp_path: Path) -> None:
    run(made(tmp_path / "one", "head", "x"), tmp_path / "out")
    (name,) = run(made(tmp_path / "two", "head"), tmp_path / "out")
    assert name == "two-head"
    assert set(rows(tmp_path / "out")) == {"head", "x", name}


def test_nothing_left_to_do_loads_no_method(tmp_path: Path) -> None:
    paths = made(tmp_path / "in", "a")
    run(paths, tmp_path / "out")
    jobs = plan(paths, tmp_path / "out", ReadOptions(), method_sha256="60")

    def never() -> Screener:
        raise AssertionError("expected no model to be loaded")

    assert [one.status for one in screen_batch(jobs, never)] == ["skipped"]


def test_an_interruption_leaves_whole_folders_only(tmp_path: Path) -> None:
    paths = made(tmp_path / "in", "a", "interrupt", "z")
    jobs = plan(paths, tmp_path / "out", ReadOptions())
    seen = []
    with pytest.raises(KeyboardInterrupt):
        seen.extend(one.status for one in screen_batch(jobs, threshold_screener))
    assert {one.name for one in (tmp_path / "out").iterdir()} == {"a"}


def test_workers_give_the_same_and_one_that_dies_costs_one_scan(tmp_path: Path) -> None:
    paths = made(tmp_path / "in", "a", "b", "killed", "crash")
    outcomes = run(paths, tmp_path / "out", workers=2)
    assert {name: one.status for name, one in outcomes.items()} == {
        "a": "done",
        "b": "done",
        "killed": "failed",
        "crash": "failed",
    }
    assert outcomes["killed"].reason.startswith("its worker process died, perhaps out of memory")
    assert not list(hidden(tmp_path / "out"))
    alone = run(paths[:1], tmp_path / "alone")["a"].findings
    together = outcomes["a"].findings
    assert alone is not None and together is not None
    assert (alone.hemorrhage, alone.slices) == (together.hemorrhage, together.slices)


@pytest.mark.long
def test_each_worker_that_dies_costs_one_scan_and_two_loadings(tmp_path: Path) -> None:
    names = [f"{kind}{k}" for k in range(2) for kind in ("killed", "z")]
    paths = made(tmp_path / "in", *names)
    log = tmp_path / "loaded"
    jobs = plan(paths, tmp_path / "out", ReadOptions(), method_sha256="60")
    outcomes = list(screen_batch(jobs, partial(load_and_log, log), workers=2))
    assert sorted(one.job.folder.name for one in outcomes) == sorted(names)
    assert {one.job.folder.name for one in outcomes if one.status == "failed"} == {f"killed{k}" for k in range(2)}
    # Two at first, another in place of each that died, and then one for each that is tried again.
    assert len(log.read_text()) <= 2 + 2 + 2
    assert not list(hidden(tmp_path / "out"))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (load_and_die, "the model could not be loaded: its process died"),
        (load_and_refuse, "package: expected weights, found none"),
        (load_and_panic, r"the model could not be loaded \(Panic\)"),
    ],
)
@pytest.mark.long
def test_a_method_that_cannot_be_loaded_in_a_worker_is_reported_in_one_line(
    tmp_path: Path, make: Callable[[], Screener], message: str
) -> None:
    jobs = plan(made(tmp_path / "in", "a", "b"), tmp_path / "out", ReadOptions())
    with pytest.raises(IchorError, match=message):
        list(screen_batch(jobs, make, workers=2))


def test_screening_imports_no_torch(tmp_path: Path) -> None:
    (path,) = made(tmp_path, "head")
    code = f"""
import sys
sys.path.insert(0, {str(Path(__file__).parents[1])!r})
from pathlib import Path
from synthetic_scans import threshold_screener
from ichor.read.base import ReadOptions
from ichor.screening.batch import plan, screen_batch
from ichor.screening.out_folder import write_batch
import ichor.cli.screen
out = Path({str(tmp_path / "out")!r})
outcomes = list(screen_batch(plan([Path({str(path)!r})], out, ReadOptions()), threshold_screener))
write_batch(out, outcomes)
assert outcomes[0].status == "done", outcomes
heavy = {{"torch", "monai", "pandas", "matplotlib", "highdicom"}}
print(sorted({{name.split(".")[0] for name in sys.modules}} & heavy))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "[]", done.stdout + done.stderr
    assert json.loads((tmp_path / "out" / "head" / "findings.json").read_text())["hemorrhage"]["present"]


def test_nothing_but_a_result_is_ever_replaced(tmp_path: Path) -> None:
    """`ichor screen study/head --out study` must not write over the scan it reads."""
    folder = save(tmp_path / "head", BRAIN.gray(head()).astype(np.uint8))
    before = {one.name: one.read_bytes() for one in folder.iterdir()}
    (outcome,) = run([folder], tmp_path).values()
    assert outcome.status == "done" and outcome.job.folder != folder
    assert {one.name: one.read_bytes() for one in folder.iterdir()} == before
    (again,) = run([folder], tmp_path).values()
    assert again.status == "skipped" and again.job.folder == outcome.job.folder
    with pytest.raises(IchorError, match="found something else; it is kept"):
        screen_scan(Job(folder, folder, ReadOptions()), threshold_screener())
    assert {one.name: one.read_bytes() for one in folder.iterdir()} == before


def test_results_inside_the_input_are_not_part_of_it(tmp_path: Path) -> None:
    folder = save(tmp_path / "head", BRAIN.gray(head()).astype(np.uint8))
    for status in ("done", "skipped"):
        (outcome,) = run([folder], folder / "out").values()
        assert outcome.status == status


def test_names_that_are_not_utf8_are_screened(tmp_path: Path) -> None:
    (plain,) = made(tmp_path / "in", "head")
    odd = plain.rename(plain.with_name(os.fsdecode(b"M\xfcller.nii.gz")))
    (outcome,) = run([odd], tmp_path / "out").values()
    assert outcome.status == "done", outcome.reason
    assert outcome.findings is not None and outcome.findings.scan.name == "M_ller"
    assert outcome.findings.scan.path == f"{tmp_path / 'in' / 'M?ller.nii.gz'}"


def test_no_cell_of_the_summary_is_a_formula(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run([Path("=1+1"), Path("-2+3")], tmp_path / "out")
    cells = [cell for row in rows(tmp_path / "out").values() for cell in row.values()]
    assert any(cell.startswith("'=1+1") for cell in cells)
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))]


def test_the_scans_of_one_container_get_a_folder_each_and_are_done_once(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    with zipfile.ZipFile(tmp_path / "in" / "both.zip", "w") as packed:
        for file in made(tmp_path / "plain", "P001", "P002"):
            packed.write(file, f"{file.name.partition('.')[0]}/ct.nii.gz")
    for name in ("A", "B"):
        slices = ct_slices(hu_of_head(), study_uid=generate_uid())
        for one in slices:
            one.PatientID = name
        save_dicom(slices, tmp_path / "in" / "mixed")
    scans = find_scans([tmp_path / "in"])
    first = run(scans, tmp_path / "out")
    assert {name: one.status for name, one in first.items()} == dict.fromkeys(
        ["both-P001-ct", "both-P002-ct", "mixed-1", "mixed-2"], "done"
    )
    paths = {name: one.findings.scan.path for name, one in first.items() if one.findings is not None}
    assert paths["both-P001-ct"] == f"{tmp_path / 'in' / 'both.zip'}/P001/ct.nii.gz"
    assert paths["mixed-2"] == f"{tmp_path / 'in' / 'mixed'}/2"
    assert {one.status for one in run(find_scans([tmp_path / "in"]), tmp_path / "out").values()} == {"skipped"}
    assert set(rows(tmp_path / "out")) == set(first)
    # One of them changed, and no other.
    some = tmp_path / "in" / "mixed" / scans[-1].files[0]
    os.utime(some, (0, 0))
    again = run(find_scans([tmp_path / "in"]), tmp_path / "out")
    assert [name for name, one in again.items() if one.status == "done"] == [f"mixed-{scans[-1].label}"]


def test_one_unreadable_scan_of_a_container_is_named_by_its_place(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "both.zip", "w") as packed:
        packed.write(*made(tmp_path / "plain", "P001"), "P001.nii.gz")
        packed.writestr("P002.nii.gz", b"no gzip")
    done = run(find_scans([tmp_path / "both.zip"]), tmp_path / "out")
    assert {name: one.status for name, one in done.items()} == {"both-P001": "done", "both-P002": "failed"}
    assert done["both-P002"].reason.startswith(f"{tmp_path / 'both.zip'}/P002.nii.gz: expected ")
