"""Every command that a document shows in a `console` block is run here, as a user would type it.

The commands of a document are run one after another in a new folder that holds the documents' example paths. What
takes too long or changes the checkout is listed in INSTEAD with what stands for it, and what trains gets a smaller
config. A command that is neither fails: teach it here.
"""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ichor.dataset.ct_ich.folds import authors_fold
from ichor.models.package import Training
from ichor.serving.self_signed import self_signed
from ichor.windows import BRAIN
from paths import CT_ICH_PART, GE_HEAD_PART
from phantom import head
from synthetic_ct_ich import write_ct_ich
from untrained_package import write_package
from warm import ichor

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
CONSOLE = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)
ICHOR = ".venv/bin/ichor"
# What follows `ichor annotate` where it is no project to serve.
ANNOTATE_COMMANDS = {"import", "export", "account"}
# Those that train networks, or run many commands.
LONG = {
    *("train-on-own-data.md", "train.md", "evaluate.md", "view-results.md", "get-ct-ich.md", "formats.md"),
    *("annotate.md", "run-a-node.md", "screen-an-archive.md", "validate-on-own-scans.md"),
}
PASSWORD = "a password for documents\n"  # of the accounts that documents add
PATIENT_S = 120  # on a machine that is busy with other work

WITH_TORCH = {"compare", "crossval", "evaluate", "export", "publish", "results", "train"}

# Command: what is run for it, in the root of the checkout.
INSTEAD = {
    "make demo": ["make", "--dry-run", "demo"],
    "make test": ["make", "--dry-run", "test"],
    "make bench": ["make", "--dry-run", "bench"],
    "make install-train": ["make", "--dry-run", "install-train"],
    "make install-dicom-out": ["make", "--dry-run", "install-dicom-out"],
    "make install-fetch": ["make", "--dry-run", "install-fetch"],
    "make install-archive": ["make", "--dry-run", "install-archive"],
    "make install-node": ["make", "--dry-run", "install-node"],
    "make install-view": ["make", "--dry-run", "install-view"],
    "make install-evaluate install-view": ["make", "--dry-run", "install-evaluate", "install-view"],
    "make install-annotate install-video": ["make", "--dry-run", "install-annotate", "install-video"],
    "make lock": ["make", "--dry-run", "lock"],
    "make sbom": ["make", "--dry-run", "sbom"],
    ".venv/bin/ichor dataset download path/to/ct-ich": [sys.executable, "-m", "ichor", "dataset", "download", "--help"],
    # tests/fetch fetches from a real PACS.
    ".venv/bin/ichor fetch https://pacs.example/dicom-web --study 1.2.840.113619.2.1 --out fetched": [
        *(sys.executable, "-m", "ichor", "fetch", "--help")
    ],
    ".venv/bin/pre-commit install": [sys.executable, "-m", "pre_commit", "validate-config"],
}

# In place of the config of the shipped model: the same method, small.
SMOKE = """
name: compact
method: unet-slices
settings: {pixel_mm: 3.2, size: 64, widths: [4, 4, 8, 8], training: {epochs: 1, batch: 4, slice_loss: 0.5}}
"""

# The config of one's own that a document has its reader write, and the package that it goes on from. It is not
# cross-fitted, which takes twice as many networks: test_train_on_all.py has such a one.
OWN = SMOKE.replace("name: compact", "name: mine\nfolds: stratified").replace("epochs: 1,", "epochs: 1, keep: last,")
OWN_PACKAGE = "path/to/package"
UNSEEN = Training(experiment="made", fingerprint="of other data", fold=1, training_subjects=("001",))


