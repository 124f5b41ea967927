"""Runs the steps of a Dockerfile without Docker, below a folder that stands for the root of the image.

    python scripts/run_dockerfile.py deploy/Dockerfile --context . --root /tmp/image

RUN, COPY, WORKDIR and USER are carried out as they are, with the paths of the image below the root. Instructions that
only describe the image are printed as JSON at the end. What a base image brings (Python, npm, useradd) is taken from
this machine, so this shows that the steps work, not that the base image has what they need.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path

DESCRIBES = ("EXPOSE", "VOLUME", "STOPSIGNAL", "HEALTHCHECK", "ENTRYPOINT", "CMD")
# Folders of an image that its steps make; commands name them by absolute paths.
MADE = re.compile(r"(?<![\w./-])/(build|opt/ichor|var/lib/ichor|ohif|usr/share/nginx|etc/nginx)(?![\w-])")


@dataclass
class Image:
    """What the steps made: where, as which user, and what the image says of itself."""

    root: Path
    user: str = "root"
    workdir: str = "/"
    environment: dict[str, str] = field(default_factory=dict)
    says: dict[str, str] = field(default_factory=dict)

    def inside(self, path: str) -> Path:
        """Where a path of the image lies."""
        return self.root / path.lstrip("/")

    def moved(self, command: str) -> str:
        """A command with the image's own folders below the root."""
        return MADE.sub(lambda found: str(self.root) + found[0], command)


def instructions(dockerfile: Path) -> list[tuple[str, str]]:
    """The instructions and their arguments; lines that end with a backslash go on."""
    text = re.sub(r"\\\n", " ", dockerfile.read_text())
    lines = (line.strip() for line in text.splitlines())
    return [(line.split()[0].upper(), line.split(maxsplit=1)[1]) for line in lines if line and not line.startswith("#")]


def build(dockerfile: Path, context: Path, root: Path) -> Image:
    """Run all steps. Raises RuntimeError for an unknown instruction, and CalledProcessError for a step that fails."""
    stages: dict[str, Image] = {}
    image = Image(root)
    for number, (instruction, rest) in enumerate(instructions(dockerfile)):
        print(f"{instruction} {rest}", flush=True)
        if instruction == "FROM":
            words = rest.split()
            image = Image(root / f"stage-{number}")
            _accounts(image)
            if len(words) == 3:
                stages[words[2]] = image
        elif instruction == "RUN":
            _run(image, rest)
        elif instruction == "COPY":
            _copy(image, rest, context, stages)
        elif instruction == "ENV":
            for name, value in (one.split("=", 1) for one in shlex.split(rest)):
                image.environment[name] = image.moved(os.path.expandvars(value))
        elif instruction == "WORKDIR":
            image.workdir = rest
            image.inside(rest).mkdir(parents=True, exist_ok=True)
        elif instruction == "USER":
            accounts = [line.split(":")[0] for line in (image.root / "etc" / "passwd").read_text().splitlines()]
            if rest not in accounts:
                raise RuntimeError(f"expected a user that a step before has made, found {rest}")
            image.user = rest
        elif instruction in DESCRIBES:
            image.says[instruction] = rest
        else:
            raise RuntimeError(f"expected an instruction that this script knows, found {instruction}")
    return image


def _accounts(image: Image) -> None:
    """The files in which useradd writes, so that it does not change this machine's."""
    folder = image.root / "etc"
    folder.mkdir(parents=True)
    for name in ("passwd", "group", "login.defs"):
        shutil.copy(f"/etc/{name}", folder / name)
    for name in ("shadow", "gshadow", "subuid", "subgid"):
        (folder / name).touch(mode=0o600)


def _run(image: Image, command: str) -> None:
    moved = image.moved(command).replace("useradd ", f"useradd --prefix {image.root} ")
    # useradd takes folders to be below its prefix already.
    moved = moved.replace(f"--home-dir {image.root}/", "--home-dir /")
    environment = {**os.environ, **image.environment}
    subprocess.run(["sh", "-ec", moved], check=True, cwd=image.inside(image.workdir), env=environment)


def _copy(image: Image, rest: str, context: Path, stages: dict[str, Image]) -> None:
    words, source_root = rest.split(), context
    if words[0].startswith("--from="):
        source_root = stages[words.pop(0).removeprefix("--from=")].root
    *sources, target = words
    for source in sources:
        place, found = image.inside(target), source_root / source.lstrip("/")
        if found.is_dir():
            shutil.copytree(found, place, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
            continue
        place = place / found.name if target.endswith("/") else place
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(found, place)


def main() -> int:
    """Run the steps, and print what the image says of itself."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dockerfile", type=Path)
    parser.add_argument("--context", type=Path, required=True)
    parser.add_argument("--root", type=Path, required=True)
    asked = parser.parse_args()
    image = build(asked.dockerfile, asked.context, asked.root)
    print(json.dumps({**asdict(image), "root": str(image.root)}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
