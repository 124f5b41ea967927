"""Write requirements/*.txt from pyproject.toml: every package at an exact version, every file of it by its SHA-256.

    make lock                                        keep the versions that still fit
    .venv/bin/python scripts/lock.py --upgrade       take the newest

One resolution by uv holds for all platforms and Pythons; a file for each extra has what that extra adds. torch has two
files of its own, since a machine takes either of two builds: torch.txt lists the files of both, and cuda.txt what the
index's build needs beside them on Linux. At the end, wheels are looked up for each platform that is supported.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "requirements"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
EXTRAS = PROJECT["project"]["optional-dependencies"]
OLDEST = "3.11"
HEAD = "# Written by scripts/lock.py (make lock) from pyproject.toml."

# Files of torch's CPU build, which comes from elsewhere than the index. `pip hash FILE` gives the hash of another.
CPU_BUILDS = {
    "torch-2.13.0+cpu-cp311-cp311-manylinux_2_28_x86_64.whl": (
        "6746dbcbeb526eb61330b76b41ff1b4eb848951103a892eeb080dfa2b264667b"
    ),
}
CUDA = re.compile(r"(nvidia|cuda)-|triton$")

# What wheels must exist for: uv's names of platforms, and the Pythons. Not all: highdicom's decoder of JPEG-LS has no
# wheel for Python 3.14, where pip builds it.
PLATFORMS = ("x86_64-manylinux_2_28", "aarch64-manylinux_2_35", "aarch64-apple-darwin", "x86_64-pc-windows-msvc")
PYTHONS = {"base": ("3.11", "3.12", "3.13", "3.14"), "dev": ("3.11", "3.12", "3.13")}
MACOS = "14.0"

Entries = dict[str, str]  # a package's name: its pin, marker and hashes as a requirements file has them


def uv(*arguments: str | Path, stdin: str | None = None) -> None:
    """Run `uv pip compile` quietly; what it says of an error goes to the terminal."""
    command = [sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--no-header", "--no-annotate", *arguments]
    # The lock is of the index's files, whatever else this machine offers.
    kept = {name: value for name, value in os.environ.items() if name != "UV_FIND_LINKS"}
    environment = {**kept, "MACOSX_DEPLOYMENT_TARGET": MACOS}
    subprocess.run(command, cwd=ROOT, env=environment, input=stdin, text=True, check=True)


def entries(text: str) -> Entries:
    """The packages in a requirements file."""
    blocks = re.findall(r"^\w.*(?:\n +--hash=.*)*", text, re.MULTILINE)
    return {re.split(r"[^\w.-]", block)[0]: block for block in blocks}


def pins(packages: Entries) -> str:
    """Their versions alone, a line each."""
    return "".join(f"{block.split()[0]}\n" for block in packages.values())


def resolved(into: Path, *arguments: str | Path, stdin: str | None = None) -> Entries:
    """What uv makes of these arguments, for every platform; versions that `into` has already are kept."""
    universal = ("--universal", "--python-version", OLDEST, "--fork-strategy", "fewest", "--generate-hashes")
    uv(*universal, "--output-file", into, *arguments, stdin=stdin)
    return entries(into.read_text(encoding="utf-8"))


def with_cpu_builds(torch: str) -> str:
    """Torch's entry with the files of its CPU build added."""
    version = torch.split(maxsplit=1)[0].replace("==", "-")
    found = [digest for name, digest in CPU_BUILDS.items() if name.startswith(f"{version}+cpu-")]
    if not found:
        sys.exit(f"scripts/lock.py: expected the hash of a CPU build of {version} in CPU_BUILDS, found none")
    return " \\\n".join([torch, *(f"    --hash=sha256:{digest}" for digest in found)])


def included(extra: str) -> list[str]:
    """The extras of ours that an extra names, such as annotate of `ichor-ct[annotate]`."""
    asked = [Requirement(line) for line in EXTRAS[extra]]
    return sorted(name for one in asked if one.name == PROJECT["project"]["name"] for name in one.extras)


def locked(work: Path, keep: bool) -> dict[str, tuple[list[str], Entries]]:
    """For each file: the files it includes, and its own packages."""
    everything, bench = work / "everything.txt", work / "bench.in.txt"
    if keep and FOLDER.is_dir():
        texts = {path.stem: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.txt")}
        bench.write_text(pins(entries(texts.pop("bench", ""))), encoding="utf-8")
        everything.write_text("".join(pins(entries(text)) for text in texts.values()), encoding="utf-8")
    build = PROJECT["build-system"]["requires"]
    whole = resolved(everything, "pyproject.toml", "--all-extras")
    these = work / "pins.txt"
    these.write_text(pins(whole), encoding="utf-8")

    files: dict[str, tuple[list[str], Entries]] = {}
    files["build"] = ([], resolved(work / "build.txt", "-", "--constraint", these, stdin="\n".join(build)))
    files["base"] = ([], resolved(work / "base.txt", "pyproject.toml", "--constraint", these))
    files["torch"] = ([], {"torch": with_cpu_builds(whole["torch"])})
    files["cuda"] = ([], {name: block for name, block in whole.items() if CUDA.match(name)})
    for extra in EXTRAS:
        own = resolved(work / f"{extra}.txt", "pyproject.toml", "--extra", extra, "--constraint", these)
        includes = ["base", *included(extra), *(["torch"] if "torch" in own else [])]
        there = set(files["cuda"][1]) | {"torch"}
        for name in closure(includes, files):
            there |= {package for package, block in files[name][1].items() if own.get(package) == block}
        files[extra] = (includes, {name: block for name, block in own.items() if name not in there})
    files["bench"] = ([], resolved(bench, "--group", "bench"))
    return files


def closure(names: list[str], files: dict[str, tuple[list[str], Entries]]) -> set[str]:
    """These files and all that they include."""
    return set(names).union(*(closure(files[name][0], files) for name in names))


def write(folder: Path, files: dict[str, tuple[list[str], Entries]]) -> None:
    """The files, in this folder."""
    for name, (others, packages) in files.items():
        includes = [f"-r {one}.txt" for one in others]
        text = "\n".join([HEAD, *includes, *(packages[one] for one in sorted(packages))])
        (folder / f"{name}.txt").write_text(f"{text}\n", encoding="utf-8")


def check_wheels(folder: Path) -> None:
    """Stop if a supported platform would have to build a package."""

    def check(name: str, platform: str, python: str) -> None:
        target = ("--python-platform", platform, "--python-version", python, "--only-binary", ":all:")
        files = [folder / f"{name}.txt", *([folder / "cuda.txt"] if name == "dev" else [])]
        uv(*target, "--no-deps", *files, "--output-file", os.devnull)
        print(f"wheels for requirements/{name}.txt: {platform}, Python {python}")

    cases = [(name, platform, python) for name in PYTHONS for platform in PLATFORMS for python in PYTHONS[name]]
    with ThreadPoolExecutor(len(PLATFORMS)) as pool:
        for done in [pool.submit(check, *case) for case in cases]:
            done.result()


def main() -> None:
    """Resolve and check, and only then replace the files."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--upgrade", action="store_true", help="take the newest versions that fit")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        files = locked(Path(work), keep=not arguments.upgrade)
        made = Path(work) / "made"
        made.mkdir()
        write(made, files)
        check_wheels(made)
    FOLDER.mkdir(exist_ok=True)
    for old in FOLDER.glob("*.txt"):
        if old.stem not in files:
            old.unlink()
    write(FOLDER, files)


if __name__ == "__main__":
    try:
        main()
    except subprocess.CalledProcessError as error:
        sys.exit(error.returncode)
