"""A package's files are exactly those that its checksums name; whatever else is refused in one line."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from ichor.errors import BadConfig
from ichor.models.package import verify, write_sums


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A folder of three files and their checksums."""
    folder = tmp_path / "package"
    folder.mkdir()
    for name in ("config.yaml", "model.onnx", "MODEL_CARD.md"):
        (folder / name).write_text(name)
    write_sums(folder)
    return folder


def sums_with(line: str) -> Callable[[Path], object]:
    def change(package: Path) -> None:
        file = package / "SHA256SUMS"
        file.write_text(file.read_text() + line)

    return change


def without_a_line(package: Path) -> None:
    file = package / "SHA256SUMS"
    file.write_text("".join(line for line in file.read_text().splitlines(keepends=True) if "model.onnx" not in line))


DIGEST = hashlib.sha256(b"secret").hexdigest()
AMISS = {
    "a file that is not listed": (
        lambda p: (p / "model.int8.onnx").write_text("x"),
        r"model\.int8\.onnx: expected only",
    ),
    "a hidden file": (
        lambda p: (p / ".hidden").write_text("x"),
        r"\.hidden: expected only files listed in SHA256SUMS",
    ),
    "a folder": (lambda p: (p / "more").mkdir(), "more: expected only files listed in SHA256SUMS, found another one"),
    "a line left out": (without_a_line, r"model\.onnx: expected only files listed in SHA256SUMS, found another one"),
    "a changed file": (
        lambda p: (p / "model.onnx").write_text("x"),
        r"model\.onnx: expected SHA-256 \w{64}, found \w{64}",
    ),
    "a missing file": (
        lambda p: (p / "model.onnx").unlink(),
        r"model\.onnx: expected SHA-256 \w{64}, found no such file",
    ),
    "a path": (
        sums_with(f"{DIGEST}  ../secret\n"),
        "expected a SHA-256 and the name of a file of the package, found line 4",
    ),
    "an absolute path": (sums_with(f"{DIGEST}  /etc/hostname\n"), "found line 4"),
    "a file twice": (
        sums_with(f"{DIGEST}  model.onnx\n"),
        r"expected each file once, found model\.onnx again in line 4",
    ),
    "a short digest": (sums_with("abc  model.onnx\n"), "found line 4"),
    "an empty line": (sums_with("\n"), "found line 4"),
    "its own name": (sums_with(f"{DIGEST}  SHA256SUMS\n"), "found line 4"),
    "no text": (lambda p: (p / "SHA256SUMS").write_bytes(b"\xff\xfe"), "SHA256SUMS: expected checksums, found "),
    "a folder for the checksums": (
        lambda p: ((p / "SHA256SUMS").unlink(), (p / "SHA256SUMS").mkdir()),
        "SHA256SUMS: expected checksums, found ",
    ),
    "no checksums": (
        lambda p: (p / "SHA256SUMS").unlink(),
        "SHA256SUMS: expected the checksums of an exported package",
    ),
}


@pytest.mark.parametrize("amiss", AMISS)
def test_another_set_of_files_is_refused_in_one_line(package: Path, amiss: str) -> None:
    change, said = AMISS[amiss]
    verify(package)
    (package.parent / "secret").write_text("secret")
    change(package)
    with pytest.raises(BadConfig, match=said) as refused:
        verify(package)
    assert "\n" not in str(refused.value)
    assert DIGEST not in str(refused.value)


def test_a_link_out_of_the_package_is_not_followed(package: Path) -> None:
    (package.parent / "secret").write_text("model.onnx")  # what the checksum says
    (package / "model.onnx").unlink()
    (package / "model.onnx").symlink_to(package.parent / "secret")
    with pytest.raises(BadConfig, match="found no such file"):
        verify(package)


def test_a_method_that_was_just_saved_has_no_known_answer(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("model: made")
    verify(tmp_path)
