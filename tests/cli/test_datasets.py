"""`ichor dataset list`, `check`, `describe` and `overlaps` as processes, on made copies of published datasets."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ichor.dataset.registry import kinds
from paths import CT_ICH_PART, ROOT
from synthetic_datasets import made_head, save_nifti, write_bhsd, write_cq500, write_instance2022, write_phe_sich


def run(*words: str | Path, cache: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ichor", "dataset", *map(str, words)]
    environment = {**os.environ, "XDG_CACHE_HOME": str(cache)}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


@pytest.fixture(scope="module")
def bhsd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_bhsd(tmp_path_factory.mktemp("bhsd"), {"ID_0_ID_00": 1, "ID_0_ID_01": 2, "ID_1_ID_02": 5})


def test_the_list_has_each_dataset_with_its_terms(tmp_path: Path) -> None:
    done = run("list", cache=tmp_path)
    assert done.returncode == 0, done.stderr
    for kind in kinds():
        assert kind.name in done.stdout
    assert "CC BY 4.0" in done.stdout and "non-commercial use only" in done.stdout
    listed = json.loads(run("list", "--json", cache=tmp_path).stdout)
    assert [one["name"] for one in listed] == [facts.kind for kind in kinds() for facts in kind.facts]
    for one in listed:
        assert one["citation"] and one["layout"] and one["source"] and one["licence"]["allows"]


def test_the_page_of_datasets_is_what_the_command_writes(tmp_path: Path) -> None:
    page = run("list", "--markdown", cache=tmp_path)
    assert (ROOT / "docs/reference/other-datasets.md").read_text(encoding="utf-8") == page.stdout


def test_a_sound_copy_passes_the_check(bhsd: Path, tmp_path: Path) -> None:
    done = run("check", f"bhsd={bhsd}", cache=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 subjects, 18 slices, 6 delineated; 0 errors" in done.stdout
    assert "note: 1 of 2 people have several scans" in done.stdout
    assert "note: Unverified: " in done.stdout and "fingerprint " in done.stdout


def test_every_problem_is_listed(bhsd: Path, tmp_path: Path) -> None:
    root = shutil.copytree(bhsd, tmp_path / "bhsd")
    labels = root / "label_192/ground truths"
    save_nifti(labels / "ID_0_ID_00.nii.gz", made_head(0)[1].astype("uint8") * 7)
    shutil.copy(root / "label_192/images/ID_0_ID_01.nii.gz", root / "label_192/images/ID_1_ID_02.nii.gz")
    done = run("check", root, "--json", cache=tmp_path)
    assert done.returncode == 1
    found = json.loads(done.stdout)
    said = {one["where"]: one["said"] for one in found["errors"]}
    assert "expected labels 0, 1, 2, 3, 4, 5, found 7" in said["label_192/images/ID_0_ID_00.nii.gz (ID_0_ID_00)"]
    copy = "expected no duplicate scan, found that of ID_0_ID_01"
    assert said["label_192/images/ID_1_ID_02.nii.gz (ID_1_ID_02)"] == copy


def test_several_datasets_are_each_checked(bhsd: Path, tmp_path: Path) -> None:
    write_cq500(tmp_path / "cq500", [(3, "SDH"), (0, "")])
    done = run("check", f"bhsd={bhsd}", f"cq500={tmp_path / 'cq500'}", cache=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "BHSD" in done.stdout and "2 subjects, 12 slices, 0 delineated; 0 errors" in done.stdout


def test_the_description_counts_what_was_written(bhsd: Path, tmp_path: Path) -> None:
    done = run("describe", bhsd, "--out", tmp_path / "out", cache=tmp_path)
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "out/dataset.json").read_text(encoding="utf-8"))
    counts = found["counts"]
    assert counts["Scans (people)"] == "3 (2)" and counts["Slices"] == "18"
    assert counts["Scans by subtype"] == "IVH 0, IPH 1, SAH 0, EDH 1, SDH 1"
    assert counts["Labeled slices (with hemorrhage)"] == "18 (6)"
    volume = sum(float(made_head(k)[1].sum()) for k in range(3)) / 3 * 1.65 * 1.65 * 5 / 1000
    low, high = 0.3 * volume, 3 * volume
    assert low < float(counts["Hemorrhage volume"].split(" mL")[0]) < high
    assert "non-commercial" in done.stdout and "Research use only" in done.stdout
    assert (tmp_path / "out/dataset.md").read_text(encoding="utf-8").startswith("# BHSD")


def test_edema_is_not_described_as_blood(tmp_path: Path) -> None:
    done = run("describe", write_phe_sich(tmp_path / "data"), cache=tmp_path)
    assert done.returncode == 0, done.stderr
    rows = " ".join(done.stdout.split())
    assert "Delineated scans 0" in rows and "Hemorrhage volume" not in rows
    assert "Its masks outline edema, not blood;" in done.stdout


def test_ct_ich_is_described_as_before_beside_another(bhsd: Path, tmp_path: Path) -> None:
    done = run("describe", f"ct-ich={CT_ICH_PART}", f"bhsd={bhsd}", "--out", tmp_path / "out", cache=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Table 3: subjects" in done.stdout and "BHSD" in done.stdout
    assert sorted(one.name for one in (tmp_path / "out").iterdir()) == ["bhsd", "ct-ich"]


@pytest.mark.long
def test_overlaps_are_shown_with_the_names_of_both(bhsd: Path, tmp_path: Path) -> None:
    instance = write_instance2022(tmp_path / "instance")
    clean = run("overlaps", f"bhsd={bhsd}", f"instance2022={instance}", cache=tmp_path / "cache")
    assert clean.returncode == 0 and clean.stdout == "5 scans: 0 pairs with the same images\n"
    hu, _ = made_head(1)
    save_nifti(instance / "train_2/data/001.nii.gz", hu)
    done = run("overlaps", f"bhsd={bhsd}", f"instance2022={instance}", cache=tmp_path / "cache")
    assert done.returncode == 1
    assert done.stdout.splitlines()[0].startswith("bhsd.ID_0_ID_01 and instance2022.001: the same images")
    (pair,) = json.loads(
        run("overlaps", f"bhsd={bhsd}", f"instance2022={instance}", "--json", cache=tmp_path / "cache").stdout
    )
    assert (pair["first"], pair["second"]) == ("bhsd.ID_0_ID_01", "instance2022.001")


def test_a_wrong_name_is_reported_in_one_line(bhsd: Path, tmp_path: Path) -> None:
    done = run("check", f"cq500={bhsd}", cache=tmp_path)
    assert done.returncode == 2 and len(done.stderr.splitlines()) == 1
    assert "expected the dataset cq500 (reads.csv" in done.stderr and "found another layout" in done.stderr