def commands(document: Path) -> list[str]:
    """The lines of a document's console blocks that start with a prompt; a backslash joins the next line."""
    blocks = CONSOLE.findall(document.read_text(encoding="utf-8"))
    lines = "".join(blocks).replace("\\\n", " ").splitlines()
    return [" ".join(line.removeprefix("$ ").split()) for line in lines if line.startswith("$ ")]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder with the example paths of the documents in it."""
    (tmp_path / "path" / "to" / "images").mkdir(parents=True)
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    (tmp_path / "tests" / "data").mkdir(parents=True)
    (tmp_path / "tests" / "data" / "ct-ich").symlink_to(CT_ICH_PART)
    shutil.copytree(GE_HEAD_PART, tmp_path / "path" / "to" / "scan", copy_function=shutil.copyfile)
    for k, hu in enumerate(head(8, 256, 240), 1):
        gray = np.rint(BRAIN.gray(hu)).astype(np.uint8)
        Image.fromarray(gray).save(tmp_path / "path" / "to" / "images" / f"{k}.png")
    two_of_each_block = [subject for number in range(1, 6) for subject in authors_fold(number).test[:2]]
    write_ct_ich(tmp_path / "path" / "to" / "ct-ich", dict.fromkeys(two_of_each_block, 1), n_slices=3)
    (tmp_path / "smoke.yaml").write_text(SMOKE)
    (tmp_path / "mine.yaml").write_text(OWN)
    made = self_signed(tmp_path / "tls", "127.0.0.1")
    made.certificate.rename(tmp_path / "ct.pem")
    made.key.rename(tmp_path / "ct.key")
    return tmp_path


@pytest.mark.parametrize(
    "document",
    [pytest.param(one, marks=[pytest.mark.long] * (one.name in LONG)) for one in DOCUMENTS],
    ids=[one.name for one in DOCUMENTS],
)
def test_the_commands_of_a_document_run(document: Path, folder: Path) -> None:
    if OWN_PACKAGE in document.read_text(encoding="utf-8"):
        write_package(folder / OWN_PACKAGE, subtypes=False, training=UNSEEN)
    for command in commands(document):
        if command in INSTEAD:
            arguments, where = INSTEAD[command], ROOT
        elif command.startswith(f"{ICHOR} "):
            words = command.replace("train compact ", "train smoke.yaml ").split()
            arguments, where = [sys.executable, "-m", "ichor", *words[1:]], folder
        else:
            pytest.fail(f"expected a command that this test knows how to run, found {command!r}")
        serves = arguments[3:4] == ["adjudicate"] or (arguments[3:4] == ["view"] and "--html" not in arguments)
        if serves or (arguments[3:4] == ["annotate"] and arguments[4] not in ANNOTATE_COMMANDS):
            code, said = served_and_stopped([*arguments, "--no-browser", "--port", "0"], where)
        elif arguments[3:5] == ["node", "run"]:
            config = where / arguments[5] / "node.yaml"
            config.write_text(config.read_text().replace("port: 11112", "port: 0"))
            code, said = served_and_stopped(arguments, where)
        else:
            done = run(arguments, where)
            code, said = done.returncode, done.stdout + done.stderr
        assert code == 0, f"{command}\n{said}"


def run(arguments: list[str], where: Path) -> subprocess.CompletedProcess[str]:
    """The command at its end; what imports torch is forked from a process that has it."""
    if arguments[1:3] == ["-m", "ichor"] and arguments[3] in WITH_TORCH:
        return ichor(*arguments[3:], cwd=where)
    return subprocess.run(arguments, cwd=where, capture_output=True, text=True, check=False, input=PASSWORD)


def served_and_stopped(arguments: list[str], where: Path) -> tuple[int, str]:
    """The exit code of a server that is ended by Ctrl-C once it has told that it serves, and what it said."""
    with subprocess.Popen(arguments, cwd=where, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        late = threading.Timer(PATIENT_S, process.kill)
        late.start()
        assert process.stdout is not None
        said = []
        for line in process.stdout:
            said.append(line)
            if "Ctrl-C" in line:
                process.send_signal(signal.SIGINT)
        late.cancel()
        return process.wait(), "".join(said)


def test_the_readme_shows_the_two_commands() -> None:
    assert {"make demo", "make test"} <= set(commands(ROOT / "README.md"))


LINK = re.compile(r"\]\((?!https?:)([^)#\s]+)")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_between_documents_lead_somewhere(document: Path) -> None:
    for target in LINK.findall(document.read_text(encoding="utf-8")):
        assert (document.parent / target).exists(), target
