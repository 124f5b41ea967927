"""The lock in requirements/: whole, exact, for every platform, free of where it was made. No test needs a network."""

from __future__ import annotations

import re
import runpy
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from locked import REQUIREMENTS, Entry, entries, locked

ROOT = REQUIREMENTS.parent
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
EXTRAS = PYPROJECT["project"]["optional-dependencies"]
FILES = sorted(path.stem for path in REQUIREMENTS.glob("*.txt"))

# sys_platform, platform_system, platform_machine, os_name of the platforms that the lock is made for.
PLATFORMS = [
    ("linux", "Linux", "x86_64", "posix"),
    ("linux", "Linux", "aarch64", "posix"),
    ("darwin", "Darwin", "arm64", "posix"),
    ("win32", "Windows", "AMD64", "nt"),
]
PYTHONS = ["3.11.7", "3.12.1", "3.13.0", "3.14.0"]


def environments() -> Iterator[dict[str, str]]:
    """What markers see on each platform with each Python."""
    for platform in PLATFORMS:
        for version in PYTHONS:
            names = ("sys_platform", "platform_system", "platform_machine", "os_name")
            python = {"python_version": version.rpartition(".")[0], "python_full_version": version}
            yield {**dict(zip(names, platform, strict=True)), **python, "platform_python_implementation": "CPython"}


def asked(extra: str) -> list[Requirement]:
    """What pyproject.toml asks for: "base" is the install without an extra; an extra's own extras are followed."""
    direct = [Requirement(line) for line in (EXTRAS[extra] if extra != "base" else [])]
    ours = [name for one in direct if one.name == PYPROJECT["project"]["name"] for name in sorted(one.extras)]
    base = [Requirement(line) for line in PYPROJECT["project"]["dependencies"]]
    others = [one for one in direct if one.name != PYPROJECT["project"]["name"]]
    return [*base, *others, *(one for name in ours for one in asked(name))]


def missing(wanted: list[Requirement], there: set[Entry], environment: dict[str, str]) -> list[str]:
    """The requirements that no entry satisfies there."""
    versions = {one.name: one.version for one in there if one.marker is None or one.marker.evaluate(environment)}
    needed = [one for one in wanted if one.marker is None or one.marker.evaluate({**environment, "extra": ""})]
    return [
        str(one)
        for one in needed
        if not one.specifier.contains(versions.get(canonicalize_name(one.name), "0.dev0"), prereleases=None)
        or canonicalize_name(one.name) not in versions
    ]


@pytest.mark.parametrize("extra", ["base", *EXTRAS])
def test_the_lock_fits_what_the_project_asks_for(extra: str) -> None:
    for environment in environments():
        assert missing(asked(extra), locked(extra), environment) == [], environment


def test_the_lock_of_the_benchmark_fits_what_it_asks_for() -> None:
    wanted = [Requirement(line) for line in PYPROJECT["dependency-groups"]["bench"]]
    assert missing(wanted, locked("bench"), next(environments())) == []


def test_a_requirement_that_is_not_locked_is_noticed() -> None:
    here = next(environments())
    assert missing([Requirement("numpy>=99")], locked("base"), here) == ["numpy>=99"]
    assert missing([Requirement("torch>=2.6")], locked("base"), here) == ["torch>=2.6"]


def test_the_build_backend_is_pinned_and_locked() -> None:
    (wanted,) = [Requirement(line) for line in PYPROJECT["build-system"]["requires"]]
    (pin,) = wanted.specifier
    assert pin.operator == "=="
    for name in ("build", "dev"):
        assert pin.version in {one.version for one in locked(name) if one.name == wanted.name}


@pytest.mark.parametrize("name", FILES)
def test_every_entry_is_exact_and_has_the_hash_of_each_file(name: str) -> None:
    found = list(entries(name))
    # annotate.txt has nothing of its own beside the files that it includes.
    assert found or "\n-r " in (REQUIREMENTS / f"{name}.txt").read_text(encoding="utf-8")
    for entry in found:
        assert entry.hashes and all(re.fullmatch("[0-9a-f]{64}", one) for one in entry.hashes), entry.name
        assert len(set(entry.hashes)) == len(entry.hashes), entry.name
        assert "+" not in entry.version, entry.name


@pytest.mark.parametrize("name", FILES)
def test_the_lock_names_no_host_and_no_folder(name: str) -> None:
    text = (REQUIREMENTS / f"{name}.txt").read_text(encoding="utf-8").replace("scripts/lock.py", "")
    assert not re.search(r"/|\bfile:|\bindex\b|find-links", text)


