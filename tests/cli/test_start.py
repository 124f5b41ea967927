"""What a screening command loads and how it ends: each is a part of its time that nobody wants."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from ichor.models.cache import read_cached
from ichor.models.engine import Engine
from ichor.models.package import DEFAULT_MODEL, find_package

DEMONSTRATION = Path(__file__).resolve().parents[2] / "examples" / "demo-scan"

SCREEN_AND_SAY_WHAT_WAS_LOADED = """
import sys
from ichor.cli import app
sys.argv = ["ichor", "screen", {scan!r}, "--out", {out!r}]
try:
    app()
except SystemExit as left:
    assert not left.code, left.code
print(*(name for name in {names!r} if name in sys.modules), sep=",")
"""


def test_screening_loads_nothing_that_it_does_not_need(tmp_path: Path) -> None:
    names = [
        "torch",
        "onnxruntime",
        "openvino.tools.ovc",
        "openvino_telemetry",
        "gdcm",
        "pydicom",
        "matplotlib",
        "scipy.stats",
    ]
    code = SCREEN_AND_SAY_WHAT_WAS_LOADED.format(scan=str(DEMONSTRATION), out=str(tmp_path / "out"), names=names)
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == ""


@pytest.mark.parametrize("code", [0, 2])
def test_leaving_with_an_engine_loaded_skips_its_teardown_and_loses_nothing(code: int) -> None:
    program = (
        "import atexit, sys, openvino\n"
        "from ichor.cli.leaving import leave\n"
        "atexit.register(print, 'teardown')\n"
        "print('said last', end='')\n"
        f"leave({code})"
    )
    done = subprocess.run([sys.executable, "-c", program], check=False, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (code, "said last")


def test_no_process_is_left_behind(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "ichor", "screen", DEMONSTRATION, "--out", tmp_path / "out"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, start_new_session=True) as process:
        process.wait()
        # The command leads a group of its own, which is gone where nobody is in it any more.
        with pytest.raises(ProcessLookupError):
            os.killpg(process.pid, 0)


def test_leaving_without_an_engine_is_as_usual() -> None:
    program = "import atexit\nfrom ichor.cli.leaving import leave\natexit.register(print, 'closed')\nleave(3)"
    done = subprocess.run([sys.executable, "-c", program], check=False, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (3, "closed\n")


def test_a_network_compiled_before_gives_the_same_answer(cache: Path) -> None:
    network = find_package(DEFAULT_MODEL) / "model.int8.onnx"
    hu = np.random.default_rng(0).normal(20, 200, (2, 3, 352, 352)).astype(np.float32)
    first = Engine(network, engine="openvino")(hu)
    kept = {file.name for file in (cache / "ichor").iterdir()}
    assert kept
    again = Engine(network, engine="openvino")(hu)
    assert {file.name for file in (cache / "ichor").iterdir()} == kept
    for name, values in first.items():
        np.testing.assert_array_equal(again[name], values)


def test_a_damaged_cache_is_regenerated(cache: Path) -> None:
    network = find_package(DEFAULT_MODEL) / "rescorer.onnx"
    Engine(network, engine="openvino")
    newest = max((cache / "ichor").iterdir(), key=os.path.getmtime)
    newest.write_bytes(newest.read_bytes()[:1000])
    assert read_cached(newest.name) is None
    Engine(network, engine="openvino")
    assert read_cached(newest.name) is not None
