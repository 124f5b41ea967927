"""Damage that any bytes can take: near the start, in their length, or anywhere."""

from __future__ import annotations

import struct
from typing import Any

from numpy.random import Generator


def one_of(choices: Any, random: Generator) -> Any:
    return choices[int(random.integers(len(choices)))]


def all_of(content: bytes, mark: bytes) -> list[int]:
    found, at = [], content.find(mark)
    while at >= 0:
        found.append(at)
        at = content.find(mark, at + 1)
    return found


def near_start(content: bytes, random: Generator) -> bytes:
    """Bytes of the first few hundred, where headers are, set to what lies at the ends of ranges."""
    changed = bytearray(content)
    for _ in range(int(random.integers(1, 6))):
        size = int(one_of((1, 2, 4), random))
        at = int(random.integers(max(1, min(len(changed) - size, int(one_of((32, 128, 400), random))))))
        value = int(one_of((0, 1, 0xFF, 0x7F, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF, int(random.integers(256))), random))
        changed[at : at + size] = struct.pack(one_of("<>", random) + "I", value)[:size]
    return bytes(changed)


def length(content: bytes, random: Generator) -> bytes:
    """Cut short, gone on with, or a part of it missing or there twice."""
    at, other = sorted(int(random.integers(len(content) + 1)) for _ in range(2))
    choice = int(random.integers(5))
    if choice == 0:
        return content[:at]
    if choice == 1:
        return content + random.bytes(int(one_of((1, 2, 100, 5000), random)))
    if choice == 2:
        return content[:at] + content[other:]
    if choice == 3:
        return content[:other] + content[at:]
    return content[: int(random.integers(min(600, len(content) + 1)))]


def anywhere(content: bytes, random: Generator) -> bytes:
    """Bits turned, or a stretch overwritten, wherever it falls."""
    changed = bytearray(content)
    if not changed:
        return random.bytes(64)
    if random.random() < 0.6:
        for _ in range(int(one_of((1, 2, 8, 64), random))):
            changed[int(random.integers(len(changed)))] ^= 1 << int(random.integers(8))
    else:
        size = int(one_of((2, 16, 200), random))
        at = int(random.integers(len(changed)))
        changed[at : at + size] = (
            random.bytes(size) if random.random() < 0.7 else one_of((b"\0", b"\xff"), random) * size
        )
    return bytes(changed)