def test_a_package_has_one_version_everywhere() -> None:
    versions: dict[str, set[str]] = {}
    for name in set(FILES) - {"bench"}:
        for entry in entries(name):
            versions.setdefault(entry.name, set()).add(entry.version)
    assert {name: some for name, some in versions.items() if len(some) > 1} == {}


def test_what_is_installed_here_asks_for_nothing_that_is_not_locked() -> None:
    there = locked("dev")
    here = {**default_environment()}
    seen = 0
    for entry in there:
        # torch's CPU build is not the one that the index describes.
        if entry.name == "torch" or (entry.marker is not None and not entry.marker.evaluate()):
            continue
        try:
            found = metadata.distribution(entry.name)
        except metadata.PackageNotFoundError:
            continue
        if found.version == entry.version:
            seen += 1
            wanted = [Requirement(line) for line in found.requires or []]
            assert missing(wanted, there, {**here, "extra": ""}) == [], entry.name
    assert seen > 100


def test_torch_is_locked_in_both_builds_and_cuda_apart() -> None:
    lock = runpy.run_path(str(ROOT / "scripts" / "lock.py"))
    (torch,) = entries("torch")
    of_cpu = [digest for file, digest in lock["CPU_BUILDS"].items() if file.startswith(f"torch-{torch.version}+cpu-")]
    assert of_cpu and set(of_cpu) < set(torch.hashes)
    for name in set(FILES) - {"cuda"}:
        assert [one.name for one in entries(name) if lock["CUDA"].match(one.name)] == [], name
    # Only Linux's build of the index asks for CUDA.
    for environment in environments():
        needed = [one for one in entries("cuda") if one.marker is None or one.marker.evaluate(environment)]
        assert bool(needed) == (environment["sys_platform"] == "linux")


def test_a_new_torch_without_its_cpu_build_is_not_locked() -> None:
    lock = runpy.run_path(str(ROOT / "scripts" / "lock.py"))
    with pytest.raises(SystemExit, match="expected the hash of a CPU build of torch-99"):
        lock["with_cpu_builds"]("torch==99.0 \\\n    --hash=sha256:00")


def test_the_makefile_installs_nothing_unchecked() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    installs = re.findall(r"^.*bin/pip.*$", makefile, re.MULTILINE)
    assert installs
    for line in installs:
        assert "$(LOCKED) " in line or "--no-deps --no-build-isolation -e ." in line, line
    assert "--require-hashes" in (re.search(r"^LOCKED := .*$", makefile, re.MULTILINE) or [""])[0]


@pytest.mark.parametrize("cpu_build", [True, False], ids=["in the find-links", "nowhere"])
def test_make_takes_torchs_cpu_build_where_there_is_one_and_else_cuda_too(cpu_build: bool, tmp_path: Path) -> None:
    shutil.copyfile(ROOT / "Makefile", tmp_path / "Makefile")
    shutil.copytree(REQUIREMENTS, tmp_path / "requirements", copy_function=shutil.copyfile)
    (tmp_path / "pyproject.toml").touch()
    folder = tmp_path / ".venv" / "bin"
    folder.mkdir(parents=True)
    (folder / "python").touch()
    pip = folder / "pip"
    finds = "true" if cpu_build else 'case "$*" in *--no-index*) exit 1;; esac'
    pip.write_text(f'#!/bin/sh\necho "$*" >> said\n{finds}\n')
    pip.chmod(0o755)
    done = subprocess.run(["make", "install-train"], cwd=tmp_path, capture_output=True, text=True, check=True)
    files = [re.findall(r"requirements/(\S+)\.txt", line) for line in (tmp_path / "said").read_text().splitlines()]
    of_index = [] if cpu_build else [["torch", "cuda"]]
    assert files == [["torch"], *of_index, ["build", "train"], []]
    assert ("no CPU build of torch" in done.stderr) == (not cpu_build)


# Licences that would cover Ichor too if it were passed on together with such a package.
COPYLEFT = re.compile(r"\bA?GPL|(?<!Lesser )General Public License", re.IGNORECASE)


def test_the_base_install_may_be_redistributed_under_apache_2() -> None:
    assert COPYLEFT.search("GNU General Public License v3 (GPLv3)") and COPYLEFT.search("MIT AND GPL-2.0-only")
    assert not COPYLEFT.search("GNU Lesser General Public License v3 (LGPLv3)")
    licences = runpy.run_path(str(ROOT / "scripts" / "sbom.py"))["licences"]
    for entry in locked("base"):
        if entry.marker is None or entry.marker.evaluate():
            said = licences(entry.name)
            assert said, entry.name
            assert not COPYLEFT.search(" ".join(said)), (entry.name, said)
