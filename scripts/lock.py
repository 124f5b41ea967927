"""Write requirements/*.txt from pyproject.toml: every package with an exact version and the SHA-256 of all its files.

    make lock                                        keep versions that are still compatible
    .venv/bin/python scripts/lock.py --upgrade       upgrade to the newest versions

One resolution by uv covers all platforms and Python versions; the file of an extra has what the extra adds. torch has
two separate files, since there are two builds: torch.txt lists the files of both, and cuda.txt the further packages
that the build on the package index needs on Linux. Finally, the script checks that wheels exist for each supported
platform.
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

# Files of torch's CPU build, which is not on the package index. `pip hash FILE` prints the hash of a file.
CPU_BUILDS = {
    "torch-2.13.0+cpu-cp311-cp311-manylinux_2_28_x86_64.whl": (
        "6746dbcbeb526eb61330b76b41ff1b4eb848951103a892eeb080dfa2b264667b"
    ),
}
CUDA = re.compile(r"(nvidia|cuda)-|triton$")

# The platforms, by uv's names, and Python versions for which wheels must exist. The development packages have no wheel
# of highdicom's JPEG-LS decoder for Python 3.14, where pip builds it.
PLATFORMS = ("x86_64-manylinux_2_28", "aarch64-manylinux_2_35", "aarch64-apple-darwin", "x86_64-pc-windows-msvc")
PYTHONS = {"base": ("3.11", "3.12", "3.13", "3.14"), "dev": ("3.11", "3.12", "3.13")}
MACOS = "14.0"

Entries = dict[str, str]  # by package: its pin, marker and hashes, in the format of a requirements file


def uv(*arguments: str | Path, stdin: str | None = None) -> None:
    """Run `uv pip compile` quietly; its error messages go to the terminal."""
    command = [sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--no-header", "--no-annotate", *arguments]
    # Only files on the package index are locked, even if this machine has other sources.
    inherited = {name: value for name, value in os.environ.items() if name != "UV_FIND_LINKS"}
    environment = {**inherited, "MACOSX_DEPLOYMENT_TARGET": MACOS}
    subprocess.run(command, cwd=ROOT, env=environment, input=stdin, text=True, check=True)


def entries(text: str) -> Entries:
    """The packages in a requirements file."""
    blocks = re.findall(r"^\w.*(?:\n +--hash=.*)*", text, re.MULTILINE)
    return {re.split(r"[^\w.-]", block)[0]: block for block in blocks}


def pins(packages: Entries) -> str:
    """The pins alone, one per line."""
    return "".join(f"{block.split()[0]}\n" for block in packages.values())


def resolved(into: Path, *arguments: str | Path, stdin: str | None = None) -> Entries:
    """Resolve these arguments for every platform; versions that are already in `into` are kept if possible."""
    universal = ("--universal", "--python-version", OLDEST, "--fork-strategy", "fewest", "--generate-hashes")
    uv(*universal, "--output-file", into, *arguments, stdin=stdin)
    return entries(into.read_text(encoding="utf-8"))


def with_cpu_builds(torch: str) -> str:
    """The entry of torch with the files of its CPU build added."""
    version = torch.split(maxsplit=1)[0].replace("==", "-")
    found = [digest for name, digest in CPU_BUILDS.items() if name.startswith(f"{version}+cpu-")]
    if not found:
        sys.exit(f"scripts/lock.py: expected the hash of a CPU build of {version} in CPU_BUILDS, found none")
    return " \\\n".join([torch, *(f"    --hash=sha256:{digest}" for digest in found)])


def included(extra: str) -> list[str]:
    """The project's extras that an extra includes, such as annotate in `ichor-ct[annotate]`."""
    requirements = [Requirement(line) for line in EXTRAS[extra]]
    return sorted(name for one in requirements if one.name == PROJECT["project"]["name"] for name in one.extras)


def locked(work: Path, keep: bool) -> dict[str, tuple[list[str], Entries]]:
    """Resolve all files: for each, the files that it includes and its own packages."""
    everything, bench = work / "everything.txt", work / "bench.in.txt"
    if keep and FOLDER.is_dir():
        texts = {path.stem: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.txt")}
        bench.write_text(pins(entries(texts.pop("bench", ""))), encoding="utf-8")
        everything.write_text("".join(pins(entries(text)) for text in texts.values()), encoding="utf-8")
    build = PROJECT["build-system"]["requires"]
    whole = resolved(everything, "pyproject.toml", "--all-extras")
    constraints = work / "pins.txt"
    constraints.write_text(pins(whole), encoding="utf-8")

    files: dict[str, tuple[list[str], Entries]] = {}
    files["build"] = ([], resolved(work / "build.txt", "-", "--constraint", constraints, stdin="\n".join(build)))
    files["base"] = ([], resolved(work / "base.txt", "pyproject.toml", "--constraint", constraints))
    files["torch"] = ([], {"torch": with_cpu_builds(whole["torch"])})
    files["cuda"] = ([], {name: block for name, block in whole.items() if CUDA.match(name)})
    for extra in EXTRAS:
        packages = resolved(work / f"{extra}.txt", "pyproject.toml", "--extra", extra, "--constraint", constraints)
        includes = ["base", *included(extra), *(["torch"] if "torch" in packages else [])]
        in_others = set(files["cuda"][1]) | {"torch"}
        for name in closure(includes, files):
            in_others |= {package for package, block in files[name][1].items() if packages.get(package) == block}
        files[extra] = (includes, {name: block for name, block in packages.items() if name not in in_others})
    files["bench"] = ([], resolved(bench, "--group", "bench"))
    return files


def closure(names: list[str], files: dict[str, tuple[list[str], Entries]]) -> set[str]:
    """These files, and all files that they include directly or indirectly."""
    return set(names).union(*(closure(files[name][0], files) for name in names))


def write(folder: Path, files: dict[str, tuple[list[str], Entries]]) -> None:
    """Write the files into the folder."""
    for name, (others, packages) in files.items():
        includes = [f"-r {one}.txt" for one in others]
        text = "\n".join([HEAD, *includes, *(packages[one] for one in sorted(packages))])
        (folder / f"{name}.txt").write_text(f"{text}\n", encoding="utf-8")


def check_wheels(folder: Path) -> None:
    """Raise CalledProcessError if a package has no wheel for a supported platform."""

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
    """Resolve and check the requirements, and then replace the files."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--upgrade", action="store_true", help="upgrade to the newest compatible versions")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        files = locked(Path(work), keep=not args.upgrade)
        new_folder = Path(work) / "new"
        new_folder.mkdir()
        write(new_folder, files)
        check_wheels(new_folder)
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
