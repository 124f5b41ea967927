"""Responses compressed with gzip if the browser accepts it (RFC 9110, section 12.5.3)."""

from __future__ import annotations

import gzip
from functools import lru_cache
from pathlib import Path

from starlette.responses import Response

# The fastest level: on the same machine, compressing takes most of the time of sending.
FAST = 1
# For content that is compressed once and sent often.
SMALL = 6
# Below this many bytes compression gains nothing.
LEAST_BYTES = 1024


def accepts_gzip(accept_encoding: str) -> bool:
    """Whether this Accept-Encoding header accepts gzip: listed, or covered by *, and not of quality 0."""
    qualities = {}
    for one in accept_encoding.lower().split(","):
        name, _, parameter = one.partition(";")
        qualities[name.strip()] = parameter.replace(" ", "").removeprefix("q=") or "1"
    quality = qualities.get("gzip", qualities.get("*", "0"))
    try:
        return float(quality) > 0
    except ValueError:
        return False


def compressed(content: bytes, media_type: str, accept_encoding: str) -> Response:
    """The content as a response, compressed if the browser accepts it. Call it in a thread that nothing waits for."""
    if not accepts_gzip(accept_encoding):
        return _answer(content, media_type)
    return _answer(gzip.compress(content, FAST, mtime=0), media_type, "gzip")


def compressed_file(path: Path, media_type: str, accept_encoding: str) -> Response:
    """The same of a text file, which is compressed once."""
    if not accepts_gzip(accept_encoding) or path.stat().st_size < LEAST_BYTES:
        return _answer(path.read_bytes(), media_type)
    return _answer(_gzipped(path, path.stat().st_mtime_ns), media_type, "gzip")


def _answer(content: bytes, media_type: str, encoding: str | None = None) -> Response:
    more = {} if encoding is None else {"content-encoding": encoding}
    return Response(content, media_type=media_type, headers={"vary": "accept-encoding", **more})


@lru_cache(maxsize=512)
def _gzipped(path: Path, changed_ns: int) -> bytes:  # noqa: ARG001 (a file that has changed is compressed anew)
    return gzip.compress(path.read_bytes(), SMALL, mtime=0)
