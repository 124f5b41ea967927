"""`make bench` on its smallest setting: every part runs and the table is whole. The figures themselves say nothing."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from ichor.models.processor import instruction_sets
from ichor.subtypes import Subtype
from ichor.train.quantize import quantize_network
from paths import GE_HEAD
from untrained_package import WIDTHS, write_package

SCRIPTS = Path(__file__).resolve().parents[1] / "scripts"


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package of a tiny untrained network."""
    return write_package(tmp_path_factory.mktemp("package") / "model")


def rounded(text: str) -> tuple[float, float]:
    """What a printed figure may have been before it was rounded."""
    half = 0.5 * 10.0 ** -len(text.partition(".")[2])
    return float(text) - half, float(text) + half


@pytest.mark.long
def test_the_table_of_speed_and_memory_is_written(package: Path, tmp_path: Path) -> None:
    out = tmp_path / "bench.md"
    command = [sys.executable, SCRIPTS / "bench.py", "--out", out, "--model", package]
    subprocess.run([*command, "--repeats", "1", "--width", "2"], check=True, capture_output=True)
    targets, rows = (
        re.findall(r"^\| (?!what)([^|]+?) +\|(.*)\|$", part, re.MULTILINE)
        for part in out.read_text().split("The machine's limit:")
    )
    older = [name for name in ("AVX2", "AVX512_CORE") if name in instruction_sets()]
    assert [re.sub(r"[\d.]+ G", "", what) for what, _ in targets] == [
        "`ichor screen`, 35 DICOM slices of 512x512, from the process's start to the report",
        *(f"The same, restricted to {name}" for name in older),
        "Its start: all but reading, inference, measuring and writing",
        "Its peak memory",
        "Network in fp32,  multiply-adds per slice, compared with the machine's limit, FLOP/s",
    ]
    for _, figures in targets:
        (least, most), (from_, to), (low, high) = (rounded(one) for one in re.findall(r" ([\d.]+)[ |]", figures)[:3])
        assert low <= most / from_ and least / to <= high
    assert [what for what, _ in rows] == [
        "`ichor screen`, 35 DICOM slices of 512x512",
        "— start: imports, model, leaving",
        "— read",
        "— infer",
        "— write",
        "— the first time, nothing compiled yet",
        *(f"— restricted to {name}" for name in older),
        *(["`ichor inspect`, 28 DICOM slices"] if GE_HEAD.is_dir() else []),
        "Paper's way, in the same engine (openvino)",
    ]


def test_multiply_adds_are_counted_of_what_a_network_does(
    package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(SCRIPTS)
    from bench_limit import CHAIN, multiply_adds, write_chain

    exact, int8 = tmp_path / "chain.onnx", tmp_path / "int8.onnx"
    write_chain(exact, filters=8, side=16)
    counted = 16**2 * (CHAIN * 8 * 8 * 3**2 + 8)
    assert multiply_adds(exact) == counted
    quantize_network(exact, np.zeros((1, 8, 16, 16), np.float32), int8)
    assert multiply_adds(int8) == counted
    # SliceUNet by hand: 2x2 blocks of 64 pixels a side, half of that at each level; two convolutions and a shortcut.
    inputs, side, widths = 20, 32, WIDTHS
    blocks = [(side >> k, i, o) for k, (i, o) in enumerate(zip((inputs, *widths), widths, strict=False))]
    blocks += [(side >> k, widths[k] + widths[k + 1], widths[k]) for k in range(3)]
    of_blocks = sum(n**2 * (9 * i * o + 9 * o * o + i * o) for n, i, o in blocks)
    of_heads = side**2 * widths[0] * 2**2 + 2 * widths[-1] * (1 + len(Subtype))
    assert multiply_adds(package / "model.onnx") == of_blocks + of_heads


@pytest.mark.long
def test_the_table_of_the_annotation_page_is_written(tmp_path: Path) -> None:
    out = tmp_path / "bench-annotation.md"
    command = [sys.executable, SCRIPTS / "bench_annotate.py", "--out", out, "--repeats", "1", "--slices", "8"]
    subprocess.run(command, check=True, capture_output=True)
    form = r"^\| (\w[^|]+?) \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \| (\d+) \|"
    rows = re.findall(form, out.read_text(), re.MULTILINE)
    assert [(what, int(n)) for what, *_, n in rows] == [
        ("scrolling, a slice", 14),
        ("drawing with the brush, a move", 100),
        ("drawing with the freehand outline, a move", 100),
        ("drawing with the ruler, a move", 100),
    ]
    assert all(0 < float(drawn) <= min(float(late), float(shown)) for _, drawn, late, shown, _ in rows)


@pytest.mark.long
def test_the_table_of_the_viewer_is_written(tmp_path: Path) -> None:
    out = tmp_path / "bench-view.md"
    command = [sys.executable, SCRIPTS / "bench_view.py", "--out", out, "--repeats", "1", "--slices", "8"]
    subprocess.run(command, check=True, capture_output=True)
    form = r"^\| (\w[^|]+?) \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \| (\d+) \|"
    rows = re.findall(form, out.read_text(), re.MULTILINE)
    assert [(what, int(n)) for what, *_, n in rows] == [
        ("opening a result, its scan read from the disk", 4),
        ("opening it again", 4),
        ("scrolling, a slice", 14),
    ]
    assert all(0 < float(drawn) <= float(late) for _, drawn, late, *_ in rows)
