"""What is said of an input that the reading process could not cope with: one line that names the file it was at."""

from __future__ import annotations

from pathlib import Path

from ichor.errors import UnreadableInput

MIB = 2**20


def too_large(path: Path, file: Path | None, most_bytes: int) -> UnreadableInput:
    """Reading it needs more memory than it may."""
    most = f"{most_bytes // MIB} MiB"
    why = f"expected reading it to need at most {most} of memory, found that it needs more"
    return UnreadableInput(f"{path}: {why}{_at(path, file)}")


def too_slow(path: Path, file: Path | None, most_s: float) -> UnreadableInput:
    """Reading it takes longer than it may."""
    why = f"expected reading it to take at most {most_s:.0f} s, found that it takes longer"
    return UnreadableInput(f"{path}: {why}{_at(path, file)}")


def crashing(path: Path, file: Path | None) -> UnreadableInput:
    """The process that read it ended."""
    why = "expected a head CT, found content that makes the decoder crash"
    return UnreadableInput(f"{path}: {why}{_at(path, file)}")


def undecodable(path: Path, file: Path | None, error: str) -> UnreadableInput:
    """A decoder raised an error of this name that no reader foresees."""
    why = f"expected a head CT, found content that the decoder cannot cope with ({error}{_at(path, file)})"
    return UnreadableInput(f"{path}: {why}")


def _at(path: Path, file: Path | None) -> str:
    """The file it was at, where the path holds several; what was unpacked is not named."""
    if file is None or file == path or not file.is_relative_to(path):
        return ""
    return f" ({file.relative_to(path).as_posix()})"
