"""Damage to archives and to text headers, of which the rest stays as it was."""

from __future__ import annotations

import warnings
import zipfile
from io import BytesIO

from numpy.random import Generator

from fuzzing.damage import all_of, anywhere, one_of

NUMBERS = ("0", "-1", "1", "5", "1e-6", "1e6", "1e308", "-1e308", "1e-308", "nan", "inf", "65535", "2147483647", "")
WHOLE = (0, 1, 2, 7, 12, 16, 31, 32, 44, 47, 48, 96, 255, 4096, 32767, 65535)
TEXTS = ("", "\0" * 8, "x" * 70_000, "MONOCHROME1", "RGB", "ä\n\r\x1b[2J", "1\\2\\3", "../../etc/passwd")


def text_header(content: bytes, random: Generator) -> bytes:
    """A field of a text header: one of its numbers, its whole value, or the line there twice or not at all."""
    ends = all_of(content[:2000], b"\n")
    lines = [content[a:b] for a, b in zip([0, *(end + 1 for end in ends)], ends, strict=False)]
    fields = [k for k, line in enumerate(lines) if b":" in line or b"=" in line]
    rest = content[ends[-1] + 1 :]
    for _ in range(int(random.integers(1, 3))):
        at = one_of(fields, random)
        name, mark, value = lines[at].partition(b"=" if b"=" in lines[at] else b":")
        words = value.split(b" ")
        choice = int(random.integers(6))
        if choice <= 2:
            words[int(random.integers(len(words)))] = str(one_of((*NUMBERS, *WHOLE), random)).encode()
        elif choice == 3:
            words = [b"", str(one_of(TEXTS, random)).encode()]
        elif choice == 4:
            name, words = name + mark + b" ".join(words) + b"\n" + name, words[::-1]
        else:
            name, mark, words = b"", b"", []
        lines[at] = name + mark + b" ".join(words)
    return b"\n".join(lines) + b"\n" + rest


def tar_header(content: bytes, random: Generator) -> bytes:
    """A field of one entry's header, whose checksum is put right again: name, size, kind, or target of a link."""
    changed = bytearray(content)
    at = one_of([one - 257 for one in all_of(content, b"ustar")], random)
    where, size = one_of(((0, 100), (124, 12), (156, 1), (157, 100), (345, 155), (100, 8)), random)
    value = one_of(
        (
            b"../out",
            b"/etc/passwd",
            b"77777777777",
            b"0",
            b"1",
            b"2",
            b"3",
            b"5",
            b"6",
            b"L",
            b"K",
            b"x",
            b"S",
            b"\xff" * 12,
        ),
        random,
    )
    changed[at + where : at + where + size] = value[:size].ljust(size, b"\0")
    changed[at + 148 : at + 156] = b" " * 8
    changed[at + 148 : at + 156] = b"%06o\0 " % sum(changed[at : at + 512])
    return bytes(changed)


def zip_header(content: bytes, random: Generator) -> bytes:
    """A field of an entry's header, in the file or in its directory, or of the directory's end."""
    changed = bytearray(content)
    records = [at for mark in (b"PK\x01\x02", b"PK\x03\x04", b"PK\x05\x06") for at in all_of(content, mark)]
    for _ in range(int(random.integers(1, 4))):
        at = one_of(records, random) + 4 + int(random.integers(26))
        value = one_of((b"\0\0", b"\1\0", b"\xff\xff", b"\xff\xff\xff\xff", b"\0\0\0\x40", random.bytes(2)), random)
        changed[at : at + len(value)] = value
    return bytes(changed)


def zip_structure(content: bytes, random: Generator) -> bytes:
    """Packed again in another way, with what a zip of a scan has not."""
    buffer = BytesIO()
    way = one_of((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA), random)
    with warnings.catch_warnings(), zipfile.ZipFile(BytesIO(content)) as old, zipfile.ZipFile(buffer, "w", way) as new:
        warnings.simplefilter("ignore")  # two entries of one name
        for entry in old.infolist():
            if random.random() < 0.9:
                new.writestr(entry.filename, old.read(entry))
        name = one_of(
            ("../out", "/out", "a/../../b", "C:\\x", "x" * 300, "a/" * 200 + "b", "", "I0000", "I0000/a"), random
        )
        extra = int(random.integers(4))
        if extra == 0:
            new.writestr(zipfile.ZipInfo(name), random.bytes(100))
        elif extra == 1:
            new.writestr("bomb", bytes(int(one_of((10**6, 10**8), random))))
        elif extra == 2:
            link = zipfile.ZipInfo("link")
            link.create_system, link.external_attr = 3, 0o120777 << 16
            new.writestr(link, "/etc")
    packed = buffer.getvalue()
    return packed if random.random() < 0.6 else anywhere(packed, random)
