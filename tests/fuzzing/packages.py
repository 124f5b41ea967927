"""Damaged model packages: their configuration, their checksums, and files that should not be there."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import yaml
from numpy.random import Generator

from fuzzing.damage import anywhere, length, one_of
from ichor.errors import IchorError
from ichor.models.package import DEFAULT_MODEL, find_package, operating_point_of, read_config, verify, write_sums

VALUES: tuple[Any, ...] = (
    None,
    "",
    -1,
    0,
    1e308,
    float("nan"),
    [],
    {},
    "x" * 10_000,
    True,
    [[[]]],
    {"a": {"b": 1}},
    "../..",
)


def make_package(folder: Path) -> Path:
    """A package with all its files, its networks cut to a few bytes: they are not run here."""
    shutil.copytree(find_package(DEFAULT_MODEL), folder, ignore=shutil.ignore_patterns("__pycache__", "*.py"))
    for network in folder.glob("*.onnx"):
        network.write_bytes(network.read_bytes()[:4096])
    write_sums(folder)
    return folder


def mutate_package(folder: Path, kind: str, random: Generator) -> None:
    """Damage it in that way; where its content is damaged its checksums are often those of the damaged files."""
    config, sums = folder / "config.yaml", folder / "SHA256SUMS"
    if kind == "header":
        settings = yaml.safe_load(config.read_text(encoding="utf-8"))
        _change(settings, random)
        config.write_text(yaml.safe_dump(settings), encoding="utf-8")
    elif kind == "length":
        file = one_of((config, sums), random)
        file.write_bytes(length(file.read_bytes(), random))
    elif kind == "codestream":
        file = one_of(sorted(one for one in folder.iterdir() if one.is_file()), random)
        file.write_bytes(anywhere(file.read_bytes(), random))
    else:
        _structure(folder, sums, random)
    if kind in ("header", "codestream") and random.random() < 0.7:
        write_sums(folder)


def _change(settings: Any, random: Generator) -> None:
    place = settings
    while True:
        key = one_of(list(place) if isinstance(place, dict) else range(len(place)), random)
        if isinstance(place[key], dict | list) and place[key] and random.random() < 0.7:
            place = place[key]
            continue
        if random.random() < 0.2 and isinstance(place, dict):
            del place[key]
        else:
            place[key] = one_of(VALUES, random)
        return


def _structure(folder: Path, sums: Path, random: Generator) -> None:
    lines = sums.read_text(encoding="utf-8").splitlines()
    choice = int(random.integers(8))
    file = one_of(sorted(one for one in folder.iterdir() if one.is_file()), random)
    if choice == 0:
        file.unlink()
    elif choice == 1:
        (folder / "more").write_bytes(b"x")
    elif choice == 2:
        lines.append(f"{'0' * 64}  ../../../etc/passwd")
    elif choice == 3:
        lines.append(lines[0])
    elif choice == 4:
        file.unlink()
        file.symlink_to("/etc/passwd")
    elif choice == 5:
        (folder / "config.yaml").write_text("&a [*a, *a]\n" if random.random() < 0.5 else "[" * 3000, encoding="utf-8")
        write_sums(folder)
        return
    elif choice == 6:
        file.unlink()
        file.mkdir()
    else:
        (folder / "config.yaml").write_text(json.dumps(one_of(VALUES, random)), encoding="utf-8")
        write_sums(folder)
        return
    if choice in (2, 3):
        sums.write_text("\n".join(lines) + "\n", encoding="utf-8")


def load(folder: Path) -> None:
    """All that is read of a package before its networks are. Raises IchorError where it is not whole."""
    read_config(folder)
    operating_point_of(folder)
    verify(folder)


__all__ = ["IchorError", "load", "make_package", "mutate_package"]
