"""`ichor` as a process of its own that has torch imported already: it is forked from one that has.

To import torch and what exports a network takes seconds, more than most trainings of the tests. `ichor(...)` stands
for `subprocess.run([python, "-m", "ichor", ...])` in tests that are not about how the command starts or is interrupted.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from functools import cache
from multiprocessing import get_context
from multiprocessing.context import ForkServerContext
from pathlib import Path
from subprocess import CompletedProcess
from tempfile import TemporaryDirectory

# What commands that train, export and evaluate import.
IMPORTED = (
    "ichor.cli",
    "ichor.experiments.run",
    "ichor.train.export",
    "ichor.methods.unet_slices.fit",
    "onnxscript.optimizer",
    "torch._dynamo.aot_compile",
    "torch.export",
    "torch.onnx._internal.exporter._core",
)


@cache
def _forked() -> ForkServerContext:
    """What starts the process that has them imported, one for each process that runs tests, and forks it."""
    context = get_context("forkserver")
    context.set_forkserver_preload(list(IMPORTED))
    return context


def ichor(*words: object, cwd: Path | None = None, env: Mapping[str, str] | None = None) -> CompletedProcess[str]:
    """The command with these words, run to its end: its exit code, and what it wrote to stdout and stderr."""
    arguments = ["ichor", *map(str, words)]
    with TemporaryDirectory() as folder:
        out, errors = Path(folder, "out"), Path(folder, "errors")
        given = (arguments, cwd or Path.cwd(), dict(os.environ if env is None else env), out, errors)
        process = _forked().Process(target=_run, args=given)
        process.start()
        process.join()
        assert process.exitcode is not None
        return CompletedProcess(arguments, process.exitcode, out.read_text(), errors.read_text())


def _run(arguments: list[str], cwd: Path, environment: dict[str, str], out: Path, errors: Path) -> None:
    """Be the command: this process is the forked one, and ends with the command."""
    from ichor.cli import command
    from ichor.cli.memory import KEEP_MEMORY

    for number, file in ((1, out), (2, errors)):
        os.dup2(os.open(file, os.O_WRONLY | os.O_CREAT, 0o600), number)
    sys.stdout, sys.stderr = open(1, "w", closefd=False), open(2, "w", closefd=False)  # noqa: SIM115 - until it ends
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(environment)
    os.environ.update(KEEP_MEMORY)  # or training starts the process again
    sys.argv = arguments
    command()
