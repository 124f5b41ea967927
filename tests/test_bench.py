"""`make bench` on its smallest setting: every part runs and the table is whole. The figures themselves say nothing."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from ichor.methods.threshold import Bounds, Threshold

ROOT = Path(__file__).resolve().parents[1]


def test_the_table_of_speed_and_memory_is_written(tmp_path: Path) -> None:
    method = Threshold()
    method.chosen = Bounds(lower=140, upper=230)
    method.save(tmp_path / "model")
    out = tmp_path / "bench.md"
    command = [sys.executable, ROOT / "scripts" / "bench.py", "--out", out, "--model", tmp_path / "model"]
    subprocess.run([*command, "--repeats", "1", "--width", "2"], check=True, capture_output=True)
    rows = re.findall(r"^\| (?!what)([^|]+?) +\|.*\|$", out.read_text(), re.MULTILINE)
    assert rows == [
        "`ichor screen`, 35 DICOM slices of 512x512",
        "— start: imports, model, leaving",
        "— read",
        "— infer",
        "— write",
        "`ichor inspect`, 28 DICOM slices",
        "Paper's way, in the same engine (openvino)",
    ]


def test_the_table_of_the_annotation_page_is_written(tmp_path: Path) -> None:
    out = tmp_path / "bench-annotation.md"
    command = [sys.executable, ROOT / "scripts" / "bench_annotate.py", "--out", out, "--repeats", "1"]
    subprocess.run(command, check=True, capture_output=True)
    form = r"^\| (\w[^|]+?) \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \| (\d+) \|"
    rows = re.findall(form, out.read_text(), re.MULTILINE)
    assert [(what, int(n)) for what, *_, n in rows] == [
        ("scrolling, a slice", 68),
        ("drawing with the brush, a move", 100),
        ("drawing with the freehand outline, a move", 100),
        ("drawing with the ruler, a move", 100),
    ]
    assert all(0 < float(drawn) <= min(float(late), float(shown)) for _, drawn, late, shown, _ in rows)
