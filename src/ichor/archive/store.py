"""Files by their address: s3://, gs://, http:// and https://, through fsspec; object stores and web servers have no
folders to lock and no renaming, so that a result is complete if its findings.json, which is written last, is there.

Access is configured as the libraries do: by the environment or the configuration files of s3fs, gcsfs and fsspec, on
each machine that reads or writes. No address and no credential is logged.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from ichor.errors import Code, IchorError, OutputFailed, UnreadableInput
from ichor.write.findings_json import FINDINGS

PROTOCOLS = {"s3": "s3fs", "gs": "gcsfs", "http": "aiohttp", "https": "aiohttp"}
# What stores say of the version of a file, by fsspec's names: S3, web servers, Google.
VERSIONS = ("ETag", "etag", "md5Hash", "generation", "LastModified", "mtime")
PROBE = ".ichor-probe"


@dataclass(frozen=True, slots=True)
class File:
    """A file at an address: its path from there, the store's name of it, its size and what tells its version."""

    place: str
    key: str
    size: int
    version: str


def is_address(text: str) -> bool:
    """Whether this is an address rather than a path."""
    return text.partition("://")[0] in PROTOCOLS and "://" in text


def join(address: str, *parts: str) -> str:
    """The address of something below another."""
    return "/".join([address.rstrip("/"), *parts])


def files_at(address: str) -> list[File]:
    """The file at an address, or all files below it, sorted by their paths.

    Raises UnreadableInput if there is none, if it cannot be listed, or if a path leads out of the folder.
    """
    with _reading(address):
        system, key = _opened(address)
        system.invalidate_cache()
        about = system.info(key)
        if about["type"] == "file":
            return [_file(PurePosixPath(key).name.partition("?")[0], key, about)]
        below = system.find(key, detail=True)
        found = [_file(one.removeprefix(key.rstrip("/")).lstrip("/"), one, of) for one, of in below.items()]
    files = sorted((one for one in found if one.place and not one.place.endswith("/")), key=lambda one: one.place)
    if not files:
        raise UnreadableInput(f"{address}: expected a file or folder, found nothing there", Code.NOT_FOUND)
    for one in files:
        if any(part in ("", ".", "..") or "\\" in part or "\0" in part for part in one.place.split("/")):
            raise UnreadableInput(f"{address}: expected plain file names, found one that leads out of the folder")
    return files


def hash_of(address: str, files: list[File]) -> str:
    """A hash of an address and of the names, sizes and versions of its files."""
    digest = hashlib.sha256(address.encode())
    for one in files:
        digest.update(f"\n{one.place} {one.size} {one.version}".encode())
    return digest.hexdigest()


def download(address: str, files: list[File], into: Path) -> Path:
    """Copy the files into a folder; returns the file, or the folder if there are several or they have folders.

    Raises UnreadableInput if they cannot be copied.
    """
    with _reading(address):
        system, key = _opened(address)
        for one in files:
            target = into / one.place
            target.parent.mkdir(parents=True, exist_ok=True)
            system.get_file(one.key, str(target))
    return into / files[0].place if len(files) == 1 and files[0].key == key else into


def copy_of_result(address: str, into: Path) -> None:
    """Make a folder like that of a result at an address: its JSON files, and empty files for the others.

    Nothing is made if there is no result. Raises OutputFailed if the store cannot be read.
    """
    with _writing(address):
        system, key = _opened(address)
        system.invalidate_cache()
        if not system.isfile(f"{key}/{FINDINGS}"):
            return
        into.mkdir(parents=True)
        for one in system.ls(key, detail=False):
            target = into / PurePosixPath(one).name
            if target.suffix == ".json":
                system.get_file(one, str(target))
            else:
                target.touch()


def upload_result(folder: Path, address: str) -> None:
    """Replace the result at an address: its findings.json is removed first and written last.

    Raises OutputFailed if the store cannot be written.
    """
    with _writing(address):
        system, key = _opened(address)
        system.invalidate_cache()
        before = set(system.ls(key, detail=False)) if system.isdir(key) else set()
        if f"{key}/{FINDINGS}" in before:
            system.rm_file(f"{key}/{FINDINGS}")
        files = sorted(folder.iterdir(), key=lambda one: one.name == FINDINGS)
        for one in sorted(before - {f"{key}/{file.name}" for file in files} - {f"{key}/{FINDINGS}"}):
            system.rm_file(one)
        for file in files:
            system.put_file(str(file), f"{key}/{file.name}")


def read_file(address: str) -> bytes | None:
    """The content of a file; None if there is none. Raises OutputFailed if it cannot be read."""
    with _writing(address):
        system, key = _opened(address)
        system.invalidate_cache()
        return bytes(system.cat_file(key)) if system.isfile(key) else None


def write_file(address: str, content: bytes) -> None:
    """Write a file, in one step as stores do. Raises OutputFailed if it cannot be written."""
    with _writing(address):
        system, key = _opened(address)
        system.pipe_file(key, content)


def check_writable(address: str) -> None:
    """Raises OutputFailed if nothing can be written below the address."""
    if address.startswith("http"):
        raise OutputFailed(f"{address}: expected a folder or an s3:// or gs:// address for results, found a web server")
    write_file(join(address, PROBE), b"")
    with _writing(address):
        system, key = _opened(join(address, PROBE))
        system.rm_file(key)


def _file(place: str, key: str, about: dict[str, Any]) -> File:
    version = next((f"{name} {about[name]}" for name in VERSIONS if about.get(name)), "")
    return File(place, key, int(about.get("size") or 0), version)


def _opened(address: str) -> tuple[Any, str]:
    """The file system of an address, and its name of what lies there."""
    from fsspec.core import url_to_fs

    try:
        system, key = url_to_fs(address)
    except ImportError as error:
        package = PROTOCOLS[address.partition("://")[0]]
        raise IchorError(
            f"{address}: expected the package {package}, found none; install it with pip install {package}"
        ) from error
    return system, str(key)


@contextmanager
def _reading(address: str) -> Iterator[None]:
    """Report what a store says as UnreadableInput, without its message, which may quote requests."""
    try:
        yield
    except IchorError:
        raise
    except FileNotFoundError as error:
        raise UnreadableInput(f"{address}: expected a file or folder, found nothing there", Code.NOT_FOUND) from error
    except Exception as error:
        raise UnreadableInput(f"{address}: could not be read ({type(error).__name__})", Code.NO_ACCESS) from error


@contextmanager
def _writing(address: str) -> Iterator[None]:
    try:
        yield
    except IchorError:
        raise
    except Exception as error:
        raise OutputFailed(f"{address}: could not be written ({type(error).__name__})") from error
