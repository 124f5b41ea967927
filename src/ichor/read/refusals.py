"""Error messages for inputs that the reading process could not handle; each names the file being decoded."""

from __future__ import annotations

from pathlib import Path

from ichor.errors import Code, IchorError, UnreadableInput

MIB = 2**20


def too_large(path: Path, file: Path | None, most_bytes: int) -> UnreadableInput:
    """Reading needs more memory than is allowed."""
    most = f"{most_bytes // MIB} MiB"
    why = f"expected to read it in at most {most} of memory, found that it needs more"
    return UnreadableInput(f"{path}: {why}{_at(path, file)}", Code.TOO_LARGE)


def too_slow(path: Path, file: Path | None, most_s: float) -> UnreadableInput:
    """Reading takes longer than is allowed."""
    why = f"expected to read it in at most {most_s:.0f} s, found that it takes longer"
    return UnreadableInput(f"{path}: {why}{_at(path, file)}", Code.TOO_SLOW)


def crashing(path: Path, file: Path | None) -> UnreadableInput:
    """The reading process crashed."""
    why = "expected a head CT, found content that crashes the decoder"
    return UnreadableInput(f"{path}: {why}{_at(path, file)}", Code.CRASHES_DECODER)


def killed(path: Path, times: int) -> IchorError:
    """The reading process was killed by the system or a person, which says nothing about the input."""
    why = f"the process that reads it was killed {times} times; perhaps memory ran out"
    return IchorError(f"{path}: {why}", Code.WORKER_DIED)


def undecodable(path: Path, file: Path | None, error: str) -> UnreadableInput:
    """A decoder raised an unexpected error of this type."""
    why = f"expected a head CT, found content that the decoder cannot handle ({error}{_at(path, file)})"
    return UnreadableInput(f"{path}: {why}")


def _at(path: Path, file: Path | None) -> str:
    """The file being decoded, if the path holds several; files unpacked from an archive are not named."""
    if file is None or file == path or not file.is_relative_to(path):
        return ""
    return f" ({file.relative_to(path).as_posix()})"
