"""Hostile input to a node by HTTP, and all attacks together, each with its share."""

from __future__ import annotations

import random
from collections.abc import Callable

from fuzzing.node_attacks import (
    TRICKS,
    Target,
    ae_titles,
    bad_pdus,
    bombs,
    damaged,
    datasets,
    made_image,
    oversized,
    uids,
)
from node_parts import as_bytes
from synthetic_dicomweb import message, of_type

STUDIES = ("1.2.3", "0" * 64, "..%2f..%2fescaped", "x", "1" * 200)
KINDS = ("application/json", "text/html", "multipart/related", "application/dicom; " + "x=y; " * 50)
PARTS = (*TRICKS, "1.2.3", "..", "%00", "metadata", "\u00e9", "%ff", "a" * 3000)
NAMES = (
    *("PatientName", "00100010", "limit", "offset", "includefield", "fuzzymatching", "accept", "", "\u00e9"),
    "StudyDate",
)
VALUES = (
    *("*" * 500, "?*" * 200, "-", "99999999999999999999", "-1", "\\", ",", "all", "true", "\0", "1e9"),
    "20240101-",
)
ACCEPTS = (
    *("*/*", "", "a/b;q=" + "9" * 500, ", ," * 900, 'multipart/related; type="'),
    "application/dicom+json",
)


def _head(target: Target, line: str, *headers: str) -> bytes:
    """The head of a request."""
    lines = (line, f"Host: 127.0.0.1:{target.web_port}", f"Authorization: Bearer {target.token}", *headers)
    return "".join(f"{one}\r\n" for one in (*lines, "")).encode()


def multiparts(rng: random.Random, target: Target) -> str:
    """Messages with damaged boundaries and headers, of wrong types, or cut off."""
    parts = [as_bytes(made_image(rng)) for _ in range(rng.randint(0, 3))]
    content = message(parts)
    how = rng.randrange(6)
    if how == 0:
        return target.post(damaged(rng, content), of_type())
    if how == 1:
        content_type = damaged(rng, of_type()["content-type"].encode(), 3).decode("latin-1")
        return target.post(content, {"content-type": content_type})
    if how == 2:
        return target.post(content, of_type(), f"studies/{rng.choice(STUDIES)}")
    if how == 3:
        return target.post(message(parts, kind=rng.choice(KINDS)), of_type())
    if how == 4:
        headers, boundaries = b"H: v\r\n" * rng.randrange(5000), b"\r\n--b" * rng.randrange(5000)
        return target.post(b"--b\r\n" + headers + b"\r\n" + boundaries, of_type())
    length = f"Content-Length: {len(content) + rng.choice((0, 1, 10**6))}"
    head = _head(target, "POST /dicom-web/studies HTTP/1.1", f"Content-Type: {of_type()['content-type']}", length)
    return target.raw(target.web_port, head + content[: rng.randrange(len(content) + 1)])


def tokens(rng: random.Random, target: Target) -> str:
    """Wrong tokens, and headers that are none."""
    wrong = rng.choice(("", "x", target.token[:-1], target.token + "x", target.token.upper(), "ichor_" + "A" * 5000))
    if rng.random() < 0.5:
        return target.post(message([as_bytes(made_image(rng))]), of_type(), token=wrong)
    junk = rng.randbytes(8).replace(b"\r", b"").replace(b"\n", b"")
    authorization = rng.choice((b"Basic ", b"Bearer  ", b"bearer\t", b"", junk)) + wrong.encode()
    head = b"GET /dicom-web/studies HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: " + authorization + b"\r\n\r\n"
    return target.raw(target.web_port, head, ends=False)


def paths(rng: random.Random, target: Target) -> str:
    """Paths, parameters and headers of queries and retrievals."""
    parts = [rng.choice(PARTS).replace("\0", "%00") for _ in range(rng.randrange(6))]
    query = "&".join(f"{rng.choice(NAMES)}={rng.choice(VALUES)}" for _ in range(rng.randrange(4)))
    path = rng.choice(("/".join(["studies", *parts]), "studies", "instances", "series"))
    return target.get(f"{path}?{query}", {"accept": rng.choice(ACCEPTS)})


def http(rng: random.Random, target: Target) -> str:
    """What is no HTTP, or not quite."""
    good = _head(target, "GET /dicom-web/studies HTTP/1.1")
    return target.raw(target.web_port, damaged(rng, good) if rng.random() < 0.8 else rng.randbytes(500), ends=False)


Attack = Callable[[random.Random, Target], str]
# With the share of each among the inputs.
ATTACKS: dict[Attack, int] = {
    bad_pdus: 5,
    ae_titles: 2,
    datasets: 5,
    uids: 2,
    oversized: 3,
    bombs: 1,
    multiparts: 5,
    tokens: 2,
    paths: 3,
    http: 2,
}


def attack(number: int, seed: int, target: Target) -> tuple[str, str]:
    """Make one attack, which depends on number and seed only; returns its kind and what came of it."""
    rng = random.Random(f"{seed}, {number}")
    (chosen,) = rng.choices(list(ATTACKS), list(ATTACKS.values()))
    return chosen.__name__.replace("_", " "), chosen(rng, target)
